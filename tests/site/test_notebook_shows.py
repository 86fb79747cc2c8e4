"""Objects show themselves in a notebook: small, and with nothing in them that a browser would run."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from catbench import deferral_curve, evaluate, load
from catbench.suite.simulate import Simulation, simulate

SMALL = 8_000
"""Characters."""
HARM = "<script>alert(1)</script>"


class Tags(HTMLParser):
    """Collects the tags of a text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open.pop() != tag:
            pass


@pytest.fixture(scope="module")
def harmful():
    matrix, _ = simulate(Simulation(prompts=120, candidates=3, samples=1))
    suite = matrix.suite.model_copy(update={"title": HARM, "licence": HARM})
    metrics = tuple(metric.model_copy(update={"label": HARM}) for metric in matrix.metrics)
    return replace(matrix, suite=suite, metrics=metrics)


def test_a_matrix_and_a_report_escape_what_a_suite_says(harmful):
    for thing in (harmful, evaluate("mixture", harmful)):
        shown = thing._repr_html_()
        tags = Tags(shown)
        assert tags.found <= {"p", "table", "tr", "th", "td"}
        assert tags.open == []
        assert len(shown) < SMALL


def test_a_matrix_says_what_it_holds():
    shown = load("nano")._repr_html_()
    for said in ("nano", "1,257 test", "nano-p-1", "clip_score", "tflops", "Apache-2.0", "more"):
        assert said in shown


def test_a_curve_is_a_small_picture_whatever_its_length():
    random = np.random.default_rng(0)
    predicted, quality = random.random((2, 5000, 6))
    curve = deferral_curve(predicted, quality, np.geomspace(1, 100, 6))
    shown = curve._repr_html_()
    assert f"{len(curve.cost):,} vertices" in shown
    assert {"svg", "polyline", "p"} <= Tags(shown).found
    assert len(shown) < SMALL
    points = shown.split('points="')[1].split('"')[0].split()
    heights = [float(point.split(",")[1]) for point in points]
    assert heights[0] > heights[-1]  # quality rises, and pixels count from above


def test_a_curve_of_one_point_and_curves_of_resamples_show_something():
    one = deferral_curve(np.ones((3, 1)), np.ones((3, 1)), np.ones(1))
    assert "nan" not in one._repr_html_()
    many = replace(one, cost=np.stack([one.cost] * 2), quality=np.stack([one.quality] * 2))
    assert many._repr_html_() == "<p>2 curves of resamples</p>"
