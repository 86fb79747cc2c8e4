"""Counts FLOPs: of a forward on the meta device, from shapes alone, or of a call that really runs.

2 FLOPs a multiply-add in matrix products and convolutions; the rest is not counted. Of attention are counted
its two products, queries with keys and weights with values. torch has no count for its CPU attention
kernels and would take them for 0, so a real run is counted with attention written out as matrix products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from catbench_make.costs.clock import drawing
from catbench_make.packages import optional
from catbench_make.pipelines.compile import DENOISERS
from catbench_make.plan.settings import DrawingSettings

_ATTENTION = ("scaled_dot_product", "bmm")
"""Parts of the names of attention's operators: fused, and written out. No other product is a bmm here."""


@dataclass(frozen=True)
class Flops:
    """FLOPs of a forward."""

    total: float = 0.0
    attention: float = 0.0
    """The part that is attention's two matrix products."""

    def __add__(self, other: Flops) -> Flops:
        return Flops(self.total + other.total, self.attention + other.attention)

    def __mul__(self, times: float) -> Flops:
        return Flops(self.total * times, self.attention * times)


def count(forward: Callable[[], object]) -> dict[str, Flops]:
    """Run `forward` and return its FLOPs by name of the outermost module, and in all under `Global`."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        forward()
    return {
        name: Flops(
            float(sum(operators.values())),
            float(sum(n for op, n in operators.items() if any(part in str(op) for part in _ATTENTION))),
        )
        for name, operators in counter.get_flop_counts().items()
    }


def count_forward(forward: Callable[[], object]) -> Flops:
    """Run `forward` and return its FLOPs."""
    return count(forward).get("Global", Flops())


def count_call(settings: DrawingSettings, root: Path | None) -> tuple[Flops, Flops]:
    """Return the FLOPs of one image of any pipeline: of the whole call, and of its denoiser.

    It is drawn on the CPU, in float32, whose FLOPs are those of every precision. Raises GenerationError where
    the model cannot be loaded.
    """
    settings = settings.model_copy(update={"precision": "float32"})
    with drawing(settings, "cpu", root, prompt="a cat") as (pipeline, call):
        counted = count(lambda: call(1))
    denoiser = next(
        (getattr(pipeline, name) for name in (*DENOISERS, "prior") if hasattr(pipeline, name)), None
    )
    return counted["Global"], counted.get(type(denoiser).__name__, Flops())


def meta(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return a tensor of a shape without numbers."""
    return torch.empty(*shape, dtype=dtype, device="meta")


def on_meta(build: Callable[[], Any]) -> Any:
    """Return the module that `build` makes, on the meta device: shapes without numbers."""
    with torch.device("meta"):
        return build().eval()


def diffusers_model(name: str, config: dict[str, Any]) -> Any:
    """Return a model of diffusers on the meta device, by the name of its class and its configuration."""
    diffusers = optional("diffusers", "counting FLOPs")
    return on_meta(lambda: getattr(diffusers, name).from_config(config))


def count_vae_decoder(config: dict[str, Any], height: int, width: int) -> Flops:
    """Return the FLOPs of decoding latents of a size by diffusers' AutoencoderKL."""
    vae = diffusers_model("AutoencoderKL", config)
    return count_forward(lambda: vae.decode(meta(1, vae.config.latent_channels, height, width)))


def count_text_encoder(config: dict[str, Any], tokens: int = 0) -> Flops:
    """Return the FLOPs of encoding one prompt by a text model of transformers.

    `config` is its `config.json`, whose `architectures` names the class; `tokens` the length to which prompts
    are padded, where that is not the model's window, as it is a CLIP's.
    """
    transformers = optional("transformers", "counting FLOPs")
    kind = getattr(transformers, config["architectures"][0])
    own = {name: value for name, value in config.items() if name not in ("architectures", "model_type")}
    settings = kind.config_class(**own)
    model = on_meta(lambda: kind(settings))
    ids = meta(1, getattr(settings, "max_position_embeddings", tokens), dtype=torch.long)
    return count_forward(lambda: model(ids))
