"""Numbers as people write them: `60.3%`, `1,234.5`, `0,5`, `$0.04`, `yes`, `True`.

A column is read by one convention or not at all. Its numbers have a decimal point or a decimal comma, and
groups of thousands set apart by the other sign, a space or an apostrophe; either all or none have a percent
sign (which is taken off: 60.3% is 60.3) and a currency sign. Where both conventions fit and give different
numbers, as with `1,234`, the column is refused and nothing is guessed. Words for true and false are 1 and 0
where the column holds no other numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Floats
from catbench.errors import SuiteError, shown

MISSING = frozenset(["", "-", "–", "—", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none"])
"""What stands for a missing number, whatever its case."""
WORDS = {"true": 1.0, "yes": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "n": 0.0}
_WORDS_AND_NUMBERS = {**WORDS, "0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0}
_AS_WORDS = "true as 1, false as 0"
_SPACES = "\u00a0\u2007\u2009\u202f"
_GAPS = f"[ {_SPACES}'’]"


def _numeral(point: str, comma: str) -> re.Pattern[str]:
    """Return the pattern of a number with a decimal sign and a sign between groups of thousands."""
    groups = rf"[1-9]\d{{0,2}}(?:(?P<gap>{comma}|{_GAPS})\d{{3}}(?:(?P=gap)\d{{3}})*)"
    number = rf"[+-]?(?:(?:{groups}|\d+)(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?"
    return re.compile(
        rf"\A(?P<before>[$€£¥]?)[\s{_SPACES}]*(?P<number>{number})[\s{_SPACES}]*(?P<behind>%?)\Z",
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
    why: str = ""
    """What is wrong with that cell."""


def read_numbers(column: pd.Series[Any]) -> Numbers:
    """Return a column of numbers or texts, in any of the forms above, as numbers."""
    if pd.api.types.is_any_real_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        dress = _AS_WORDS if pd.api.types.is_bool_dtype(column) else ""
        return Numbers(column.to_numpy(dtype=np.float64, na_value=np.nan), 1.0, dress)
    # What is missing is nan, None or <NA> as a text.
    cells = pd.Series([str(cell).strip() for cell in column.tolist()], dtype=object)
    there = ~cells.str.casefold().isin(MISSING)
    read, dress = _read(cells[there].unique())
    values = cells.map(read["value"]).to_numpy(dtype=np.float64)
    share = float((~np.isnan(values)).sum() / max(1, there.sum()))
    why = read["why"][read["why"] != ""]
    odd = next(iter(np.flatnonzero(cells.isin(why.index)).tolist()), None)
    return Numbers(values, share, dress, odd, "" if odd is None else why[cells[odd]])


def numbers_in(column: pd.Series[Any], name: str, where: str) -> Floats:
    """Return a column as numbers, or raise SuiteError naming the file, row and cell that is none.

    The index of `column` holds the number of each row, counted from 0.
    """
    found = read_numbers(column)
    check_read(found, column, name, where)
    return found.values


def check_read(found: Numbers, column: pd.Series[Any], name: str, where: str, *, advice: str = "") -> None:
    """Raise SuiteError where a cell of a column could not be read, naming the file, row and cell."""
    if found.odd is not None:
        raise SuiteError(
            f"{where}, row {int(column.index[found.odd]) + 1}: {name} is {shown(column.iloc[found.odd])}, "
            f"{found.why} (leave empty what is missing{advice})"
        )


def _read(distinct: npt.NDArray[Any]) -> tuple[pd.DataFrame, str]:
    """Return each text's `value`, NaN where it is none, `why` it cannot be read, and what was taken off."""
    texts = pd.Series(distinct, index=distinct, dtype=object)
    words = texts.str.casefold()
    if words.isin(WORDS).any() and words.isin(_WORDS_AND_NUMBERS).all():
        return pd.DataFrame({"value": words.map(_WORDS_AND_NUMBERS), "why": ""}), _AS_WORDS
    point, comma = _parts(texts, _POINT, ","), _parts(texts, _COMMA, ".")
    fit_alike = bool((point["value"].notna() == comma["value"].notna()).all())
    read = comma if comma["value"].count() > point["value"].count() else point
    signs, either = read["before"] + read["behind"], fit_alike & texts.str.contains(",")
    numbers = read[read["value"].notna()]
    first = next(iter(numbers.index), "")
    read["why"] = np.select(
        [read["value"].isna(), signs != signs.get(first), either & (point["value"] != comma["value"])],
        [
            "not a number",
            f"and {first!r} stands there too: all or none must have the sign",
            "which is one number with thousands and another with decimals: write it without the comma",
        ],
        "",
    )
    taken_off = sorted({*numbers["before"], *numbers["behind"]} - {""})
    dress = [f"{sign} signs taken off" for sign in taken_off]
    dress += ["thousands put together"] if numbers["gap"].notna().any() else []
    dress += ["commas as decimal points"] if read is comma and not fit_alike else []
    return read, ", ".join(dress)


def _parts(texts: pd.Series[Any], pattern: re.Pattern[str], comma: str) -> pd.DataFrame:
    """Return what a pattern, with `comma` between its groups, finds in texts, and their `value`."""
    found: pd.DataFrame = texts.str.replace("\u2212", "-").str.extract(pattern)
    bare = found["number"].str.replace(f"[{re.escape(comma)}]|{_GAPS}", "", regex=True).str.replace(",", ".")
    return found.assign(value=bare.map(float, na_action="ignore").astype("float64"))
