"""Exhibits as files: Markdown, LaTeX, CSV, PNG and SVG, each with the signature of its numbers."""

from __future__ import annotations

import csv
import io
import textwrap
from pathlib import Path
from typing import Any

from catbench.files import atomic_file
from catbench.paper.exhibit import Cell, Exhibit

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "↑": r"$\uparrow$",
    "↓": r"$\downarrow$", "λ": r"$\lambda$", "<": r"$<$", ">": r"$>$", "|": r"\textbar{}", "×": r"$\times$",
}  # fmt: skip
FORMS = ("md", "tex", "csv", "png", "svg")
"""What every exhibit is written as."""
FONT, SMALL = 8, 6.5
"""Points."""
LETTER, LINE, SMALL_LINE = 0.072, 0.23, 0.13
"""Inches that a letter is wide, and that lines are high, in a drawn table and under it."""
TITLE: dict[str, Any] = {"fontsize": FONT + 0.5, "weight": "bold", "parse_math": False}
WIDEST = 78
"""Letters of a drawn cell; longer ones are cut."""


def write(exhibit: Exhibit, folder: Path) -> None:
    """Write an exhibit into a folder as NAME.md, .tex, .csv, .png and .svg, each whole or not at all."""
    texts = {"md": markdown(exhibit), "tex": latex(exhibit), "csv": comma_separated(exhibit)}
    figure = drawing(exhibit)
    for form in FORMS:
        with atomic_file(folder / f"{exhibit.name}.{form}") as draft:
            if form in texts:
                draft.write_text(texts[form], encoding="utf-8")
            else:
                figure.savefig(draft, dpi=150, format=form)


def markdown(exhibit: Exhibit) -> str:
    """Return the table as GitHub's Markdown, under its title and above its notes."""

    def row(texts: list[str]) -> str:
        return "| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in texts) + " |"

    lines = [f"**{exhibit.title}**", "", row(list(exhibit.header)), "|---" * len(exhibit.header) + "|"]
    lines += [row([f"**{c.text}**" if c.bold else c.text for c in cells]) for cells in exhibit.rows]
    for note in exhibit.notes:
        lines += ["", note]
    return "\n".join([*lines, "", f"`{exhibit.signature}`", ""])


def latex(exhibit: Exhibit) -> str:
    """Return the table as a LaTeX `table` with booktabs rules."""

    def escaped(text: str) -> str:
        return "".join(LATEX.get(letter, letter) for letter in text.replace("\n", " "))

    def written(cell: Cell) -> str:
        return rf"\textbf{{{escaped(cell.text)}}}" if cell.bold else escaped(cell.text)

    body = [" & ".join(map(written, cells)) + r" \\" for cells in exhibit.rows]
    notes = " ".join(map(escaped, exhibit.notes))
    return "\n".join(
        [
            rf"% {exhibit.signature}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(exhibit.title)}. {notes}}}",
            rf"\label{{{exhibit.name}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(exhibit.header) - 1)}}}",
            r"\toprule",
            " & ".join(map(escaped, exhibit.header)) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def comma_separated(exhibit: Exhibit) -> str:
    """Return the data as CSV, with the signature in a last column."""
    if exhibit.data is not None:
        return exhibit.data.assign(signature=exhibit.signature).to_csv(index=False, lineterminator="\n")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*exhibit.header, "signature"])
    writer.writerows([*(cell.text for cell in cells), exhibit.signature] for cells in exhibit.rows)
    return text.getvalue()


def drawing(exhibit: Exhibit) -> Any:
    """Return the matplotlib figure of an exhibit, with its notes and signature at the foot."""
    from matplotlib.figure import Figure

    wide, high = exhibit.size if exhibit.draw else _table_size(exhibit)
    letters = int(wide / (LETTER * SMALL / FONT))
    under = [
        line
        for text in (*map(_plain, exhibit.notes), exhibit.signature.replace("|", " | "))
        for line in textwrap.wrap(text, letters, break_on_hyphens=False)
    ]
    foot = SMALL_LINE * (len(under) + 1)
    figure: Any = Figure(figsize=(wide, high + foot))
    upper, lower = figure.subfigures(2, 1, height_ratios=(high, foot))
    if exhibit.draw:
        exhibit.draw(upper)
        upper.text(0.1 / wide, 1 - 0.08 / high, _plain(exhibit.title), va="top", **TITLE)
    else:
        _draw_table(exhibit, upper, wide, high)
    said = {"fontsize": SMALL, "color": "#555555", "linespacing": 1.25, "parse_math": False}
    lower.text(0.1 / wide, 1, "\n".join(under), va="top", **said)
    return figure


def _plain(text: str) -> str:
    """Return the text with letters that the drawing's font lacks replaced."""
    return "".join(c if ord(c) < 0x250 or c in "λ↑↓→−×" else "?" for c in " ".join(text.split()))


def _shown(cell: Cell) -> str:
    return textwrap.shorten(_plain(cell.text), WIDEST, placeholder=" …") or cell.text[:WIDEST]


def _widths(exhibit: Exhibit) -> list[int]:
    columns = zip(exhibit.header, *([_shown(c) for c in row] for row in exhibit.rows), strict=True)
    return [max(4, *map(len, column)) + 3 for column in columns]


def _table_size(exhibit: Exhibit) -> tuple[float, float]:
    wide = max(sum(_widths(exhibit)), len(exhibit.title) + 4) * LETTER + 0.1
    return wide, LINE * (len(exhibit.rows) + 1) + 0.5


def _draw_table(exhibit: Exhibit, figure: Any, wide: float, high: float) -> None:
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, wide), ylim=(0, high))
    axis.axis("off")
    axis.text(0.1, high - 0.12, _plain(exhibit.title), va="top", **TITLE)
    widths = _widths(exhibit)
    edges = [sum(widths[: i + 1]) * LETTER for i in range(len(widths))]
    top, above = high - 0.4, ""
    for number, row in enumerate([tuple(Cell(name, bold=True) for name in exhibit.header), *exhibit.rows]):
        y = top - LINE * (number + 0.5)
        for column, cell in enumerate(row):
            if column == 0 and cell.text == above:  # a name that many rows share is drawn once
                continue
            axis.text(
                0.1 if column == 0 else edges[column] - 0.08,
                y,
                _shown(cell),
                fontsize=FONT,
                weight="bold" if cell.bold else "normal",
                ha="left" if column == 0 else "right",
                va="center",
                parse_math=False,
            )
        above = row[0].text
    for y, width in ((top, 1.0), (top - LINE, 0.6), (top - LINE * (len(exhibit.rows) + 1), 1.0)):
        axis.plot([0.05, edges[-1]], [y, y], color="black", linewidth=width)
