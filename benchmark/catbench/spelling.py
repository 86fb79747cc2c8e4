"""Numbers as people read them: with the decimals that their interval warrants."""

from __future__ import annotations

from math import floor, log10

from catbench.report import Estimate


def spell(
    estimate: Estimate, *, percent: bool = False, missing: str = "-", decimals: int | None = None
) -> str:
    """Return `value [low, high]`, with the decimals that the interval warrants, and `missing` for null."""
    scale, unit = (100, "%") if percent else (1, "")
    ends = (estimate.low, estimate.high)
    if estimate.value is None and ends == (None, None):
        return missing
    width = _width(estimate) * scale
    if ends == (None, None) or (width == 0 and decimals is None):
        shown = round((estimate.value or 0) * scale, 12) + 0.0
        return f"{shown:.4g}{unit}" if decimals is None else f"{shown:.{decimals}f}{unit}"
    places = decimals_for(width) if decimals is None else decimals
    value, low, high = (
        missing if number is None else plain(number * scale, places) for number in (estimate.value, *ends)
    )
    return f"{value}{unit if estimate.value is not None else ''} [{low}, {high}]"


def decimals_of(estimate: Estimate) -> int:
    """Return the decimals that an estimate's interval warrants; 4 without an interval."""
    width = _width(estimate)
    return decimals_for(width) if width > 0 else 4


def decimals_for(width: float) -> int:
    """Return the decimals at which an interval of this width has two digits."""
    return min(8, max(0, 1 - floor(log10(width)))) if width > 0 else 1


def plain(number: float, decimals: int) -> str:
    """Return a number with so many decimals, and no minus sign before a zero."""
    return f"{round(number, decimals) + 0.0:.{decimals}f}"


def _width(estimate: Estimate) -> float:
    """Return the interval's width, twice the known half where an end is missing, 0 where it is rounding."""
    low, high, value = estimate.low, estimate.high, estimate.value or 0.0
    known = [end for end in (low, high) if end is not None]
    width = known[-1] - known[0] if len(known) == 2 else 2 * abs(value - known[0]) if known else 0.0
    return width if width > 1e-9 * max([1e-3, *map(abs, known)]) else 0.0
