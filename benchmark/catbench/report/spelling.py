"""Numbers as people read them: with the decimals that their interval warrants, and no exponents.

A number below 1 has no zero before its point (`.031 [.014, .048]`), per cent have (`0.5%`).
"""

from __future__ import annotations

import re
import textwrap
from math import floor, log10

from catbench.report.numbers import Estimate

MOST_DECIMALS = 8
LARGE = 1e7
"""From here on a number is written with an exponent."""
NOTHING = 0.5 * 10**-MOST_DECIMALS
"""A size that MOST_DECIMALS do not show."""


def spell(
    estimate: Estimate, *, percent: bool = False, missing: str = "-", decimals: int | None = None
) -> str:
    """Return `value [low, high]`, with the decimals that the interval warrants, and `missing` for null."""
    scale, unit = (100, "%") if percent else (1, "")
    value, ends = estimate.value, (estimate.low, estimate.high)
    if value is None and ends == (None, None):
        return missing
    if all(number is not None and abs(number) * scale < NOTHING for number in (value, *ends)):
        return f"0{unit}"
    width = _width(estimate) * scale
    if value is not None and (ends == (None, None) or width == 0):
        shown = value * scale
        alone = short(shown, zero=percent) if decimals is None else plain(shown, decimals, zero=percent)
        return f"{alone}{unit}"
    places = decimals_for(width) if decimals is None else decimals
    middle, low, high = (
        missing if number is None else plain(number * scale, places, zero=percent)
        for number in (value, *ends)
    )
    return f"{middle}{unit if value is not None else ''} [{low}, {high}]"


def spell_value(
    estimate: Estimate, *, percent: bool = False, missing: str = "-", decimals: int | None = None
) -> str:
    """Return the value alone, with the decimals that its interval warrants, and `missing` for null."""
    text = spell(estimate, percent=percent, missing=missing, decimals=decimals)
    return text.partition(" [")[0]


def decimals_of(estimate: Estimate) -> int:
    """Return the decimals that an estimate's interval warrants; without one, those of three digits."""
    width = _width(estimate)
    return decimals_for(width if width > 0 else abs(estimate.value or 0.0) / 10)


def decimals_for(width: float) -> int:
    """Return the decimals at which an interval of this width has two digits; 4 for none."""
    return min(MOST_DECIMALS, max(0, 1 - floor(log10(width)))) if width > 0 else 4


def plain(number: float, decimals: int, *, zero: bool = False) -> str:
    """Return a number with so many decimals; `zero` keeps the one before the point.

    There is no minus sign before a zero.
    """
    if abs(number) >= LARGE:
        return f"{number:.3g}"
    text = f"{round(number, decimals) + 0.0:.{decimals}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) and not zero else text


def short(number: float, digits: int = 3, *, zero: bool = False) -> str:
    """Return a number with so many digits, and no zeros at its end: `.000334`, `84.6`, `1250`."""
    size = abs(number)
    if size < NOTHING:
        return "0"
    text = plain(number, min(MOST_DECIMALS, max(0, digits - 1 - floor(log10(size)))), zero=zero)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def spell_cost(cost: float) -> str:
    """Return a price with four digits; with an exponent only where it is very small or large."""
    return short(cost, 4) if cost >= 1e-5 else f"{cost:.4g}"


def wrapped(text: str, width: int, *, ahead: int = 0) -> list[str]:
    """Return the lines of a text, the first shorter by `ahead`; neither an interval nor a name is broken."""
    whole = re.sub(r"\[[^\[\]]*\]", lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
    lines = textwrap.wrap(
        whole, width, initial_indent=" " * ahead, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ").strip() for line in lines] or [""]


def _width(estimate: Estimate) -> float:
    """Return the interval's width, twice the known half where an end is missing, 0 where it is rounding."""
    low, high, value = estimate.low, estimate.high, estimate.value or 0.0
    known = [end for end in (low, high) if end is not None]
    width = known[-1] - known[0] if len(known) == 2 else 2 * abs(value - known[0]) if known else 0.0
    return width if width > 1e-9 * max([1e-3, *map(abs, known)]) else 0.0
