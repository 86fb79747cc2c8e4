"""What a table or a figure is, before it is written in any form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Any

import pandas as pd

MISSING = "-"


@dataclass(frozen=True)
class Cell:
    """One entry of a table."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Exhibit:
    """A table, or a figure with the table behind it."""

    name: str
    """Stem of its files: `table1`."""
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]
    """Sentences that stand under it."""
    signature: str
    data: pd.DataFrame | None = None
    """What the CSV file holds where that is more than the table."""
    draw: Callable[[Any], None] | None = None
    """Draws it on a matplotlib figure; None = it is a table."""
    size: tuple[float, float] = (6.4, 4.4)
    """Of the drawing, in inches, without what stands under it."""


def cells(*texts: str) -> tuple[Cell, ...]:
    """Return plain cells."""
    return tuple(map(Cell, texts))


def number(value: float | None, error: float | None = None) -> str:
    """Return `value`, or `value ± error`, with the decimals that the error warrants (else 5 digits)."""
    if value is None:
        return MISSING
    if not error or not isfinite(error):
        return f"{value:.5g}"
    decimals = min(8, max(0, 1 - floor(log10(error))))
    return f"{value:.{decimals}f} ± {error:.1g}"


def better(direction: str) -> str:
    """Return the arrow that stands after a metric's name."""
    return "↑" if direction == "higher" else "↓"
