"""The price of one image of each candidate: FLOPs counted, seconds and joules measured.

    architectures   configurations of the real models, as released
    flops           a forward counted on the meta device, or a call of any pipeline while it runs
    pipeline_flops  a whole call of Stable Diffusion, SDXL, FLUX or aMUSEd, without weights
    infinity_flops  the same of Infinity, on the official code
    elsewhere       FLOPs of models that others have judged
    flop_table      every candidate's FLOPs, and the table that catbench ships
    clock           seconds and joules per image, also at several batch sizes
    measure         `catbench measure` as a function
    price_tables, co2_inference    seconds and joules that others have measured

Two conventions, 2 FLOPs a multiply-add, batch 1, per image. `tflops`: all that a user pays for, text
encoders, every denoiser forward with attention and guidance, decoder. `tflops_paper`: the denoiser
alone without the matrix products of attention, twice where guided; it gives the paper's cost column.
"""
