"""Shards are drawn and scored, anywhere and in any order, and become a suite.

shards          a shard's scores and record on disk
engines/        run the shards: in this process, or on a Ray cluster
worker          makes one shard: text (encoded once for all candidates of a model), pipeline, images, scores
assemble        shards to a suite, with sheets of their images, small, side by side
run_estimate    what a run will take
run_folder      its folder, held by one process or by its parts
generation      `catbench generate` as a function
chosen          what a router chose, drawn
"""
