"""What `evaluate` prints: fits 80 columns, cuts no name, in plain ASCII, the front of the pool first."""

from __future__ import annotations

import re

import numpy as np
import pytest

from catbench import evaluate, load
from catbench.cli.report_tables import print_report
from catbench.report.figure import pareto_front
from catbench.report.numbers import Estimate, WinRates
from catbench.report.report import RouterInfo
from catbench.score.bootstrap import Bootstrap


class Noise:
    """Predicts nothing but noise, and believes it."""

    def fit(self, prompts, quality):
        self._spread, self._means = quality.std(), quality.mean(axis=0)

    def predict(self, prompts):
        seed = sum(len(text) for text in prompts)
        noise = np.random.default_rng(seed).normal(size=(len(prompts), len(self._means)))
        return self._means + 2 * self._spread * noise


@pytest.fixture(scope="module")
def matrix(simulated):
    return load(simulated)


@pytest.fixture(scope="module")
def report(matrix):
    return evaluate("ridge", matrix, by="words", bootstrap=Bootstrap(30))


@pytest.fixture(scope="module")
def noise(matrix):
    return evaluate(Noise(), matrix, metric="simulated_score", bootstrap=Bootstrap(30))


@pytest.fixture
def printed(monkeypatch, capsys):
    """Return what is printed of a report in 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def of(report, **how):
        print_report(report, **how)
        return capsys.readouterr().out

    return of


def renamed(result, names):
    """Return a result whose candidates have other names."""
    best = result.best_single.model_copy(update={"candidate": names[0]})
    return result.model_copy(update={"candidates": names, "best_single": best})


@pytest.fixture
def table(monkeypatch, printed, report):
    """Return the lines of the table of a result's candidates: its heads, and its rows."""

    def of(result, width=80, *, every=True):
        monkeypatch.setenv("COLUMNS", str(width))
        text = printed(report.model_copy(update={"results": (result,)}), every=every)
        lines = next(
            part for part in text.split("\n\n") if "cost to\n" in part and "----" in part
        ).splitlines()
        start = next(number for number, line in enumerate(lines) if set(line) == {"-", " "})
        rows = [line for line in lines[start + 1 :] if "--all" not in line]
        return lines[: start + 1], rows

    return of


@pytest.mark.parametrize("how", [{}, {"every": True}, {"linear": True}, {"every": True, "linear": True}])
def test_lines_fit_80_columns_of_ascii_without_spaces_at_their_ends(printed, report, matrix, how):
    lines = printed(report, matrix=matrix, **how).splitlines()
    assert "".join(lines).endswith(report.signature)
    for line in lines:
        assert len(line) <= 80, line
        assert line == line.rstrip()
        assert line.isascii()


def test_the_verdict_comes_after_the_title_and_before_every_number(printed, report):
    lines = printed(report).splitlines()
    assert lines[0].startswith("SIMULATED ")
    text = " ".join(lines).split("headroom captured")[0]
    assert report.result().verdict[1:] in text


@pytest.mark.parametrize("long", [18, 26, 44, 70])
def test_names_of_any_length_are_whole_and_apart(table, report, long):
    names = [f"{'candidate-' * 7}"[: long - 2] + f"-{m}" for m in range(3)]
    heads, rows = table(renamed(report.result(), names))
    assert max(map(len, [*heads, *rows])) <= 80
    for name in names:
        assert sum(line.strip().startswith(name) for line in rows) == 1


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_intervals_of_a_table_are_never_broken(table, report, width):
    for line in table(report.result(), width)[1]:
        assert line.count("[") == line.count("]")


def test_a_table_has_six_columns_with_and_without_win_rates(table, report):
    result = report.result()
    rate = WinRates(**{name: [None, 0.5, 1.0] for name in WinRates.model_fields})
    with_wins = result.model_copy(update={"measures": {**result.measures, "win_rate": rate}})
    for found, head in ((result, "that cost"), (with_wins, "win rate")):
        heads, _ = table(found)
        assert len(heads[-1].split()) == 6
        assert any(head in line for line in heads)


def test_only_the_front_of_the_pool_is_shown_and_the_rest_is_counted(printed, table, report):
    result = report.result()
    worse = Estimate(value=-9.0, low=-9.1, high=-8.9)
    columns = {
        name: [*getattr(result.fixed_quality, name)[:-1], getattr(worse, name)]
        for name in type(result.fixed_quality).model_fields
    }
    dominated = result.model_copy(update={"fixed_quality": result.fixed_quality.model_copy(update=columns)})
    front = pareto_front(dominated)
    assert "other-3" not in front
    _, rows = table(dominated, every=False)
    assert [row.split()[0] for row in rows] == front
    _, everything = table(dominated, every=True)
    assert [row.split()[0] for row in everything][: len(front)] == front
    assert {row.split()[0] for row in everything} == set(result.candidates)
    changed = report.model_copy(update={"results": (dominated,)})
    others = {1: "1 other is", 2: "2 others are"}[3 - len(front)]
    assert f"({others} no better than one that costs as much or less: --all)" in printed(changed)
    assert "--all" not in printed(changed, every=True)


def test_the_front_of_a_metric_where_lower_is_better(report):
    result = report.result("simulated_error")
    quality = dict(zip(result.candidates, result.fixed_quality.value, strict=True))
    cost = dict(zip(result.candidates, result.costs, strict=True))
    for name in result.candidates:
        beaten = any(cost[o] <= cost[name] and quality[o] < quality[name] for o in result.candidates)
        assert (name in pareto_front(result)) == (not beaten)


def test_router_and_mixture_have_the_decimals_of_the_gain(printed, report):
    text = " ".join(printed(report).split())
    own, mixture = re.search(r"AUDC (-?[\d.]+), the mixture's (-?[\d.]+)", text).groups()
    assert len(own.partition(".")[2]) == len(mixture.partition(".")[2])
    gain = report.result().estimate("gain").value
    assert float(own) - float(mixture) == pytest.approx(gain, abs=1.01 * 10 ** -len(own.partition(".")[2]))


def test_areas_are_those_of_the_axis_asked_for(printed, report):
    result = report.result()
    one, other = printed(report), printed(report, linear=True)
    assert "on the linear cost axis" not in one
    assert other.count("on the linear cost axis") >= 2
    for text, name in ((one, "headroom"), (other, "headroom_linear")):
        assert f"{100 * result.estimate(name).value:.0f}" in text.split("headroom captured")[1].split("%")[0]


def test_the_peak_is_a_detail(printed, report):
    assert "biased upwards" not in printed(report)
    assert "biased upwards" in printed(report, every=True)


def test_where_the_prompts_go_is_told_a_line_a_budget(printed, report, matrix):
    lines = printed(report, matrix=matrix).splitlines()
    start = lines.index("Where the prompts go, by budget (TFLOPs per image):")
    shown = []
    for line in lines[start + 1 :]:
        if not line.startswith("  "):
            break
        shown.append(line)
    assert shown[-1].split("  ")[1].strip() == "no limit"
    assert len(shown) >= 2
    for line in shown:
        assert sum(map(int, re.findall(r"(\d+)%", line))) == pytest.approx(100, abs=2)
    assert "Where the prompts go" not in printed(report)  # without the suite it cannot be told


def test_a_router_below_the_mixture_is_told_why_and_what_helps(printed, noise, report, matrix):
    assert noise.result().estimate("gain").high < 0
    text = " ".join(printed(noise, matrix=matrix).split())
    assert "Below the mixture. Why:" in text
    part = int(re.search(r"and (\d+)% of such a difference comes true", text).group(1))
    assert part < 25
    assert "it expects to gain" in text
    assert "catbench evaluate guarded:FILE.py" in text
    named = noise.model_copy(update={"router": RouterInfo(name="ridge", kind="estimator", seed=0)})
    assert "catbench evaluate guarded:ridge" in printed(named, matrix=matrix)
    assert "Below the mixture" not in printed(report, matrix=matrix)


def test_a_policy_below_the_mixture_is_told_that_nothing_can_be(printed, matrix):
    fixed = evaluate("fixed:sim-2", matrix, metric="simulated_score", bootstrap=Bootstrap(30))
    assert fixed.result().estimate("gain").value < 0
    text = printed(fixed, matrix=matrix)
    assert "It picks candidates itself" in text
    assert "guarded" not in text


def test_slices_stand_below_each_other(printed, report):
    labels = {result.slice for result in report.results}
    text = printed(report)
    for label in labels:
        assert text.count(f"\n{label} ") == 2  # a table a metric


def test_how_a_router_was_trained_stands_in_the_title(printed, report):
    changed = report.model_copy(
        update={
            "folds": 5, "train_on": "elsewhere",
            "signature": f"{report.signature}|hold-out:sim-2,labels=20",
        }
    )  # fmt: skip
    text = " ".join(printed(changed).split())
    assert "prompts, in 5 folds, trained on elsewhere, sim-2 held out in training" in text
