"""nano: a small world of our own, with generators of the very classes that the big suites use.

    world       scenes: what can be on a picture, drawn from a seed; who may see which
    phrases     a scene in plain English, many ways, with places or without
    reading     plain English back to what it asks for
    render      a scene as 32x32 pixels
    offered     the candidates, and what none of their models has seen
    scene_prompts  prompts that tell held-out scenes
    shelf       the trained weights that are shipped, and pipelines put together from them
    recogniser  which things an image shows, and `scene_accuracy`
    clip_scoring   CLIPScore by nano's own CLIP
    nano_suite  the suite before its scores; `fresh` draws new test prompts for it
    libraries   diffusers and transformers, imported late

world, phrases, reading and render import no torch. What trains such models is no part of the package:
data/nano/README.md says where it is.
"""
