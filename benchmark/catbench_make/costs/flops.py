"""Counts the FLOPs of a forward: on the meta device from shapes alone, or while a real one runs.

2 FLOPs a multiply-add in matrix products and convolutions; the rest is not counted. Attention is told apart:
its two products, queries with keys and weights with values. torch has no count for its CPU attention
kernels and would take them for 0, so a real run is counted with attention written out as matrix products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

_ATTENTION = ("scaled_dot_product", "bmm")
"""Parts of the names of attention's operators: fused, and written out. No other product is a bmm here."""


@dataclass(frozen=True)
class Flops:
    """FLOPs of a forward."""

    total: float
    attention: float
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
    return count(forward).get("Global", Flops(0.0, 0.0))


def on_meta(build: Callable[[], Any]) -> Any:
    """Return the module that `build` makes, on the meta device: shapes without numbers."""
    with torch.device("meta"):
        return build().eval()
