"""What a table or a figure is, and its files: Markdown, LaTeX and CSV, drawings as PNG and SVG."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from math import floor, isfinite, log10
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from catbench.files import atomic_file
from catbench.suite.info import Metric

MISSING = "-"
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "↑": r"$\uparrow$",
    "↓": r"$\downarrow$", "λ": r"$\lambda$", "<": r"$<$", ">": r"$>$", "|": r"\textbar{}", "×": r"$\times$",
}  # fmt: skip
SMALL = 6.5
"""Points, of what stands under a figure."""
LETTER, LINE = 0.0585, 0.13
"""Inches that its letters are wide and its lines high."""
TITLE: dict[str, Any] = {"fontsize": 8.5, "weight": "bold", "parse_math": False}
FORMS = ("md", "tex", "csv", "png", "svg")
"""Suffixes of a figure's files; a table has the first three."""
DRAWN = ("figure1c", "figure3", "selection")


def forms(name: str) -> tuple[str, ...]:
    """Return the suffixes of an exhibit's files, by its name."""
    return FORMS if name in DRAWN else FORMS[:3]


class Bold(str):
    """A cell that stands out."""


Row: TypeAlias = tuple[str, ...]
"""The cells of a line of a table."""


@dataclass(frozen=True)
class Exhibit:
    """A table, or a figure with the table behind it."""

    name: str
    """Stem of its files: `table1`."""
    title: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    """Sentences that stand under it."""
    signature: str
    data: pd.DataFrame | None = None
    """What the CSV file holds where that is more than the table."""
    draw: Callable[[Any], None] | None = None
    """Draws it on a matplotlib figure; None = it is a table."""
    size: tuple[float, float] = (6.4, 4.4)
    """Of the drawing, in inches, without what stands under it."""


def number(value: float | None, error: float | None = None) -> str:
    """Return `value`, or `value ± error`, with the decimals that the error warrants (else 5 digits)."""
    if value is None:
        return MISSING
    if not error or not isfinite(error):
        return f"{value:.5g}"
    decimals = min(8, max(0, 1 - floor(log10(error))))
    return f"{value:.{decimals}f} ± {error:.1g}"


def titled(metric: Metric) -> str:
    """Return a metric's name with an arrow to where it is better."""
    return f"{metric.title} {'↑' if metric.direction == 'higher' else '↓'}"


def write(exhibit: Exhibit, folder: Path) -> None:
    """Write an exhibit into a folder as NAME and each of its `forms`, each whole or not at all."""
    texts = {"md": markdown(exhibit), "tex": latex(exhibit), "csv": comma_separated(exhibit)}
    figure = drawing(exhibit) if exhibit.draw else None
    for form in forms(exhibit.name):
        with atomic_file(folder / f"{exhibit.name}.{form}") as draft:
            if form in texts:
                draft.write_text(texts[form], encoding="utf-8")
            elif figure:
                figure.savefig(draft, dpi=150, format=form)


def markdown(exhibit: Exhibit) -> str:
    """Return the table as GitHub's Markdown, under its title and above its notes."""

    def row(texts: list[str]) -> str:
        return "| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in texts) + " |"

    lines = [f"**{exhibit.title}**", "", row(list(exhibit.header)), "|---" * len(exhibit.header) + "|"]
    lines += [row([f"**{c}**" if isinstance(c, Bold) else c for c in cells]) for cells in exhibit.rows]
    for note in exhibit.notes:
        lines += ["", note]
    return "\n".join([*lines, "", f"`{exhibit.signature}`", ""])


def latex(exhibit: Exhibit) -> str:
    """Return the table as a LaTeX `table` with booktabs rules."""

    def escaped(text: str) -> str:
        return "".join(LATEX.get(letter, letter) for letter in text.replace("\n", " "))

    def written(cell: str) -> str:
        return rf"\textbf{{{escaped(cell)}}}" if isinstance(cell, Bold) else escaped(cell)

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
    shown = pd.DataFrame(exhibit.rows, columns=exhibit.header) if exhibit.data is None else exhibit.data
    return shown.assign(signature=exhibit.signature).to_csv(index=False, lineterminator="\n")


def drawing(exhibit: Exhibit) -> Any:
    """Return the matplotlib figure of an exhibit that draws one, with its notes and signature at the foot."""
    from matplotlib.figure import Figure

    assert exhibit.draw is not None
    wide, high = exhibit.size
    under = [
        line
        for text in (*map(_plain, exhibit.notes), exhibit.signature.replace("|", " | "))
        for line in textwrap.wrap(text, int(wide / LETTER), break_on_hyphens=False)
    ]
    foot = LINE * (len(under) + 1)
    figure: Any = Figure(figsize=(wide, high + foot))
    upper, lower = figure.subfigures(2, 1, height_ratios=(high, foot))
    exhibit.draw(upper)
    upper.text(0.1 / wide, 1 - 0.08 / high, _plain(exhibit.title), va="top", **TITLE)
    said = {"fontsize": SMALL, "color": "#555555", "linespacing": 1.25, "parse_math": False}
    lower.text(0.1 / wide, 1, "\n".join(under), va="top", **said)
    return figure


def _plain(text: str) -> str:
    """Return the text with letters that the drawing's font lacks replaced."""
    return "".join(c if ord(c) < 0x250 or c in "λ↑↓→−×" else "?" for c in " ".join(text.split()))
