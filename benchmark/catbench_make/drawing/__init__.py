"""Shards are drawn and scored, anywhere and in any order, and become a suite.

shards          a shard's scores and record on disk
image_sheets    its images, small, side by side
texts           encoded prompts, kept for all candidates of a model
engines/        run the shards: in this process, or on a Ray cluster
worker          makes one shard: text, pipeline, images, scores
assemble        shards to a suite
run_estimate    what a run will take
run_folder      its folder, held by one process or by its parts
generation      `catbench generate` as a function
chosen          what a router chose, drawn
"""
