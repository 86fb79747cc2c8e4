"""The shelf of trained nano weights, and pipelines put together from what lies on it.

What several models share (VAE, text encoder, tokenizer) is shipped once, in half precision. `pipeline_folder`
puts the parts of one model together, in single precision, as the folder that `save_pretrained` would
have written: `DiffusionPipeline.from_pretrained(folder)` reads it, offline.

    shelf/vae                  AutoencoderKL
    shelf/text-encoder         CLIPTextModelWithProjection and its CLIPTokenizer
    shelf/nano-sdxl-s, -l, nano-crowd, nano-lightning, nano-turbo      UNet2DConditionModel
    shelf/vq, nano-amused    VQModel and UVit2DModel
    shelf/clip-score           CLIPModel, for CLIPScore
    shelf/recogniser           model.safetensors
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from catbench.errors import UsageError, unknown_name
from catbench.files import atomic_folder, sha256_of
from catbench.home import DATA
from catbench_make.nano.libraries import untyped

SHELF = DATA / "nano"
"""The weights that are shipped."""
SDXL_MODELS = ("nano-sdxl-l", "nano-sdxl-s", "nano-crowd", "nano-lightning", "nano-turbo")
"""Models that are a `StableDiffusionXLPipeline`; they differ in the UNet and the scheduler."""
MODELS = (*SDXL_MODELS, "nano-amused")
"""Every generator."""
_TRAILING = ("nano-lightning", "nano-turbo")
CODES = 1024
"""Codes that a latent pixel of nano-amused can be; one token more stands for a masked one."""
NOISE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "v_prediction",
}
"""The noise schedule: Stable Diffusion's, with the velocity as the prediction (Salimans and Ho 2022)."""


def pipeline_folder(model: str, shelf: Path = SHELF, cache: Path | None = None) -> Path:
    """Return a folder that `DiffusionPipeline.from_pretrained` reads; made on first use, kept in `cache`.

    Its name holds the digest of the weights, so that a folder never outlives them. `cache` is the user's
    cache folder by default. Raises UsageError for an unknown model or one whose weights are missing.
    """
    if model not in MODELS:
        raise unknown_name("nano model", model, MODELS)
    autoencoder = "vae" if model in SDXL_MODELS else "vq"
    parts = [shelf / name for name in (autoencoder, "text-encoder", model)]
    for part in parts:
        if not (part / "config.json").exists():
            raise UsageError(f"no weights in {part}: is the installation whole?")
    root = cache or user_cache_path("catbench") / "nano"
    folder = root / f"{model}-{_digest(parts)}"
    if not (folder / "model_index.json").exists():
        with atomic_folder(folder, force=True) as draft:
            build_pipeline(model, shelf).save_pretrained(draft)
    return folder


def shipped_folder(name: str) -> Path:
    """Return the folder of a shipped model: a generator's whole pipeline, or what else lies on the shelf.

    Raises UsageError for an unknown name or one whose weights are missing.
    """
    if name in MODELS:
        return pipeline_folder(name)
    if not (folder := SHELF / name).is_dir():
        raise unknown_name("shipped model", name, [*MODELS, *(path.name for path in SHELF.glob("*/"))])
    return folder


def build_pipeline(model: str, shelf: Path = SHELF) -> Any:
    """Return the pipeline of a model in single precision, from the parts of a shelf.

    A `StableDiffusionXLPipeline` with one text encoder (its second, as SDXL's refiner has it), or an
    `AmusedPipeline`. Raises UsageError for an unknown name.
    """
    if model not in MODELS:
        raise unknown_name("nano model", model, MODELS)
    diffusers, transformers = untyped("diffusers"), untyped("transformers")
    text = shelf / "text-encoder"
    encoder = transformers.CLIPTextModelWithProjection.from_pretrained(
        text, dtype=untyped("torch").float32, local_files_only=True
    )
    tokenizer = transformers.CLIPTokenizer.from_pretrained(text, local_files_only=True)
    if model in SDXL_MODELS:
        pipeline = diffusers.StableDiffusionXLPipeline(
            vae=_load(diffusers.AutoencoderKL, shelf / "vae"),
            text_encoder=None,
            text_encoder_2=encoder,
            tokenizer=None,
            tokenizer_2=tokenizer,
            unet=_load(diffusers.UNet2DConditionModel, shelf / model),
            scheduler=_scheduler(model),
            force_zeros_for_empty_prompt=True,
            add_watermarker=False,
        )
    else:
        pipeline = diffusers.AmusedPipeline(
            vqvae=_load(diffusers.VQModel, shelf / "vq"),
            tokenizer=tokenizer,
            text_encoder=encoder,
            transformer=_load(diffusers.UVit2DModel, shelf / model),
            scheduler=diffusers.AmusedScheduler(mask_token_id=CODES),
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _load(kind: Any, folder: Path) -> Any:
    return kind.from_pretrained(folder, torch_dtype=untyped("torch").float32, local_files_only=True)


def _scheduler(model: str) -> Any:
    diffusers = untyped("diffusers")
    spacing = "trailing" if model in _TRAILING else "leading"
    return diffusers.EulerDiscreteScheduler(
        **NOISE, timestep_spacing=spacing, steps_offset=int(spacing == "leading")
    )


def _digest(parts: list[Path]) -> str:
    paths = [path for part in parts for path in sorted(part.iterdir()) if path.suffix != ".md"]
    return hashlib.sha256("".join(sha256_of(path) for path in paths).encode()).hexdigest()[:12]
