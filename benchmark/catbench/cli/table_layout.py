"""How text and tables are laid out in a terminal: lines that fit it, in ASCII where the data are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from catbench.report.spelling import wrapped

LEAST_WIDTH = 80
"""Columns that text is laid out for where the output is no terminal."""
MOST_WIDTH = 100
"""Longer lines are hard to read, also in a wide terminal."""
BETWEEN = "  "
"""What stands between columns."""
FOLDED = 22
"""Columns that the words at a row's start are folded to where a table needs room."""
NARROWEST = 12
"""Columns that words are wrapped to at least, also where a terminal is narrower than a table."""


def console() -> Console:
    """Return a console for stdout that colours nothing by itself."""
    made = Console(highlight=False)
    if not made.is_terminal:
        made.width = max(made.width, LEAST_WIDTH)
    made.width = min(made.width, MOST_WIDTH)
    return made


def say(*lines: str | Text, style: str = "") -> None:
    """Print lines as they are; `style` is that of plain ones."""
    target = console()
    for line in lines:
        target.print(line if isinstance(line, Text) else Text(line, style=style), soft_wrap=True)


def tell(text: str, *, style: str = "", bullet: str = "") -> None:
    """Print a text in lines that fit; with a `bullet` as an item of a list."""
    first, *more = wrapped(text, console().width - len(bullet))
    say(bullet + first, *(" " * len(bullet) + line for line in more), style=style)


def table_lines(heads: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[int]) -> list[str]:
    """Return a table as lines, with a line under its heads; columns at the positions `words` are flush left.

    Cells and heads may have several lines; those of heads stand at the bottom, those of cells at the top.
    """
    cells = [[cell.split("\n") for cell in row] for row in (heads, *rows)]
    high = max(map(len, cells[0]))
    cells[0] = [[""] * (high - len(head)) + head for head in cells[0]]
    wide = [max(cell_len(line) for row in cells for line in row[column]) for column in range(len(heads))]
    lines = [
        BETWEEN.join(
            set_cell_size(cell, wide[at]) if at in words else " " * (wide[at] - cell_len(cell)) + cell
            for at, cell in enumerate(line)
        ).rstrip()
        for row in cells
        for line in zip_longest(*row, fillvalue="")
    ]
    return [*lines[:high], BETWEEN.join("-" * one for one in wide), *lines[high:]]


def say_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    words: Sequence[int] = (0,),
    *,
    spared: int | None = None,
) -> None:
    """Print a table in lines that fit.

    Where they are too long, words of the first column are folded, then the intervals of the column `spared`
    go, then all intervals stand below their values, and at last the first cell of a row, heads included,
    has a line of its own above the others.
    """
    folded = [["\n".join(wrapped(row[0], FOLDED)), *row[1:]] for row in rows]
    fewer = [
        [cell.partition(" [")[0] if at == spared else cell for at, cell in enumerate(row)] for row in folded
    ]
    below = ([[cell.replace(" [", "\n[") for cell in row] for row in some] for some in (folded, fewer))
    for some in (rows, folded, fewer, *below):
        lines = table_lines(heads, some, words)
        if max(map(cell_len, lines)) <= console().width:
            say(*lines)
            return
    lines = table_lines(("", *heads[1:]), [("", *row[1:]) for row in fewer], words)
    say(heads[0], *lines[: -len(rows)])
    for row, line in zip(rows, lines[-len(rows) :], strict=True):
        say(row[0], line)


def say_signature(signature: str) -> None:
    """Print a signature, broken after the bars between its parts; its lines, joined, are it again."""
    width = console().width
    lines = re.findall(rf".{{1,{width}}}$|.{{0,{width - 1}}}\||[^|]+\|?", signature)
    say(*lines, style="dim")


def say_facts(rows: Sequence[tuple[str, str, str]]) -> None:
    """Print lines of a label, a value that stands out, and words that explain it; these go on below it."""
    labels, values = (max(cell_len(row[column]) for row in rows) for column in (0, 1))
    indent, gap = labels + len(BETWEEN), len(BETWEEN)
    width = max(console().width - indent, NARROWEST)
    for label, value, note in rows:
        first, *more = wrapped(note, width, ahead=values + gap)
        bold = (set_cell_size(value, values), "bold")
        line = Text.assemble(set_cell_size(label, labels), BETWEEN, bold, BETWEEN, first)
        line.rstrip()
        say(line, *(" " * indent + line for line in more))
