"""What is printed and shown: in any encoding, and names of strangers on one line."""

from __future__ import annotations

import io
import re
import sys
import unicodedata

LONGEST = 200
"""Characters of a name that are kept; the rest is an ellipsis."""
_STEERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters without a shape that turn the direction of what stands around them."""


def print_in_any_encoding() -> None:
    """From here on, a character that the encoding of a standard stream lacks is printed as `?`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line, without control or steering characters, at most `longest` characters."""
    spaced = _STEERING.sub("", " ".join(text.split()))
    kept = "".join(character for character in spaced if unicodedata.category(character) != "Cc")
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"
