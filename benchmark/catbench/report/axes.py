"""What figures share: their endings, panels, axes, curves with their bands, names of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.report.figure import REFERENCE, FixedPoint, frame, label_places, outside_label
from catbench.report.numbers import Curve

FORMATS = (".png", ".svg", ".html")
"""Endings of a plot of reports."""
ACROSS = {-1: "left", 0: "center", 1: "right"}
UPWARDS = {-1: "bottom", 0: "center", 1: "top"}
"""Where a name stands beside its point (`catbench.report.figure.Place`)."""


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

    The first are named first, away from the lines that are drawn.
    """
    corner, far = axis.transAxes.transform([(0, 0), (1, 1)])
    low, high = axis.get_ylim()
    points = [point for point in points if low <= point.quality <= high]
    where = axis.transData.transform([(point.cost, point.quality) for point in points]) - corner
    pixel = axis.figure.dpi / 72
    character = (0.58 * size * pixel, 1.1 * size * pixel)
    drawn = [line.get_xydata() for line in axis.lines if line.get_linestyle() != "None"]
    lines = [axis.transData.transform(line) - corner for line in drawn]
    places = label_places(where, [point.name for point in points], tuple(far - corner), character, lines)
    for point, place in zip(points, places, strict=True):
        if place:
            across, up = place
            axis.annotate(
                point.name, (point.cost, point.quality), xytext=(4 * across, 4 * up),
                textcoords="offset points", ha=ACROSS[-across], va=UPWARDS[-up], fontsize=size,
            )  # fmt: skip
