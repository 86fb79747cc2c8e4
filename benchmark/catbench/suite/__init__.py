"""What is scored: prompts, candidates, prices and scores, in memory and on disk.

prompts pool costs info     texts, groups and splits; candidates; prices; what a suite says of itself
suite_record                all of it in memory but scores: `Suite`
matrix                      with scores: `ScoreMatrix`, its rules and its digest
store                       all of it on disk: manifest, score rows, costs, features
tables/                     tables as people have them, made into a suite
recipes/                    suites of score files that others have published
simulate                    suites from a formula
slices words                how complex a prompt is
"""
