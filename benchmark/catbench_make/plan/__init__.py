"""What is to be drawn, and how it is cut.

settings     what a candidate's record says of drawing
candidates   the records of the paper's candidates, and of CEMS's
shard_plan   the part of a suite that a run draws, cut into shards
job          what a worker needs to know of a run
"""
