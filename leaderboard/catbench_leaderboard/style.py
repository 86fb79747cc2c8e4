"""Colours: safe for colour-blind readers, and the same router has the same one everywhere.

Eight colours (Okabe and Ito 2008, and two more), then the same with other dashes. Two of them differ
between the themes, where the one would not be seen on the other's background.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catbench.report.figure import PALETTE

DASHES = ("solid", "dash", "dot", "dashdot")
CSS = Path(__file__).parent / "board.css"
"""How markup is laid out, in the app and in exported files."""


@dataclass(frozen=True)
class PageTheme:
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


@dataclass(frozen=True)
class Style:
    """How a router's line is drawn."""

    colour: str
    dash: str


def style_of(number: int, theme: PageTheme) -> Style:
    """Return the style of the router that has this number on the board."""
    count = len(theme.palette)
    return Style(theme.palette[number % count], DASHES[number // count % len(DASHES)])


def see_through(colour: str, alpha: float) -> str:
    """Return `#RRGGBB` as an rgba() of this opacity."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
