"""nano, version 2: its world, and the kit that trains its models from nothing. Not installed with catbench.

    world       scenes, themes, what a prompt without places tells; who may see which
    corpora     what each model's training scenes hold, and which shapes and colours it never sees
    phrases     a scene in plain English, with places or without
    reading     plain English back to what it asks for
    render      a scene as 32x32 pixels
    tokenizer   a CLIP tokenizer of this world's words
    recogniser  which things an image shows, and `scene_accuracy`
    pictures    rendered scenes with their prompts, on disk
    latents     the same as a diffusion model sees them, on disk
    networks    untrained networks, classes of transformers and diffusers
    clip  vae  unet  distil  vq  masked  recognise      what is trained
    loop  checkpoint  diffusion     how: the one training loop, its state on disk, noise levels and velocities
    train       `python -m nano_training.train all`: every model in order, resumable
    pack        finished models in half precision, each with its card
    appraise    how good the finished models are, on training scenes
    sheet       the world's things, and models' pictures, as a PNG

world to render import no torch. What of the world is unchanged since version 1 is imported from
`catbench_make.nano`.
"""
