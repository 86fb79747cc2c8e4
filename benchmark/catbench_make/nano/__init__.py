"""nano: a small world of our own, with generators of the very classes that the big suites use.

    world       scenes: what can be on a picture, drawn from a seed; who may see which
    phrases     a scene in plain English, many ways
    reading     plain English back to the scene
    render      a scene as 32x32 pixels
    tokenizer   a CLIP tokenizer with a vocabulary of the world's own
    models      the networks, by name and size, untrained
    training    one module per model
    shelf       the trained weights that are shipped, and pipelines put together from them
    recogniser  which things an image shows, and `scene_accuracy`
    clip_scoring   CLIPScore by nano-clip
    libraries   diffusers and transformers, imported late

Commands: `python -m catbench_make.nano.train MODEL` trains, `.shelve` puts trained weights on the shelf,
`.appraise` tells how well they draw, `.sheet` shows it. world, phrases, reading, render and tokenizer
import no torch.
"""
