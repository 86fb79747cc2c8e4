"""What makes scores: prompts are chosen, images drawn, scored and priced. It imports `catbench`, never the
reverse.
    packages encoders    the libraries; encoders of texts and images
    checkout recorded    the official code of Infinity; files that appear whole
    plan/        what is to be drawn: candidates and their settings, a suite before its scores, shards
    infinity/    Infinity as a pipeline
    pipelines/   load, encode prompts, draw
    scorers/     quality metrics
    costs/       FLOPs on the meta device, seconds, joules, device-hours, tables of prices
    drawing/     shards are made and become a suite; engines/ say where and in which order
    prompts/     sources of prompts, diversity filter, splits, checks
    nano/        a small world with models of its own
    verbs/       what these rooms add to the command `catbench`

Conventions. The random generator of an image is seeded by SHA-256 of (prompt id, sample) alone, so a prompt's
sample starts from the same noise at every step count of a model, in any batch, on any device. torch is
imported late: no verb needs it for its help.
"""
