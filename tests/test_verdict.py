"""The verdict says what a router saves, how surely, and no more than is known."""

from __future__ import annotations

import pytest

from catbench import evaluate, load
from catbench.cli.headline import facts
from catbench.report.numbers import BestSingle, Budgets, Estimate
from catbench.report.verdict import compared, headroom_of, reachable, verdict
from catbench.score.bootstrap import Bootstrap


@pytest.fixture(scope="module")
def report(simulated):
    return evaluate("ridge", load(simulated), bootstrap=Bootstrap(30))


@pytest.fixture(scope="module")
def result(report):
    return report.result()


def told(result, **measures):
    """Return the verdict of a result whose best single candidate is `X`, with other measures."""
    best = BestSingle(candidate="X", cost=max(result.costs), quality=Estimate(value=0.5))
    changed = {name: Estimate(value=v, low=low, high=high) for name, (v, low, high) in measures.items()}
    return verdict(
        result.model_copy(update={"best_single": best, "measures": {**result.measures, **changed}})
    )


GAIN = (0.031, 0.014, 0.048)
NONE = (None, None, None)


def test_the_sentence_of_a_router_that_saves(result):
    said = told(result, match_best=(0.57, 0.33, 0.79), gain_at_best=GAIN, unlimited_gain=(0.033, 0.016, 0.05))
    assert said == (
        "as good as always drawing with X for 57% [33, 79] of its cost; at its cost better by "
        ".031 [.014, .048]; with no limit on cost better by .033 [.016, .050]"
    )


@pytest.mark.parametrize(
    ("match", "says"),
    [
        (NONE, "never as good as always drawing with X"),
        (
            (None, 0.74, None),
            "never as good as always drawing with X (not certain: perhaps at 74% of its cost)",
        ),
        ((0.38, 0.24, None), "as good as always drawing with X for 38% [24, never] of its cost"),
        ((1.0, None, None), "as good as always drawing with X, at the same cost"),
        ((1.3, 1.1, 1.6), "as good as always drawing with X only at 130% [110, 160] of its cost"),
    ],
)
def test_how_the_best_single_candidate_is_matched(result, match, says):
    assert told(result, match_best=match, gain_at_best=GAIN, unlimited_gain=GAIN).split("; ")[0] == says


def test_equal_gains_are_told_once_and_what_is_unsure_is_called_so(result):
    said = told(
        result, match_best=NONE, gain_at_best=(-0.02, -0.05, 0.01), unlimited_gain=(-0.02, -0.05, 0.01)
    )
    assert said.endswith(
        "; at its cost, and with no limit on cost, worse by .020 [-.010, .050] (not certain)"
    )
    assert told(result, match_best=NONE, gain_at_best=GAIN, unlimited_gain=(0, 0, 0)).endswith(
        "with no limit on cost no better and no worse"
    )
    assert told(result, match_best=NONE, gain_at_best=GAIN, unlimited_gain=(0, -0.02, 0.03)).endswith(
        "with no limit on cost no better and no worse [-.020, .030] (not certain)"
    )


@pytest.mark.parametrize(
    ("match", "gain", "says"),
    [
        (0.5, (0.01, -0.002, 0.02), True),
        (0.5, (-0.01, -0.02, -0.002), True),
        (0.5, (0.01, 0.002, 0.02), False),
        (0.5, (0.0, 0.0, 0.0), False),  # the mixture, which needs no such word
        (1.2, (0.01, -0.002, 0.02), False),
        (None, (0.01, -0.002, 0.02), False),
    ],
)
def test_a_saving_that_may_come_without_reading_is_called_so(result, match, gain, says):
    said = told(result, match_best=(match, match, match), gain_at_best=GAIN, unlimited_gain=GAIN, gain=gain)
    assert said.endswith("; but not surely better than not reading the prompt") == says


def test_without_an_interval_nothing_is_sure(result):
    said = told(
        result, match_best=(0.5, None, None), gain_at_best=GAIN, unlimited_gain=GAIN, gain=(0.1, None, None)
    )
    assert said.endswith("; no interval says how surely")


def test_nothing_is_to_save_where_the_best_is_the_cheapest(result):
    best = BestSingle(candidate="X", cost=min(result.costs), quality=Estimate(value=0.5))
    assert verdict(result.model_copy(update={"best_single": best})).startswith("nothing to save: X is")


def test_what_can_be_reached_is_told_where_samples_allow(result, report):
    share = result.references["oracle_shrunk"]["headroom"]
    whole = reachable(result)
    assert whole.startswith("at least ")
    assert f"[{100 * share.low:.0f}" in whole
    linear = headroom_of(result, "oracle_shrunk", linear=True)
    areas = [result.references[name]["audc_linear"].value for name in ("oracle_shrunk", "mixture", "oracle")]
    assert linear.value == pytest.approx((areas[0] - areas[1]) / (areas[2] - areas[1]))
    unsure = {**result.references["oracle_shrunk"], "headroom": Estimate(value=0.17, low=-0.14, high=0.41)}
    assert not reachable(
        result.model_copy(update={"references": {**result.references, "oracle_shrunk": unsure}})
    )
    without = {name: found for name, found in result.references.items() if name != "oracle_shrunk"}
    assert not reachable(result.model_copy(update={"references": without}))
    assert headroom_of(result, "nobody") is None


def test_the_log_axis_share_of_a_reference_is_what_the_report_says(result):
    assert headroom_of(result, "oracle_shrunk").value == pytest.approx(
        result.references["oracle_shrunk"]["headroom"].value, abs=1e-4
    )


@pytest.mark.parametrize(
    ("gain", "says"),
    [
        ((0.002, 0.001, 0.003), "knn gains .0020 [.0010, .0030] more area than ridge, surely"),
        ((-0.002, -0.003, -0.001), "ridge gains .0020 [.0010, .0030] more area than knn, surely"),
        (
            (0.002, -0.001, 0.005),
            "knn and ridge cannot be distinguished: knn gains .0020 [-.0010, .0050] more area",
        ),
        (
            (-0.002, -0.005, 0.001),
            "knn and ridge cannot be distinguished: ridge gains .0020 [-.0010, .0050] more area",
        ),
        ((0.002, None, None), "knn gains .002 more area than ridge; how surely, no interval tells"),
        ((0.0, 0.0, 0.0), "knn and ridge are equally good: they have the same area"),
        ((None, None, None), "knn and ridge cannot be compared: one of them has no area"),
    ],
)
def test_two_routers_in_a_sentence(gain, says):
    value, low, high = gain
    assert compared("knn", "ridge", Estimate(value=value, low=low, high=high)) == says


def test_a_router_that_uses_up_no_budget_is_not_said_to_have_kept_one(result):
    said = {label: (value, note) for label, value, note in facts(result, linear=False)}
    assert "set on validation prompts" in said["budget error"][1]
    none = {**result.measures, "budget_error": Estimate(value=None), "overspend": Estimate(value=None)}
    spends_little = result.model_copy(update={"budgets": Budgets(kept=0, beyond=3), "measures": none})
    said = {label: (value, note) for label, value, note in facts(spends_little, linear=False)}
    assert said["budget error"][1] == "none was tried; 3 are beyond what it spends"
    assert said["gain at kept budgets"][1].endswith(", the most that it spends")
