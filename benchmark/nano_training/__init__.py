"""The kit that trains nano's models from nothing, on renderings of its world. Not installed with catbench.

    corpora     what each model's training scenes hold; scenes that differ from another in one detail
    tokenizer   a CLIP tokenizer of this world's words
    pictures    rendered scenes with their prompts, on disk; things as numbers
    latents     the same as a diffusion model sees them, on disk
    networks    untrained networks, classes of transformers and diffusers
    clip vae unet masked recognise    what is trained
    loop diffusion    how: the one training loop and its state on disk, noise levels and velocities
    train       `python -m nano_training.train all`: every model in order, resumable
    pack        finished models in half precision among those that catbench ships; a card of each
    appraise    how good the finished models are, on training scenes
    make_suite  the suite from the packed models: prompts, costs, images, scores
    training_command  how the commands say what went wrong
    sheet       the world's things, and models' pictures, as a PNG

The world itself, what is read and drawn of it, and the recogniser are `catbench_make.nano`'s.
"""
