"""What `compare` prints: a verdict first, no row twice, and signs and labels that agree."""

from __future__ import annotations

import pytest

from catbench import evaluate, load
from catbench.cli.difference_table import print_differences
from catbench.report.comparison import compare
from catbench.report.verdict import compared as said_of
from catbench.score.bootstrap import Bootstrap
from catbench.score.measures import MEASURES


@pytest.fixture(scope="module")
def compared(simulated):
    matrix = load(simulated)
    reports = [evaluate(name, matrix, bootstrap=Bootstrap(30)) for name in ("ridge", "mixture")]
    return compare(*reports, matrix), reports


@pytest.fixture
def printed(monkeypatch, capsys, compared):
    """Return what is printed of the differences in 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def of(**how):
        print_differences(compared[0], *compared[1], **how)
        return capsys.readouterr().out

    return of


@pytest.mark.parametrize("every", [False, True])
def test_a_sentence_comes_first_and_every_line_fits(printed, every):
    lines = printed(every=every).splitlines()
    assert "ridge compared with mixture" in lines[0]
    text = " ".join(lines)
    assert text.index("more area than mixture, surely.") < text.index("headroom captured")
    for line in lines:
        assert len(line) <= 80, line
        assert line.isascii()


def test_only_the_headline_is_shown_unless_all_is_asked_for(printed):
    short, whole = printed(), printed(every=True)
    assert "sim-1" not in short
    assert "peak" not in short
    assert "sim-1" in whole
    assert "peak over the best single on test" in whole
    assert len(short.splitlines()) < 40


@pytest.mark.parametrize("every", [False, True])
def test_no_measure_stands_twice_under_two_names(printed, compared, every):
    first = compared[0][0]
    labels = [line.split("  ")[0] for line in printed(every=every).split("\n\n\n")[0].splitlines()]
    heads = " ".join(labels)
    for name in ("audc", "audc_linear", "quality_at"):
        assert MEASURES[name].label not in labels
    assert MEASURES["gain"].label in labels
    assert MEASURES["quality_at"].label not in heads
    named = [label for label in labels if any(label == one.label for one in MEASURES.values())]
    assert len(named) == len(set(named)) >= 4
    # What is left out is what a gain says.
    assert first.estimate("audc").value == pytest.approx(first.estimate("gain").value, abs=2e-6)


def test_shares_are_per_cent_as_evaluate_writes_them(printed):
    lines = printed().splitlines()
    for label in ("headroom captured", "budget error"):
        line = next(line for line in lines if line.startswith(label))
        assert line.count("%") == 3


def test_who_is_better_agrees_with_the_signs_whatever_the_metrics_direction(printed, compared):
    found = compared[0]
    assert [one.direction for one in found] == ["higher", "lower"]
    sections = printed(every=True).split("\n\n\n")
    for one, text in zip(found, sections, strict=True):
        assert ("lower is better" in text) == (one.direction == "lower")
        gain, mixed = one.estimate("gain"), one.estimate("audc_mixed")
        assert gain.low > 0  # ridge is better on both
        assert (mixed.value < 0) == (one.direction == "lower")  # on the metric's own scale
        for label in ("gain over the mixture", "AUDC with mixing"):
            line = next(line for line in text.splitlines() if line.startswith(f"{label} "))
            assert line.split()[-1] == "ridge"


def test_a_difference_is_short_where_it_is_shown(compared):
    text = repr(compared[0][0])
    assert len(text) < 300
    assert "ridge gains" in text
    assert text == str(compared[0][0])


def test_areas_are_those_of_the_axis_asked_for(printed, compared):
    one, other = (" ".join(printed(linear=linear).split()) for linear in (False, True))
    assert "linear" not in one
    assert "on the linear cost axis" in other
    sentence = said_of("ridge", "mixture", compared[0][0].estimate("gain_linear"))
    assert f"{sentence}, on the linear cost axis." in other
    assert sentence not in one
