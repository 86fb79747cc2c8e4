"""The weights of the nano models that are shipped, and pipelines put together from them.

What several models share (VAE, text encoder, tokenizer) is shipped once, in half precision. `pipeline_folder`
puts the parts of one model together, in single precision, as the folder that `save_pretrained` would
have written: `DiffusionPipeline.from_pretrained(folder)` reads it, offline.

    vae                  AutoencoderKL
    text-encoder         CLIPTextModelWithProjection and its CLIPTokenizer
    p, q, r, t, l, turbo, lightning      UNet2DConditionModel
    vq, masked           VQModel and UVit2DModel
    clip-score           CLIPModel, for CLIPScore
    recogniser           model.safetensors

`training.json` in a folder says how its model was trained, `measured.json` how good it was found to be; both
stand in its card too. The kit that trains stands beside the package.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from catbench.errors import UsageError, check_known, unknown_name
from catbench.files import atomic_folder, sha256_of
from catbench.home import DATA, cache_folder
from catbench_make.packages import optional

WEIGHTS = DATA / "nano"
"""The weights that are shipped."""
DIFFUSION_MODELS = ("p", "q", "r", "t", "l", "turbo", "lightning")
"""Models that are a `StableDiffusionXLPipeline`; they differ in the UNet."""
MODELS = (*DIFFUSION_MODELS, "masked")
"""Every generator."""
CODES = 256
"""Codes that a latent pixel of the masked model can be; one token more stands for a masked one."""
NOISE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "v_prediction",
}
"""The noise schedule: Stable Diffusion's, with the velocity as the prediction (Salimans and Ho 2022)."""
TRAILING: dict[str, Any] = {"timestep_spacing": "trailing", "steps_offset": 0}
"""Timesteps whose first sees pure noise, so that few of them suffice (Lin et al. 2024)."""
_WEIGHTS = ("config.json", "tokenizer.json", "tokenizer_config.json", "diffusion_pytorch_model.safetensors",
            "model.safetensors")  # fmt: skip
"""What of a folder a pipeline is made of."""


def untyped(library: str) -> Any:
    """Return a library by its import name, late and without types: its own refuse what it documents.

    Raises MissingExtraError where it is not installed.
    """
    return optional(library, "the nano suite")


def pipeline_folder(model: str, weights: Path = WEIGHTS, cache: Path | None = None) -> Path:
    """Return a folder that `DiffusionPipeline.from_pretrained` reads; made on first use, kept in `cache`.

    Its name holds the digest of the weights, so that a folder never outlives them. `cache` is the user's
    cache folder by default. Raises UsageError for an unknown model or one whose weights are missing.
    """
    parts = [weights / name for name in _parts(model)]
    for part in parts:
        if not (part / "config.json").exists():
            raise UsageError(f"no weights in {part}: is the installation whole?")
    folder = (cache or cache_folder() / "nano") / f"{model}-{_digest(parts)}"
    if not (folder / "model_index.json").exists():
        with atomic_folder(folder, force=True) as draft:
            build_pipeline(model, weights).save_pretrained(draft)
    return folder


def shipped_folder(name: str) -> Path:
    """Return the folder of a shipped model: a generator's whole pipeline, or another model.

    Raises UsageError for an unknown name or one whose weights are missing.
    """
    if name in MODELS:
        return pipeline_folder(name)
    if not (folder := WEIGHTS / name).is_dir():
        raise unknown_name("shipped model", name, [*MODELS, *(path.name for path in WEIGHTS.glob("*/"))])
    return folder


def build_pipeline(model: str, weights: Path = WEIGHTS) -> Any:
    """Return the pipeline of a model in single precision, from the parts in a folder.

    A `StableDiffusionXLPipeline` with one text encoder (its second, as SDXL's refiner has it) and trailing
    Euler steps, or an `AmusedPipeline`. Raises UsageError for an unknown name or a part that is missing.
    """
    autoencoder, text, network = _parts(model)
    diffusers, transformers = untyped("diffusers"), untyped("transformers")
    encoder = load_part("CLIPTextModelWithProjection", weights, text)
    tokenizer = transformers.CLIPTokenizer.from_pretrained(weights / text, local_files_only=True)
    if model in DIFFUSION_MODELS:
        pipeline = diffusers.StableDiffusionXLPipeline(
            vae=load_part("AutoencoderKL", weights, autoencoder),
            text_encoder=None,
            text_encoder_2=encoder,
            tokenizer=None,
            tokenizer_2=tokenizer,
            unet=load_part("UNet2DConditionModel", weights, network),
            scheduler=diffusers.EulerDiscreteScheduler(**NOISE, **TRAILING),
            force_zeros_for_empty_prompt=True,
            add_watermarker=False,
        )
    else:
        pipeline = diffusers.AmusedPipeline(
            vqvae=load_part("VQModel", weights, autoencoder),
            tokenizer=tokenizer,
            text_encoder=encoder,
            transformer=load_part("UVit2DModel", weights, network),
            scheduler=diffusers.AmusedScheduler(mask_token_id=CODES),
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def load_part(kind: str, weights: Path, name: str, device: str = "cpu") -> Any:
    """Return a model of a class of diffusers or transformers, frozen, in single precision.

    Raises UsageError where the folder has none of that name.
    """
    if not (weights / name / "config.json").exists():
        raise UsageError(f"no weights in {weights / name}")
    library = untyped("transformers" if kind.startswith("CLIP") else "diffusers")
    dtype = {"dtype" if kind.startswith("CLIP") else "torch_dtype": untyped("torch").float32}
    model = getattr(library, kind).from_pretrained(weights / name, local_files_only=True, **dtype)
    return model.to(device).eval().requires_grad_(False)


def _parts(model: str) -> tuple[str, str, str]:
    """Return the names of a generator's autoencoder, text encoder and network."""
    check_known("nano model", MODELS, model)
    return "vq" if model == "masked" else "vae", "text-encoder", model


def _digest(parts: list[Path]) -> str:
    paths = [path for part in parts for path in sorted(part.iterdir()) if path.name in _WEIGHTS]
    return hashlib.sha256("".join(sha256_of(path) for path in paths).encode()).hexdigest()[:12]
