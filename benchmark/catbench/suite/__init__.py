"""What is scored: prompts, candidates, prices and scores, in memory and on disk.

prompts pool info           texts, groups and splits; candidates and prices; what a suite says of itself
matrix content              all of it in memory, `Suite`; with scores `ScoreMatrix`, its rules and digest
from_arrays                 a matrix from arrays
store manifest score_rows sheets    all of it on disk: costs and features, score rows in any order, images
description croissant       what lies beside it for people and for catalogues
here hub_suites             the suites of this machine, and those of a dataset hub
tables/                     tables as people have them, made into a suite
recipes/                    suites of score files that others have published
simulate                    suites from a formula
slices                      how complex a prompt is
"""
