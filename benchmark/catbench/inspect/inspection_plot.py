"""Draw what there is to route: two panels a metric, on a logarithmic cost axis.

Left, candidates with the curves of the mixture, the oracle and the ridge; right, what is gained over the
mixture at each cost by what could be tried. The oracle is left out there: it would press the rest flat.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catbench.files import atomic_file
from catbench.inspect.finding import NAMES, Inspection
from catbench.report.axes import check_format, draw_curve, name_points, set_frame, tidy
from catbench.report.figure import PALETTE, REFERENCE, FixedPoint, cost_label

FORMATS = (".png", ".svg")
COLOURS = {"ridge": PALETTE[0], "best_per_kind": PALETTE[1], "oracle_shrunk": PALETTE[2], "oracle": REFERENCE}
DASHES = {"mixture": "--", "oracle": ":", "oracle_shrunk": "-."}


def write_inspection_plot(found: Sequence[Inspection], path: Path) -> None:
    """Draw inspections, a row each, whole or not at all."""
    check_format(path, FORMATS)
    with atomic_file(path) as draft:
        _figure(found).savefig(draft, dpi=150)


def _figure(found: Sequence[Inspection]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.6, 4.6 * len(found)), layout="constrained")
    rows = figure.subplots(len(found), 2, squeeze=False)
    for (plane, gains), one in zip(rows, found, strict=True):
        _draw_plane(plane, one)
        _draw_gains(gains, one)
        set_frame(plane, [h for curve in one.curves.values() for h in curve.quality], _points(one))
    figure.draw_without_rendering()  # names are placed by where the points come to lie
    for (plane, _), one in zip(rows, found, strict=True):
        front = [point for point, flag in zip(_points(one), one.front, strict=True) if flag]
        name_points(plane, list(dict.fromkeys([*front, *_points(one)])), 7)
    return figure


def _draw_plane(axis: Any, one: Inspection) -> None:
    for name, curve in one.curves.items():
        draw_curve(axis, curve, _style(name))
    for on_front, face, label in ((True, "black", "candidate"), (False, "white", "off the Pareto front")):
        inside = [p for p, flag in zip(_points(one), one.front, strict=True) if flag == on_front]
        if inside:
            at = [point.cost for point in inside], [point.quality for point in inside]
            axis.plot(*at, "o", markersize=4.5, markerfacecolor=face, markeredgecolor="black", label=label)
    lower = " (lower is better)" if one.direction == "lower" else ""
    simulated = "SIMULATED: " if one.basis.simulated else ""
    axis.set_title(
        f"{simulated}{one.basis.suite}, pool {one.pool}, {one.basis.prompts:,} prompts", fontsize=9
    )
    axis.set_ylabel(f"mean {one.metric_label}{lower}")
    _finish(axis, one)


def _draw_gains(axis: Any, one: Inspection) -> None:
    shown = {name: gain for name, gain in one.gains.items() if name != "oracle"} or one.gains
    axis.axhline(0, color=REFERENCE, linestyle=DASHES["mixture"], linewidth=1)
    for name, gain in shown.items():
        draw_curve(axis, gain.along, _style(name))
    axis.set_title("gain over the mixture, with its 95% band", fontsize=9)
    axis.set_ylabel(f"gain in {one.metric_label}")
    _finish(axis, one)


def _style(name: str) -> dict[str, str]:
    return {
        "color": COLOURS.get(name, REFERENCE),
        "linestyle": DASHES.get(name, "-"),
        "label": NAMES[name],
    }


def _finish(axis: Any, one: Inspection) -> None:
    tidy(axis, cost_label(one.cost), np.array(one.costs))
    axis.margins(x=0.08)
    axis.legend(frameon=False, fontsize=7)


def _points(one: Inspection) -> list[FixedPoint]:
    values = one.fixed_quality.value
    return [
        FixedPoint(name, cost, value)
        for name, cost, value in zip(one.candidates, one.costs, values, strict=True)
        if value is not None
    ]
