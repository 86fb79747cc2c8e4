"""What the drawn figures share: panels beside each other, and a logarithmic axis that can be read."""

from __future__ import annotations

from typing import Any

import numpy as np

from catbench.arrays import Floats


def spread(figure: Any, count: int, bottom: float = 0.16) -> list[Any]:
    """Return `count` panels beside each other; `bottom` is the share of the height left for a legend."""
    axes = figure.subplots(1, count, squeeze=False)[0]
    left = 0.72 / _width(figure)
    figure.subplots_adjust(left=left, right=1 - 0.15 / _width(figure), top=0.86, bottom=bottom, wspace=0.32)
    return list(axes)


def tidy(axis: Any, label: str, values: Floats) -> None:
    """Label a panel's horizontal axis, and make it logarithmic where the values span over a power of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_xlabel(label)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    if float(np.max(values)) > 5 * float(np.min(values)):
        axis.set_xscale("log")
        wide = float(np.max(values)) > 200 * float(np.min(values))
        axis.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())


def _width(figure: Any) -> float:
    return float(figure.bbox.width / figure.dpi)
