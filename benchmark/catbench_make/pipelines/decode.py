"""The decoder of a pipeline, set to something else for a while: a batch size of its own, or float32."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch

from catbench_make.packages import optional


@contextmanager
def decoding_in_parts(pipeline: Any, size: int | None) -> Generator[None]:
    """Run the block with latents decoded `size` at a time; None = all that the denoiser hands over.

    A VAE needs more memory an image than the denoiser does and gains less from large batches. Only an
    AutoencoderKL (Stable Diffusion, SDXL, FLUX) is cut; other decoders are left as they are.
    """
    diffusers = optional("diffusers", "generating images")
    decoder: Any = getattr(pipeline, "vae", None)
    if size is None or not isinstance(decoder, diffusers.AutoencoderKL):
        yield
        return
    whole = decoder.decode
    output = optional("diffusers.models.autoencoders.vae", "generating images").DecoderOutput

    def decode(latents: torch.Tensor, *args: Any, return_dict: bool = True, **kwargs: Any) -> Any:
        parts = [whole(part, *args, return_dict=False, **kwargs)[0] for part in latents.split(size)]
        sample = torch.cat(parts)
        return output(sample=sample) if return_dict else (sample,)

    with patch.object(decoder, "decode", decode):
        yield


@contextmanager
def decoding_in_float32(pipeline: Any) -> Generator[None]:
    """Run the block with the pipeline's decoder in float32, whatever precision its input comes in."""
    decoder = next((getattr(pipeline, name) for name in ("vae", "vqvae") if hasattr(pipeline, name)), None)
    if decoder is None:
        yield
        return
    dtype, before = decoder.dtype, decoder.decode

    def decode(latents: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        return before(latents.float() if latents.is_floating_point() else latents, *args, **kwargs)

    decoder.to(torch.float32)
    try:
        with patch.object(decoder, "decode", decode):
            yield
    finally:
        decoder.to(dtype)
