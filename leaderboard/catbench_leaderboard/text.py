"""Names and texts of strangers, shown as text: never as markup, whatever they hold."""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST = 200
"""Characters of a name that are kept; the rest is an ellipsis."""
_STEERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters without a shape that turn the direction of what stands around them."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:^&])")


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line, without control or steering characters, at most `longest` characters."""
    spaced = _STEERING.sub("", " ".join(text.split()))
    kept = "".join(character for character in spaced if unicodedata.category(character) != "Cc")
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def in_figure(text: str, longest: int = 40) -> str:
    """Return a text for a figure's legend, hover or label: tags escaped, direction kept to itself."""
    return f"\u2068{html.escape(one_line(text, longest), quote=False)}\u2069"


def in_markdown(text: str, longest: int = LONGEST) -> str:
    """Return a text for Markdown, every sign with a meaning escaped."""
    return _MARKDOWN.sub(r"\\\1", one_line(text, longest))


def web_address(text: str | None) -> str | None:
    """Return a text where it is a link that may be followed, else None."""
    return text if text and re.fullmatch(r"https?://[^\s<>\"']{1,500}", text) else None
