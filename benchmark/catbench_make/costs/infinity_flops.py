"""FLOPs of a whole call of Infinity, counted on the official code of the user's checkout, without weights.

A call runs the T5 on the prompt padded to 512 tokens, the transformer on every scale (on two inputs where
guided), with the keys and values of the coarser scales kept, and the decoder. Every block computes keys and
values of the prompt's tokens anew at every scale; they are counted for a prompt of 32 tokens.
"""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import patch

import torch

from catbench.errors import GenerationError
from catbench_make.checkout import official_code, quiet
from catbench_make.costs.architectures import T5_XXL
from catbench_make.costs.flops import Flops, count_forward, count_text_encoder, meta
from catbench_make.infinity.infinity import (
    PATCH,
    RELEASED_2B,
    TEXT_WINDOW,
    Sizes,
    bits,
    build_transformer,
    build_vae,
    packed,
    scales_of,
)
from catbench_make.packages import optional
from catbench_make.plan.settings import DrawingSettings

TEXT_TOKENS = 32
FLAN_T5_XL = {**T5_XXL, "d_model": 2048, "d_ff": 5120, "num_heads": 32}


def infinity_flops(settings: DrawingSettings, sizes: Sizes = RELEASED_2B) -> tuple[Flops, Flops]:
    """Return the FLOPs of one image, of the whole call and of the transformer, by default Infinity-2B's.

    Raises GenerationError for a size that Infinity does not draw.
    """
    code = official_code()
    try:
        scales = scales_of(code, settings.width, settings.height, settings.steps)
    except ValueError as error:
        raise GenerationError(str(error)) from error
    with optional("accelerate", "Infinity").init_empty_weights():
        vae = build_vae(code, sizes.bits, {}).to("meta")
    transformer = build_transformer(code, sizes, vae).to("meta")
    text = packed(meta(TEXT_TOKENS, sizes.text_channels))
    undecoded = SimpleNamespace(quantizer=vae.quantizer, decode=_pixels)
    # Autocast is left out, whatever the official code says of precision: torch knows none of the meta device.
    with quiet(), torch.compiler.set_stance("force_eager"), patch.object(torch, "autocast"):
        predicting = count_forward(
            lambda: bits(transformer, undecoded, text, scales, settings.guidance, 1.0, None)
        )
    codes = meta(1, sizes.bits, settings.height // PATCH, settings.width // PATCH)
    decoding = count_forward(lambda: vae.decode(codes))
    return count_text_encoder(FLAN_T5_XL, TEXT_WINDOW) + predicting + decoding, predicting


def _pixels(codes: torch.Tensor) -> torch.Tensor:
    """Stand for the decoder, which is counted by itself."""
    return meta(1, 3, *(PATCH * size for size in codes.shape[-2:]))
