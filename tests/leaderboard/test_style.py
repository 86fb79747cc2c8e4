"""Colours that colour-blind readers tell apart, and names of strangers as text."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from catbench_leaderboard.style import DASHES, THEMES, see_through, style_of
from catbench_leaderboard.text import in_figure, in_markdown, one_line, web_address

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
}


def linear(colour):
    values = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear sRGB, D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_first_six_colours_differ_for_every_reader(theme, blindness):
    seen = [lab(BLINDNESS[blindness] @ linear(colour)) for colour in THEMES[theme].palette[:6]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 10


@pytest.mark.parametrize(("theme", "paper"), [("light", "#FFFFFF"), ("dark", "#12151B")])
def test_every_colour_is_seen_on_its_background(theme, paper):
    def luminance(colour):
        return float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05

    for colour in (*THEMES[theme].palette, THEMES[theme].ink, THEMES[theme].faint):
        high, low = sorted([luminance(colour), luminance(paper)], reverse=True)
        assert high / low > 2, colour


def test_routers_beyond_the_palette_differ_by_their_dashes():
    theme = THEMES["light"]
    colours = theme.palette[:-1]  # the last one is the references'
    styles = [style_of(number, theme) for number in range(len(colours) * len(DASHES))]
    assert len(set(styles)) == len(styles)
    assert {style.colour for style in styles} == set(colours)


def test_neighbours_differ_without_colour():
    dashes = [style_of(number, THEMES["light"]).dash for number in range(12)]
    assert all(dashes[k] != dashes[k + 1] for k in range(11))
    assert len(set(dashes[:4])) == 4


def test_an_opacity_keeps_the_colour():
    assert see_through("#0072B2", 0.25) == "rgba(0,114,178,0.25)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tof  it", "two lines of it"),
        ("back\u202ewards", "backwards"),
        ("bell\x07", "bell"),
        ("\N{CAT} \u05e0\u05ea\u05d1", "\N{CAT} \u05e0\u05ea\u05d1"),
        ("r" * 300, "r" * 199 + "…"),
    ],
)
def test_a_name_on_one_line(text, shown):
    assert one_line(text) == shown


def test_a_figure_gets_no_tag_and_no_direction():
    assert in_figure("<a href='x'>b & c</a>") == "\u2068&lt;a href='x'&gt;b &amp; c&lt;/a&gt;\u2069"


def test_markdown_gets_no_sign_with_a_meaning():
    assert in_markdown("**a** [b](c) :red[d] $e$ <f>") == (r"\*\*a\*\* \[b\]\(c\) \:red\[d\] \$e\$ \<f\>")


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "//x", "https://a b", "", None])
def test_only_web_addresses_are_links(text):
    assert web_address(text) is None


def test_a_web_address_is_a_link():
    assert web_address("https://arxiv.org/abs/2508.00001") == "https://arxiv.org/abs/2508.00001"
