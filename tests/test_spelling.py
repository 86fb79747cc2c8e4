"""Numbers are written with the decimals that their interval warrants, and never with a stray exponent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench.report.numbers import Estimate
from catbench.report.spelling import decimals_of, short, spell, spell_cost, spell_value, wrapped


@pytest.mark.parametrize(
    ("estimate", "percent", "says"),
    [
        (Estimate(value=0.0312, low=0.0142, high=0.0481), False, ".031 [.014, .048]"),
        (Estimate(value=0.574, low=0.334, high=0.791), True, "57% [33, 79]"),
        (Estimate(value=0.0053, low=0.0012, high=0.0098), True, "0.53% [0.12, 0.98]"),
        (Estimate(value=-0.031, low=-0.05, high=0.01), False, "-.031 [-.050, .010]"),
        (Estimate(value=12.34, low=5, high=20), False, "12 [5, 20]"),
        (Estimate(value=0.38, low=0.24, high=None), True, "38% [24, never]"),
        (Estimate(value=None, low=None, high=None), True, "never"),
        (Estimate(value=1e-11, low=-2e-11, high=3e-11), False, "0"),
        (Estimate(value=0.859368), False, ".859"),
        (Estimate(value=1.0, low=1.0, high=1.0), True, "100%"),
        (Estimate(value=1e300), False, "1e+300"),
        (Estimate(value=-3e-14), True, "0%"),
        (Estimate(value=-3e-14, low=-3e-14, high=-3e-14), True, "0%"),
        (Estimate(value=-3e-12), True, "0%"),
    ],
)
def test_an_estimate_is_written_as_people_read_it(estimate, percent, says):
    assert spell(estimate, percent=percent, missing="never") == says


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.booleans())
def test_no_exponent_and_no_minus_before_a_zero(value, width, percent):
    text = spell(Estimate(value=value, low=value - width, high=value + width), percent=percent)
    if max(abs(value), abs(value) + width) * (100 if percent else 1) < 1e7:
        assert "e" not in text
    for number in re.findall(r"-[.\d]+", text):
        assert float(number) != 0


def test_a_value_alone_has_the_decimals_of_its_interval():
    found = Estimate(value=0.90148, low=0.895, high=0.907)
    assert spell_value(found) == ".901"
    assert (
        spell_value(found, decimals=decimals_of(Estimate(value=0.0031, low=0.0023, high=0.0040))) == ".9015"
    )


def test_a_price_is_never_written_as_nothing():
    assert [spell_cost(cost) for cost in (0.000334374, 2.0, 1250.0, 1e-9)] == [
        ".0003344",
        "2",
        "1250",
        "1e-09",
    ]
    assert short(0.0000334, zero=True) == "0.0000334"


def test_lines_break_neither_intervals_nor_names():
    text = "gains .002 [.001, .003] more area than a-router-of-some-length, surely"
    for width in range(12, 60):
        lines = wrapped(text, width)
        assert " ".join(lines) == text
        for whole in ("[.001, .003]", "a-router-of-some-length,"):
            assert any(whole in line for line in lines)
