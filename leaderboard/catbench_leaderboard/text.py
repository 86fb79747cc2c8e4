"""Numbers and strangers' texts as every page writes them: one format for each kind, never markup.

- a share: whole per cent, `59% [34, 80]`, as precise as its interval deserves and as what stands beside it;
- a difference or a mean on a metric's scale: the decimals that its interval warrants, the same down a column;
- a score without an interval: three decimals; a cost: four digits; milliseconds: two decimals.

Per cent have a zero before the point, other numbers below 1 have none (`catbench.report.spelling`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from statistics import median

from catbench.report.numbers import Estimate
from catbench.report.spelling import decimals_of, plain, spell
from catbench.terminal import LONGEST, one_line

MISSING = "–"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:^&])")


def in_figure(text: str, longest: int = 40) -> str:
    """Return a text for a figure's legend, hover or label: tags escaped, direction kept to itself."""
    return f"\u2068{html.escape(one_line(text, longest), quote=False)}\u2069"


def in_markdown(text: str, longest: int = LONGEST) -> str:
    """Return a text for Markdown, every sign with a meaning escaped."""
    return _MARKDOWN.sub(r"\\\1", one_line(text, longest))


def web_address(text: str | None) -> str | None:
    """Return a text where it is a link that may be followed, else None."""
    return text if text and re.fullmatch(r"https?://[^\s<>\"']{1,500}", text) else None


def share(found: Estimate, missing: str = MISSING) -> str:
    """Return a share in whole per cent, with its interval."""
    return _unbroken(spell(found, percent=True, missing=missing, decimals=0))


def spelled(found: Sequence[Estimate]) -> list[str]:
    """Return estimates on one scale, all with the decimals that most of their intervals warrant."""
    known = [decimals_of(one) for one in found if one.value is not None and one.low is not None]
    decimals = min(int(median(known)), 5) if known else None
    return [_unbroken(spell(one, missing=MISSING, decimals=decimals)) for one in found]


def score(value: float) -> str:
    """Return a score, or a difference of two, of one prompt."""
    return plain(value, 3)


def milliseconds(value: float) -> str:
    """Return a time a prompt; what is not known is missing."""
    if not value >= 0:
        return MISSING
    return "<.01" if value < 0.01 else plain(value, 2)


def _unbroken(text: str) -> str:
    """Return a number whose interval stays on one line."""
    return text.replace(", ", ",\N{NO-BREAK SPACE}")
