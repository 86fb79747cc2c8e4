"""What figures share: their endings, panels, axes, curves with their bands, names of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.report.figure import REFERENCE, FixedPoint, frame, outside_label
from catbench.report.numbers import Curve

FORMATS = (".png", ".svg", ".html")
"""Endings of a plot of reports."""
ACROSS = {-1: "left", 0: "center", 1: "right"}
UPWARDS = {-1: "bottom", 0: "center", 1: "top"}
PLACES = ((0, -1), (0, 1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""Where a point's name may stand, in the order in which it is tried: -1, 0 or 1 across (to its left, its
middle, to its right), and so upwards."""


def check_format(path: Path, formats: Sequence[str] = FORMATS) -> None:
    """Raise UsageError where a file's ending is none that can be drawn."""
    if path.suffix not in formats:
        raise UsageError(f"cannot draw {path}: a plot ends in {', '.join(formats[:-1])} or {formats[-1]}")


def spread(figure: Any, count: int, bottom: float = 0.16) -> list[Any]:
    """Return `count` panels beside each other; `bottom` is the share of the height left for a legend."""
    axes = figure.subplots(1, count, squeeze=False)[0]
    width = float(figure.bbox.width / figure.dpi)
    figure.subplots_adjust(left=0.72 / width, right=1 - 0.15 / width, top=0.86, bottom=bottom, wspace=0.32)
    return list(axes)


def tidy(axis: Any, label: str, values: Floats) -> None:
    """Label a panel's horizontal axis, and make it logarithmic where the values span over a power of ten."""
    axis.set_xlabel(label)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    low, high = float(np.min(values)), float(np.max(values))
    if high > 5 * low:
        make_logarithmic(axis, (1,) if high > 200 * low else (1, 2, 5))


def make_logarithmic(axis: Any, digits: Sequence[int] = (1, 2, 5)) -> None:
    """Make a panel's horizontal axis logarithmic, with ticks at these digits, written without exponents."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=digits))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())


def draw_curve(axis: Any, curve: Curve, style: Mapping[str, Any], *, banded: bool = True) -> None:
    """Draw a curve in a style of matplotlib's, and its band where it has one."""
    axis.plot(curve.cost, curve.quality, **style)
    if curve.low and banded:
        axis.fill_between(curve.cost, curve.low, curve.high, color=style["color"], alpha=0.15, linewidth=0)


def set_frame(axis: Any, curves: Sequence[float], points: Sequence[FixedPoint]) -> None:
    """Show the heights where the curves are, and say how many fixed candidates lie outside."""
    low, high, outside = frame(curves, [point.quality for point in points])
    axis.set_ylim(low, high)
    at = {"transform": axis.transAxes, "ha": "right", "va": "bottom"}
    axis.text(1, 0.01, outside_label(outside), fontsize=7, color=REFERENCE, **at)


def name_points(axis: Any, points: Sequence[FixedPoint], size: float) -> None:
    """Write the candidates' names beside their points in letters of `size`, as many as have room.

    The first are named first, each where lines strike through least of its name.
    """
    from matplotlib.transforms import Bbox

    low, high = axis.get_ylim()
    points = [point for point in points if low <= point.quality <= high]
    where = axis.transData.transform([(point.cost, point.quality) for point in points])
    taken = [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in where]
    drawn = [line.get_path() for line in axis.lines if line.get_linestyle() != "None"]
    lines = [axis.transData.transform_path(line).interpolated(40).vertices for line in drawn]
    inked = np.concatenate([np.empty((0, 2)), *lines])
    for number, point in enumerate(points):
        others = taken[:number] + taken[number + 1 :]
        name = axis.annotate(
            point.name, (point.cost, point.quality), (0, 0), textcoords="offset points", fontsize=size
        )
        free: dict[tuple[int, int], Any] = {}
        for across, up in PLACES:
            name.set(position=(4 * across, 4 * up), ha=ACROSS[-across], va=UPWARDS[-up])
            box = name.get_window_extent().padded(2)  # clear of its neighbours
            if axis.bbox.count_contains(box.corners()) == 4 and not box.count_overlaps(others):
                free[across, up] = box
        if not free:
            name.remove()
            continue
        across, up = min(free, key=lambda place: free[place].count_contains(inked))
        name.set(position=(4 * across, 4 * up), ha=ACROSS[-across], va=UPWARDS[-up])
        taken.append(free[across, up])
