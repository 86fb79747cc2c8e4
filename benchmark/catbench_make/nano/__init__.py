"""nano: a small world of our own, with generators of the very classes that the big suites use.

    world       scenes: what can be on a picture, drawn from a seed; who may see which
    phrases     a scene in plain English, many ways, with places or without
    reading     plain English back to what it asks for
    render      a scene as 32x32 pixels
    nano_candidates  the candidates, and what each model has never seen
    shipped_models   the trained weights that are shipped, and pipelines put together from them
    recogniser accuracy    which things an image shows; what that makes of an image: `scene_accuracy`
    nano_suite fresh    the suite before its scores, with prompts that tell held-out scenes; new test prompts

world, phrases, reading and render import no torch. What trains such models is no part of the package:
data/nano/README.md says where it is.
"""
