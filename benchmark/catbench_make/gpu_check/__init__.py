"""How fast the candidates of SDXL's size are on this GPU, without any download: `benchmark/gpu_check.sh`.

    models    pipelines of the real configurations with random weights, and a CLIP to score by
    timing    seconds of one part of a call, and of whole calls
    loop      images per second of `catbench generate` itself
    table     what was measured, as Markdown and JSON
    check     all of it, within a number of minutes

Weights are random, so images are noise; how long they take does not depend on that.
"""
