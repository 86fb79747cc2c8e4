"""Colours: safe for colour-blind readers.

Seven colours (Okabe and Ito 2008, and one more), each with a dash of its own, then with others. One of them
differs between the themes, where it would not be seen on the other's background. The palette's last colour is
the references'.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from catbench.report.figure import PALETTE

DASHES = ("solid", "dash", "dot", "dashdot")
PATTERNS = ("", "/", "\\", "x", "-", "|", "+", ".")
"""What areas are filled with, by their number."""
CSS = Path(__file__).parent / "board.css"
"""How markup is laid out, in the app and in exported files."""


class PageTheme(NamedTuple):
    """What figures need to know of the page around them."""

    palette: tuple[str, ...]
    ink: str
    """Text and points."""
    faint: str
    """References and grid."""


THEMES = {
    "light": PageTheme(PALETTE, "#1F2430", "#6B7079"),
    "dark": PageTheme((*PALETTE[:6], "#B89AD6", "#D9D9D9"), "#E8EAED", "#9AA0A6"),
}
"""Theme by Streamlit's name of it."""


class Style(NamedTuple):
    """How a line is drawn."""

    colour: str
    dash: str


def style_of(number: int, theme: PageTheme) -> Style:
    """Return the style of a line by its number: neighbours differ in colour and in dash."""
    turn, colour = divmod(number, len(theme.palette) - 1)
    return Style(theme.palette[colour], DASHES[(colour + colour // 4 + turn) % len(DASHES)])


def see_through(colour: str, alpha: float) -> str:
    """Return `#RRGGBB` as an rgba() of this opacity."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
