"""The networks of Infinity, built by the official code without weights, and the sizes that they draw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from catbench_make.checkout import OfficialCode, quiet
from catbench_make.packages import optional

CHANNEL_MULTIPLES = [1, 2, 4, 4, 4]
PATCH = 16
"""Pixels, across, of a code."""
BLOCK = re.compile(r"block_chunks\.(\d+)\.module\.(\d+)\.")


@dataclass(frozen=True)
class Sizes:
    """Sizes of a transformer."""

    embed_dim: int
    depth: int
    num_heads: int
    mlp_ratio: float
    block_chunks: int
    """The blocks stand in so many groups."""
    text_channels: int
    text_maxlen: int
    bits: int
    """Of a code."""

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> Sizes:
        """Return the sizes of the transformer with these weights; raises KeyError where they are none."""
        blocks = {(int(found[1]), int(found[2])) for name in weights if (found := BLOCK.match(name))}
        width = weights["pos_start"].shape[-1]
        first = "block_chunks.0.module.0"
        return cls(
            embed_dim=width,
            depth=len(blocks),
            num_heads=weights[f"{first}.sa.scale_mul_1H11"].shape[1],
            mlp_ratio=weights[f"{first}.ffn.fc1.weight"].shape[0] / width,
            block_chunks=len({chunk for chunk, _ in blocks}),
            text_channels=weights["cfg_uncond"].shape[1],
            text_maxlen=weights["cfg_uncond"].shape[0],
            bits=weights["word_embed.weight"].shape[1],
        )


RELEASED_2B = Sizes(
    embed_dim=2048,
    depth=32,
    num_heads=16,
    mlp_ratio=4,
    block_chunks=8,
    text_channels=2048,
    text_maxlen=512,
    bits=32,
)


def scales_of(code: OfficialCode, width: int, height: int, steps: int) -> list[tuple[int, int, int]]:
    """Return the scales (1, height, width in codes) of a size in pixels, coarse to fine.

    Raises ValueError for a size that Infinity does not draw, and where it has not `steps` scales.
    """
    sizes = {
        size["pixel"]: [(1, h, w) for _, h, w in size["scales"]]
        for by_name in code.scales.values()
        for size in by_name.values()
    }
    if (height, width) not in sizes:
        squares = ", ".join(f"{h} x {w}" for h, w in sorted(sizes) if h == w)
        raise ValueError(f"Infinity draws no {width} x {height} pixels; square sizes are {squares}")
    scales = sizes[height, width]
    if steps != len(scales):
        drawn = f"{width} x {height} pixels in {len(scales)} scales"
        raise ValueError(f"Infinity draws {drawn}, not in {steps} steps")
    return scales


def build_vae(code: OfficialCode, bits: int, weights: str | dict[str, Any]) -> Any:
    """Return the visual tokenizer with the weights of a file, or with none for an empty dictionary."""
    multiples = {"encoder_ch_mult": CHANNEL_MULTIPLES, "decoder_ch_mult": CHANNEL_MULTIPLES}
    with quiet():
        return code.vae.vae_model(weights, "dynamic", bits, 2**bits, patch_size=PATCH, **multiples)


def build_transformer(code: OfficialCode, sizes: Sizes, vae: Any) -> Any:
    """Return the transformer with parameters on the meta device, built as the official script builds it."""
    own = {name: size for name, size in asdict(sizes).items() if name != "bits"}
    with quiet(), optional("accelerate", "Infinity").init_empty_weights():
        return code.transformer(
            vae_local=vae,
            **own,
            shared_aln=True,
            raw_scale_schedule=None,
            checkpointing="full-block",
            customized_flash_attn=False,
            fused_norm=True,  # without, the official blocks forget where in the sequence a scale begins
            pad_to_multiplier=128,
            use_flex_attn=False,
            add_lvl_embeding_only_first_block=1,
            use_bit_label=1,
            rope2d_each_sa_layer=1,
            rope2d_normalized_by_hw=2,
            pn="1M",
            apply_spatial_patchify=0,
            inference_mode=True,
            train_h_div_w_list=[1.0],
        ).eval()
