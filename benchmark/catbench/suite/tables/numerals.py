"""Numbers as people write them: `60.3%`, `1,234.5`, `0,5`, `$0.04`, `yes`, `True`.

A column is read by one convention or not at all. Its numbers have a decimal point or a decimal comma, and
groups of thousands set apart by the other sign, a space or an apostrophe; either all or none have a percent
sign (which is taken off: 60.3% is 60.3) and a currency sign. Where both conventions fit and give different
numbers, as with `1,234`, the column is refused and nothing is guessed. Words for true and false are 1 and 0
where the column holds no other numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.errors import SuiteError, shown

MISSING = frozenset(["", "-", "–", "—", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none"])
"""What stands for a missing number, whatever its case."""
WORDS = {"true": 1.0, "yes": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "n": 0.0}
_WORDS_AND_NUMBERS = {**WORDS, "0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0}
_AS_WORDS = "true as 1, false as 0"
_DRESSED = re.compile(r"([$€£¥]?)\s*(.*?)\s*(%?)", re.DOTALL)
_GAPS = "[ \u00a0\u2009\u202f'’]"


def _numeral(point: str, comma: str) -> re.Pattern[str]:
    """Return the pattern of a number with a decimal sign and a sign between groups of thousands."""
    groups = rf"[1-9]\d{{0,2}}(?:(?P<gap>{comma}|{_GAPS})\d{{3}}(?:(?P=gap)\d{{3}})*)"
    return re.compile(
        rf"[+-]?(?:(?:{groups}|\d+)(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?",
        re.ASCII | re.IGNORECASE,
    )


_POINT, _COMMA = _numeral(r"\.", ","), _numeral(",", r"\.")


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column read as numbers."""

    values: Floats
    """Shape (n,): NaN where a number is missing, or is none."""
    share: float
    """The part of the cells not missing that are numbers; 0 where all are missing."""
    dress: str = ""
    """What was read otherwise than it stands: `% signs taken off`."""
    odd: int | None = None
    """Position of the first cell that cannot be read, None where all can."""
    why: str = "not a number"
    """What is wrong with that cell."""


def read_numbers(column: pd.Series[Any]) -> Numbers:
    """Return a column of numbers or texts, in any of the forms above, as numbers."""
    if pd.api.types.is_bool_dtype(column):
        return Numbers(column.to_numpy(dtype=np.float64, na_value=np.nan), 1.0, _AS_WORDS)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        return Numbers(column.to_numpy(dtype=np.float64, na_value=np.nan), 1.0)
    cells = [str(cell).strip() for cell in column.tolist()]  # missing ones are nan, None, <NA>
    written = np.array(cells, dtype=object)
    codes, texts = pd.factorize(written)
    counts = np.bincount(codes, minlength=len(texts))
    there = [text for text in texts if text.casefold() not in MISSING]
    read = _read(there)
    values = np.array([read.numbers.get(text, np.nan) for text in texts], dtype=np.float64)
    times = dict(zip(texts, counts, strict=True))
    share = sum(times[text] for text in read.numbers) / max(1, sum(times[text] for text in there))
    odd = next((text for text in there if text not in read.numbers or text == read.refused), None)
    place = None if odd is None else int((written == odd).argmax())
    return Numbers(values[codes], float(share), read.dress, place, read.why)


def numbers_in(column: pd.Series[Any], name: str, where: str) -> Floats:
    """Return a column as numbers, or raise SuiteError naming the file, row and cell that is none.

    The index of `column` holds the number of each row, counted from 0.
    """
    found = read_numbers(column)
    if found.odd is not None:
        raise SuiteError(
            f"{where}, row {int(column.index[found.odd]) + 1}: {name} is {shown(column.iloc[found.odd])}, "
            f"{found.why} (leave empty what is missing)"
        )
    return found.values


@dataclass(frozen=True)
class _Reading:
    """Distinct texts -> numbers, by one convention; `refused` is a text that this may read wrongly."""

    numbers: dict[str, float]
    dress: str = ""
    refused: str = ""
    why: str = "not a number"


class _Cell(NamedTuple):
    value: float
    signs: tuple[str, str]
    """Before and behind the number."""
    grouped: bool


def _read(texts: Sequence[str]) -> _Reading:
    folded = {text.casefold() for text in texts}
    if folded & WORDS.keys() and folded <= _WORDS_AND_NUMBERS.keys():
        return _Reading({text: _WORDS_AND_NUMBERS[text.casefold()] for text in texts}, _AS_WORDS)
    point, comma = _cells(texts, _POINT, ","), _cells(texts, _COMMA, ".")
    cells = comma if len(comma) > len(point) else point
    numbers = {text: cell.value for text, cell in cells.items()}
    for text, cell in cells.items():
        first = next(iter(cells))
        if cell.signs != cells[first].signs:
            why = f"and {first!r} stands there too: all or none must have the sign"
            return _Reading(numbers, refused=text, why=why)
        if "," in text and point.keys() == comma.keys() and point[text].value != comma[text].value:
            why = "which is one number with thousands and another with decimals: write it without the comma"
            return _Reading(numbers, refused=text, why=why)
    signs = {sign for cell in cells.values() for sign in cell.signs if sign}
    mended = [f"{sign} signs taken off" for sign in sorted(signs)]
    mended += ["thousands put together"] if any(cell.grouped for cell in cells.values()) else []
    mended += ["commas as decimal points"] if cells is comma and comma.keys() != point.keys() else []
    return _Reading(numbers, ", ".join(mended))


def _cells(texts: Sequence[str], pattern: re.Pattern[str], comma: str) -> dict[str, _Cell]:
    """Return the texts that are numbers by a pattern, whose groups are set apart by `comma` or a gap."""
    found: dict[str, _Cell] = {}
    for text in texts:
        dressed = _DRESSED.fullmatch(text.replace("\u2212", "-"))
        number = pattern.fullmatch(dressed[2]) if dressed else None
        if dressed and number:
            bare = re.sub(_GAPS, "", number[0].replace(comma, "")).replace(",", ".")
            found[text] = _Cell(float(bare), (dressed[1], dressed[3]), bool(number["gap"]))
    return found
