"""Training of the nano models: one module per model, one loop for all.

pictures     the rendered scenes that everything is trained on
checkpoint   what a run has learned so far, on disk
loop         the one training loop: seeded, resumable, averaged weights
clip  vae  sdxl  distill  amused  recogniser
"""
