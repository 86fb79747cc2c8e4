"""nano: a small world of our own, with generators of the very classes that the big suites use.

    world         scenes: what can be on a picture, drawn from a seed; who may see which
    phrases       a scene in plain English, many ways
    reading       plain English back to the scene
    render        a scene as 32x32 pixels
    tokenizer     a CLIP tokenizer with a vocabulary of the world's own
    models        the networks, by name and size
    recogniser    which things an image shows, and `scene_accuracy`
    shelf         where the trained weights lie, and pipelines put together from them
    training      one module per model; `python -m catbench.nano.train MODEL`

Only `models`, `recogniser`, `shelf` and `training` import torch.
"""
