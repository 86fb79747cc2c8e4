"""Pipelines put together from finished models, in single precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catbench_make.nano.libraries import untyped
from catbench_make.nano.shelf import NOISE
from nano_training.latents import load_part, require
from nano_training.vq import CODES


def build_pipeline(model: str, parts: Path) -> Any:
    """Return the pipeline of a generator, from the parts of a folder of finished models.

    A `StableDiffusionXLPipeline` with one text encoder (its second, as SDXL's refiner has it) and trailing
    Euler steps, or an `AmusedPipeline`. Raises UsageError for a part that is not finished.
    """
    diffusers, transformers = untyped("diffusers"), untyped("transformers")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(
        require(parts, "text-encoder"), local_files_only=True
    )
    encoder = load_part("CLIPTextModelWithProjection", parts, "text-encoder")
    if model == "masked":
        pipeline = diffusers.AmusedPipeline(
            vqvae=load_part("VQModel", parts, "vq"),
            tokenizer=tokenizer,
            text_encoder=encoder,
            transformer=load_part("UVit2DModel", parts, model),
            scheduler=diffusers.AmusedScheduler(mask_token_id=CODES),
        )
    else:
        pipeline = diffusers.StableDiffusionXLPipeline(
            vae=load_part("AutoencoderKL", parts, "vae"),
            text_encoder=None,
            text_encoder_2=encoder,
            tokenizer=None,
            tokenizer_2=tokenizer,
            unet=load_part("UNet2DConditionModel", parts, model),
            scheduler=diffusers.EulerDiscreteScheduler(**NOISE, timestep_spacing="trailing", steps_offset=0),
            force_zeros_for_empty_prompt=True,
            add_watermarker=False,
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
