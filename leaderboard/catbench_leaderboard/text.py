"""Names and texts of strangers, shown as text: never as markup, whatever they hold."""

from __future__ import annotations

import html
import re

from catbench.terminal import LONGEST, one_line

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
