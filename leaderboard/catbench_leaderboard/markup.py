"""Tables, links and numbers as HTML: what strangers wrote is escaped, whatever it holds.

The app and the exported files show the same markup; `board.css` lays it out. Intervals are printed and drawn:
a dot and a line on an axis that all rows of a column share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from catbench.report.numbers import Estimate
from catbench.terminal import one_line
from catbench_leaderboard.text import share, spelled

Router = Callable[[str, str], str]
"""Label of a router and suite -> address of its page."""


class Column(NamedTuple):
    """A column of a table."""

    head: str
    classes: str = "text"
    """Of `board.css`: `text`, `name`, `number` or `drawn`, and `wide` where a phone leaves it out: another
    page has it too."""


def name(text: str, longest: int = 60) -> Markup:
    """Return a stranger's name: escaped, on one line, its direction kept to itself."""
    return Markup("<bdi>{}</bdi>").format(one_line(text, longest))


def link(to: str, text: str | Markup) -> Markup:
    """Return a link."""
    return Markup('<a href="{}">{}</a>').format(to, text)


def paragraph(text: str | Markup, kind: str = "") -> Markup:
    """Return a paragraph of a class of `board.css`."""
    return Markup('<p class="{}">{}</p>').format(kind, text)


def titled(title: str | Markup, about: str | Markup) -> Markup:
    """Return a page's heading, and what it is."""
    return Markup('<div class="brand"><h1>{}</h1><p>{}</p></div>').format(title, about)


def heading(text: str | Markup, level: int = 2) -> Markup:
    """Return a heading."""
    return Markup("<h{0}>{1}</h{0}>").format(level, text)


def bold(text: str) -> Markup:
    """Return a text in bold."""
    return Markup("<strong>{}</strong>").format(text)


def code(text: str) -> Markup:
    """Return commands, a line each."""
    return Markup('<pre tabindex="0"><code>{}</code></pre>').format(text)


def folded(summary: str, inside: Markup) -> Markup:
    """Return what is shown when its summary is clicked."""
    return Markup("<details><summary>{}</summary>{}</details>").format(summary, inside)


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str | Markup]],
    marks: Sequence[str] = (), *, scrolls: bool = False,
) -> Markup:  # fmt: skip
    """Return a table; `marks` are classes of its rows. The first column names the row.

    One that `scrolls` sideways says so to those who read and to those who listen.
    """
    first, other = '<th scope="row" class="{}">{}</th>', '<td class="{}">{}</td>'

    def line(row: Sequence[str | Markup]) -> Markup:
        cells = enumerate(zip(columns, row, strict=True))
        return _joined(Markup(other if k else first).format(one.classes, text) for k, (one, text) in cells)

    heads = _joined(Markup('<th scope="col" class="{}">{}</th>').format(c.classes, c.head) for c in columns)
    lines = [line(row) for row in rows]
    pairs = zip(marks or [""] * len(lines), lines, strict=True)
    body = _joined(Markup('<tr class="{}">{}</tr>').format(*pair) for pair in pairs)
    made = Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>")
    found = made.format(caption, heads, body)
    around = Markup('<div class="scrolls" role="region" aria-label="{}: scrolls" tabindex="0">{}</div>')
    return around.format(caption, found) if scrolls else found


def facts(found: Mapping[str, str | Markup]) -> Markup:
    """Return names and what belongs to each, where there is anything."""
    pairs = [pair for pair in found.items() if pair[1]]
    return Markup("<dl>{}</dl>").format(_joined(Markup("<dt>{}</dt><dd>{}</dd>").format(*p) for p in pairs))


def drawn(
    found: Sequence[Estimate], scale: Sequence[Estimate] = (), *, percent: bool = False
) -> list[Markup]:
    """Return each estimate's number, and a dot and a line; `percent` where they are shares.

    The axis holds 0 and all of them; with `scale` these only, and what lies far below 0 stands at its end.
    """
    numbers = [end for one in scale or found for end in (one.value, one.low, one.high) if end is not None]
    high = max([0.0, *numbers])
    low = max(min([0.0, *numbers]), -0.25 * high if scale and high else float("-inf"))

    def at(value: float) -> float:
        return round(min(max((value - low) / ((high - low) or 1), 0), 1) * 100, 1)

    def axis(one: Estimate) -> Markup:
        if one.value is None:
            return Markup("")
        ends = [one.value if end is None else end for end in (one.low, one.high)]
        sure = "sure" if ends[0] > 0 else "out" if one.value < low else ""
        where = zip(("zero", "low", "high", "at"), map(at, (0, *ends, one.value)), strict=True)
        marks = ";".join(f"--{mark}:{place:g}%" for mark, place in where)
        return Markup('<i class="axis {}" style="{}" aria-hidden="true"></i>').format(sure, marks)

    both = Markup('<span class="both"><span>{}</span>{}</span>')
    words = [share(one) for one in found] if percent else spelled(found)
    return [both.format(*pair) for pair in zip(words, map(axis, found), strict=True)]


def bars(values: Sequence[float], lowest: float, highest: float) -> list[Markup]:
    """Return a bar a value, between the lowest and the highest."""
    wide = [100 * min(max((value - lowest) / ((highest - lowest) or 1), 0.01), 1) for value in values]
    return [Markup('<span class="bar"><i style="width:{:.1f}%"></i></span>').format(one) for one in wide]


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
