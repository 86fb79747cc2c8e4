"""The front page's figure: gains over the mixture along the cost, with paired bands.

Lines are an image that stretches with its place, and words are markup around it: it is there before a library
of figures would be loaded, sharp at any width, and in the colours of any theme.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

import numpy as np
from markupsafe import Markup

from catbench.report.figure import cost_label
from catbench.report.plot import cost_ticks, padded, round_ticks
from catbench.report.spelling import short
from catbench.submit.problems import Axis, Row
from catbench_leaderboard.figures import along
from catbench_leaderboard.markup import name
from catbench_leaderboard.style import THEMES, style_of

DASHES = {"solid": "", "dash": "7 3", "dot": "2 2", "dashdot": "7 2 2 2"}
GREY = "#8a9099"
APART = 7.0
"""Per cent of the height between two names."""
SIZE = 1000


def gain_chart(rows: Sequence[Row], axis: Axis, numbers: Mapping[str, int]) -> Markup:
    """Return the gains of some routers in the styles of their numbers, the first drawn last."""
    result = rows[0].result
    ends = padded(_scaled(result.costs, axis))
    bands = [row.entry.bands[row.number].astype(np.float64) for row in rows]
    heights = np.concatenate([[0.0], *(band.ravel() for band in bands)])
    low, high = padded(heights)

    def right(costs: Iterable[float]) -> list[float]:
        return [100 * (x - ends[0]) / (ends[1] - ends[0]) for x in _scaled(costs, axis)]

    def down(values: Iterable[float]) -> list[float]:
        return [100 * (high - value) / (high - low) for value in values]

    ticks = round_ticks(low, high, 4)
    styles = [style_of(numbers[row.label], THEMES["light"]) for row in rows]
    best = result.best_single
    drawn = [_line(_points([0, 100], [at, at]), GREY, 0.3) for at in down(ticks)]
    drawn += [_line(_points([0, 100], down([0, 0])), GREY, 1.5)]
    drawn += [_line(_points(right([best.cost] * 2), [0, 100]), GREY, 1, "2 3")]
    last: list[float] = []
    for row, band, style in reversed(list(zip(rows, bands, styles, strict=True))):
        cost, gain = along(row.result)
        x, y = right(cost), down(gain)
        there = _points([*x, *reversed(x)], [*down(band[1]), *reversed(down(band[0]))])
        drawn.append(f'<polygon points="{there}" fill="{style.colour}" fill-opacity=".14"/>')
        drawn.append(_line(_points(x, y), style.colour, 2.5, DASHES[style.dash]))
        last.insert(0, y[-1])
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" preserveAspectRatio="none">'
    title = f"Gain in {result.metric_label} over not reading the prompt"
    image = Markup('<img alt="{}: numbers are in the table" src="data:image/svg+xml,{}">')
    words = [image.format(title, quote(f"{head}{''.join(drawn)}</svg>"))]
    words += [_word("up", "top", at, short(tick)) for at, tick in zip(down(ticks), ticks, strict=True)]
    costs = result.costs
    marks = cost_ticks(costs) if axis == "log" else round_ticks(min(costs), max(costs), 4)
    inside = [(at, tick) for at, tick in zip(right(marks), marks, strict=True) if 0 <= at <= 100]
    words += [_word("along", "left", at, short(tick)) for at, tick in inside]
    for number, at in _apart(last):
        style = styles[number]
        line = _line("0,500 1000,500", style.colour, 3, DASHES[style.dash])
        sample = Markup('<img alt="" src="data:image/svg+xml,{}">').format(quote(f"{head}{line}</svg>"))
        words.append(_word("named", "top", at, sample + name(rows[number].label, 14)))
    note = Markup("cost of always {}").format(name(best.candidate, 24))
    side = "before" if right([best.cost])[0] > 50 else "after"
    words.append(_word(f"note {side}", "left", right([best.cost])[0], note))
    made = '<figure class="chart"><figcaption>{}</figcaption><div>{}</div><p>{}</p></figure>'
    return Markup(made).format(title, Markup("").join(words), cost_label(result.cost))


def _scaled(costs: Iterable[float], axis: Axis) -> list[float]:
    values = np.array(list(costs), dtype=np.float64)
    return (np.log10(values) if axis == "log" else values).tolist()


def _points(x: Sequence[float], y: Sequence[float]) -> str:
    return " ".join(f"{a * SIZE / 100:.0f},{b * SIZE / 100:.0f}" for a, b in zip(x, y, strict=True))


def _line(points: str, colour: str, width: float, dash: str = "") -> str:
    how = f'stroke-width="{width}" stroke-dasharray="{dash}" vector-effect="non-scaling-stroke"'
    return f'<polyline points="{points}" fill="none" stroke="{colour}" {how}/>'


def _word(kind: str, side: str, at: float, text: str | Markup) -> Markup:
    return Markup('<span class="{}" style="{}:{:.1f}%">{}</span>').format(kind, side, at, text)


def _apart(heights: Sequence[float]) -> list[tuple[int, float]]:
    """Return where each name stands beside its line's end, no two on each other."""
    taken, found = -np.inf, list[tuple[int, float]]()
    for number in map(int, np.argsort(heights, kind="stable")):
        taken = max(heights[number], taken + APART)
        found.append((number, float(taken)))
    return found
