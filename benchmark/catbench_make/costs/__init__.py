"""The price of one image of each candidate: FLOPs counted, seconds and joules measured.

    architectures   configurations of the real models, as released
    flops           counting one forward on the meta device
    unet_flops      a whole call of a UNet pipeline (Stable Diffusion, SDXL), without weights
    flux_flops, amused_flops    the same of FLUX and aMUSEd
    infinity_flops  the same of Infinity, on the official code
    parts           text encoders and decoders, for all of them
    call            a whole call of any other pipeline, counted while it runs
    flop_table      every candidate's FLOPs, and the table that catbench ships
    clock, energy   seconds and joules per image
    batches         seconds per image at several batch sizes
    measure         `catbench measure` as a function
    price_tables, co2_inference    seconds and joules that others have measured
    elsewhere       FLOPs of models that others have judged
    peaks, bill     hours of a device

Two conventions, 2 FLOPs a multiply-add, batch 1, per image. `tflops`: all that a user pays for, text
encoders, every denoiser forward with attention and guidance, decoder. `tflops_paper`: the denoiser
alone without the matrix products of attention, twice where guided; it gives the paper's cost column.
"""
