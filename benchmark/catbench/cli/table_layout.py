"""How text and tables are laid out in a terminal: lines that fit it, in ASCII where the data are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from catbench.report.spelling import wrapped

LEAST_WIDTH = 80
"""Columns that text is laid out for where the output is no terminal."""
MOST_WIDTH = 100
"""Longer lines are hard to read, also in a wide terminal."""
BETWEEN = "  "
"""What stands between columns."""
NARROWEST = 12
"""Columns that words are wrapped to at least, also where a terminal is narrower than a table."""


def console() -> Console:
    """Return a console for stdout that colours nothing by itself."""
    made = Console(highlight=False)
    if not made.is_terminal:
        made.width = max(made.width, LEAST_WIDTH)
    made.width = min(made.width, MOST_WIDTH)
    return made


def say(target: Console, *lines: str | Text, style: str = "") -> None:
    """Print lines as they are; `style` is that of plain ones."""
    for line in lines:
        target.print(line if isinstance(line, Text) else Text(line, style=style), soft_wrap=True)


def table_lines(
    heads: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[int] = (0,), *, above: bool = False
) -> list[str]:
    """Return a table as lines, with a line under its heads; columns at the positions `words` are flush left.

    Cells and heads may have several lines; those of heads stand at the bottom, those of cells at the top.
    With `above` the first cell of a row, heads included, has a line of its own above the others.
    """
    cells = [[cell.split("\n") for cell in row] for row in (heads, *rows)]
    high = max(len(head) for head in cells[0])
    cells[0] = [[""] * (high - len(head)) + head for head in cells[0]]
    names = [row[0].split("\n")[0] for row in (heads, *rows)]
    if above:
        cells = [[[""], *row[1:]] for row in cells]
    wide = [max(cell_len(line) for row in cells for line in row[column]) for column in range(len(heads))]
    found: list[list[str]] = [
        [
            BETWEEN.join(_in_place(cell, wide[at], left=at in words) for at, cell in enumerate(line)).rstrip()
            for line in zip_longest(*row, fillvalue="")
        ]
        for row in cells
    ]
    if above:
        found = [[name, *lines] for name, lines in zip(names, found, strict=True)]
    found.insert(1, [BETWEEN.join("-" * one for one in wide)])
    return [line for lines in found for line in lines]


def first_that_fits(tables: Sequence[list[str]], width: int) -> list[str]:
    """Return the first table whose lines fit a width, or else the last."""
    return next((lines for lines in tables if max(map(cell_len, lines)) <= width), tables[-1])


def below(cells: Sequence[str]) -> list[str]:
    """Return cells whose intervals stand below their values."""
    return [cell.replace(" [", "\n[") for cell in cells]


def item_lines(text: str, width: int, indent: str = "") -> list[str]:
    """Return a text as an item of a list."""
    first, *more = wrapped(text, width - len(indent) - 2)
    return [f"{indent}- {first}", *(f"{indent}  {line}" for line in more)]


def signature_lines(signature: str, width: int) -> list[Text]:
    """Return a signature's lines, dim, broken after the bars between its parts; joined they are it again."""
    lines = [""]
    for part in re.findall(r"[^|]*\||[^|]+$", signature):
        if lines[-1] and cell_len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return [Text(line, style="dim") for line in lines]


def fact_lines(rows: Sequence[tuple[str, str, str]], width: int) -> list[Text]:
    """Return lines of a label, a value that stands out, and words that explain it; these go on below it."""
    labels, values = (max(cell_len(row[column]) for row in rows) for column in (0, 1))
    indent, gap = labels + len(BETWEEN), len(BETWEEN)
    lines: list[Text] = []
    for label, value, note in rows:
        first, *more = wrapped(note, max(width - indent, NARROWEST), ahead=values + gap)
        ahead = (f"{_in_place(label, labels)}{BETWEEN}", (_in_place(value, values), "bold"), BETWEEN, first)
        lines.append(Text.assemble(*ahead))
        lines += [Text(" " * indent + line) for line in more]
    for line in lines:
        line.rstrip()
    return lines


def _in_place(cell: str, width: int, *, left: bool = True) -> str:
    """Return a cell padded to a width in columns of a terminal."""
    pad = " " * (width - cell_len(cell))
    return cell + pad if left else pad + cell
