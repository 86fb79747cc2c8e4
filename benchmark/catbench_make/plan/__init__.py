"""What is to be drawn, and how it is cut.

settings     what a candidate's record says of drawing
candidates   the records of the paper's candidates, and of CEMS's
unscored     a suite before its scores: prompts, candidates, metrics, samples
seeds plan   the work, cut into shards
job          what a worker needs to know of a run
"""
