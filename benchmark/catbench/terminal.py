"""What is printed, in whatever encoding the terminal or the file behind it has."""

from __future__ import annotations

import io
import sys


def print_in_any_encoding() -> None:
    """From here on, a character that the encoding of a standard stream lacks is printed as `?`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")
