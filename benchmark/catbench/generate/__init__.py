"""Regenerates a suite's score matrix: draws every image, scores it, and prices the candidates.

    settings      what a candidate's record says of drawing
    candidates    the records of the paper's candidates, and of CEMS's
    checkout      the official code of Infinity, in a clone of the user's
    problem       what is to be generated: prompts, candidates, metrics, samples
    plan          the work, cut into shards
    sealed        files that appear whole or not at all, with a digest beside them
    shards        a shard's scores and record on disk
    worker        makes one shard: text, pipeline, images, scores
    overlap       the stages of three shards at once
    engines/      run the shards: in this process, or on a Ray cluster
    pipelines/    load, encode prompts, draw
    scorers/      quality metrics
    assemble      shards to a suite
    costs/        FLOPs on the meta device, seconds, joules, device-hours
    gpu_check/    how fast this GPU is at it
    run           `catbench generate` as a function

Conventions. The random generator of an image is seeded by SHA-256 of (prompt id, sample) alone, so a prompt's
sample starts from the same noise at every step count of a model, in any batch, on any device. Only
`pipelines`, `scorers`, `worker` and `costs` import torch, and only when they are used.
"""
