"""A budget is met, and what is expected of it comes true as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from catbench.errors import UsageError
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap
from catbench.score.deployment import chosen_at
from catbench.suite.info import Metric
from catbench.suite.pool import Candidate, Pool
from catbench.use.calibration import Calibration, places

COST = np.array([1.0, 3.0, 9.0])
POOL = Pool("all", tuple(Candidate(id=f"c{m}") for m in range(3)), COST, "tflops", "q")
TRADE_OFFS = np.append(np.geomspace(1, 0.001, 20), 0.0)
BUDGETS = (1.5, 2.5, 4.0, 6.0)


def drawn(random, prompts, policy=False):
    """Return an answer about prompts of one population, and the true qualities."""
    taste = random.normal(size=(prompts, 3))
    truth = np.array([0.0, 0.4, 0.7]) + 0.5 * taste + random.normal(size=(prompts, 3))
    said = np.array([0.0, 0.4, 0.7]) + 0.5 * taste
    if not policy:
        return Answer(said, None, TRADE_OFFS), truth
    choices = np.array([(said - t * COST).argmax(axis=1) for t in TRADE_OFFS])
    return Answer(None, choices, TRADE_OFFS), truth


def calibrated(random, prompts, policy=False, direction="higher"):
    answer, truth = drawn(random, prompts, policy)
    groups = np.arange(prompts).astype(str)
    return Calibration(POOL, Metric(name="q", direction=direction), answer, truth, groups, 2)


def spent(known, setting, answer, truth, coins):
    """Return mean cost and quality of what prompts get."""
    below, above = chosen_at(answer, COST, setting.trade_offs)
    chosen = np.where(coins < setting.share, above, below)
    return COST[chosen].mean(), truth[np.arange(len(truth)), chosen].mean()


@pytest.mark.parametrize("policy", [False, True])
def test_a_budget_is_met_on_other_prompts(policy):
    random = np.random.default_rng(1)
    known = calibrated(random, 4000, policy)
    errors = []
    for budget in BUDGETS:
        setting = known.setting(budget=budget)
        assert known.plan(setting).cost.value == pytest.approx(budget, rel=1e-9)
        cost, _ = spent(known, setting, *drawn(random, 4000, policy), random.random(4000))
        errors.append(abs(cost / budget - 1))
    assert np.mean(errors) < 0.03


def test_the_intervals_hold_what_comes_as_often_as_they_say():
    """400 repeats: validation prompts, another number of prompts to come, and the intervals between."""
    random = np.random.default_rng(5)
    inside = np.zeros((2, 400), dtype=bool)
    for repeat in range(inside.shape[1]):
        known = calibrated(random, 200)
        setting = known.setting(budget=BUDGETS[repeat % len(BUDGETS)])
        plan = known.plan(setting, 300, Bootstrap(400, seed=repeat))
        found = spent(known, setting, *drawn(random, 300), random.random(300))
        for row, (value, expected) in enumerate(zip(found, (plan.cost, plan.quality), strict=True)):
            inside[row, repeat] = expected.low <= value <= expected.high
    print(inside.mean(axis=1))
    assert ((inside.mean(axis=1) > 0.92) & (inside.mean(axis=1) < 0.98)).all()


def test_more_prompts_to_come_make_an_interval_narrower_down_to_that_of_validation():
    known = calibrated(np.random.default_rng(2), 400)
    setting = known.setting(budget=4.0)
    wide, same, narrow = (known.plan(setting, prompts).cost for prompts in (20, 400, 10**6))
    widths = [one.high - one.low for one in (wide, same, narrow)]
    assert widths[0] > 2 * widths[1]
    assert widths[1] / widths[2] == pytest.approx(np.sqrt(2), rel=0.15)  # two samples, or one of them


def test_a_lower_is_better_metric_is_shown_with_its_own_sign():
    random = np.random.default_rng
    higher, lower = (calibrated(random(3), 200, direction=d) for d in ("higher", "lower"))
    one, other = (known.plan(known.setting(budget=3.0)) for known in (higher, lower))
    assert (other.quality.value, other.quality.low) == (-one.quality.value, -one.quality.high)
    assert other.gain == one.gain


def test_matching_and_saving_come_down_to_a_mean_cost():
    known = calibrated(np.random.default_rng(4), 2000)
    matched = known.plan(known.setting(match="c2"))
    assert matched.quality.value == pytest.approx(known.quality[:, 2].mean(), abs=1e-9)
    assert matched.cost.value < 9
    just_less = known.plan(known.setting(budget=matched.cost.value * 0.99))
    assert just_less.quality.value < matched.quality.value
    assert known.plan(known.setting(save=0.5)).cost.value == pytest.approx(4.5)


@pytest.mark.parametrize("policy", [False, True])
def test_a_trade_off_of_nothing_is_all_that_the_router_would_spend(policy):
    known = calibrated(np.random.default_rng(6), 500, policy)
    free, rich = known.setting(trade_off=0.0), known.setting(budget=9.0)
    assert known.plan(free) == known.plan(rich)
    assert known.plan(known.setting(trade_off=np.inf)).cost.value == pytest.approx(1.0)


@pytest.mark.parametrize("trade_off", [0.0004, 0.003, 0.02, 0.4, 1.0, 7.0, 1e6])
def test_a_policy_between_the_trade_offs_that_it_was_asked_at_is_a_mix_of_both(trade_off):
    """Of a policy that is an estimator in truth: cost and quality are close to those of its own choice."""
    random = np.random.default_rng(8)
    known = calibrated(random, 4000, policy=True)
    said, truth = np.random.default_rng(8).normal(size=(4000, 3)), known.quality
    predicted = np.array([0.0, 0.4, 0.7]) + 0.5 * said
    exact = (predicted - trade_off * COST).argmax(axis=1)
    plan = known.plan(known.setting(trade_off=trade_off))
    assert plan.cost.value == pytest.approx(COST[exact].mean(), rel=0.03)
    assert plan.quality.value == pytest.approx(truth[np.arange(4000), exact].mean(), abs=0.02)


def test_a_policys_trade_off_is_itself_where_it_was_asked_and_falls_without_steps():
    known = calibrated(np.random.default_rng(9), 300, policy=True)
    for place in (0, 7, 19):
        at = known.plan(known.setting(trade_off=float(TRADE_OFFS[place]))).cost.value
        assert at == pytest.approx(COST[known.answer.choices[place]].mean())
    costs = [known.plan(known.setting(trade_off=t)).cost.value for t in np.geomspace(1e-4, 10, 200)]
    assert (np.diff(costs) <= 1e-9).all()
    assert np.abs(np.diff(costs)).max() < 0.2 * np.abs(np.diff(costs)).sum()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"budget": "2"}, "budget '2' is a text: give a number"),
        ({"save": "40%"}, "save '40%' is a text: give a number"),
        ({"save": 40.0}, "a saving of 4000% is not possible.*; 40% is 0.4"),
        ({}, "give one of budget, match, save and trade-off, not none"),
        ({"budget": 2.0, "save": 0.2}, "not budget and save"),
        ({"budget": 0.5}, r"0.5 tflops is not possible: an image costs from 1 \(c0\) to 9 \(c2\)"),
        ({"budget": 10.0}, r"10 tflops is not possible"),
        ({"budget": np.nan}, r"nan tflops is not possible"),
        ({"save": 0.95}, r"a saving of 95% is not possible: from 0% to 88.9% of what c2"),
        ({"match": "c9"}, "unknown candidate 'c9'.*known: c0, c1, c2"),
        ({"trade_off": -1.0}, "trade-off -1: it must be 0"),
    ],
)
def test_what_is_not_possible_says_what_is(asked, says):
    known = calibrated(np.random.default_rng(7), 100)
    with pytest.raises(UsageError, match=says):
        known.setting(**asked)


def test_a_candidate_that_is_never_matched_says_what_is_reached():
    answer = Answer(np.tile([2.0, 1.0, 0.0], (50, 1)), None, TRADE_OFFS)  # trusts the cheapest alone
    truth = np.tile([0.0, 1.0, 2.0], (50, 1))
    known = Calibration(POOL, Metric(name="q"), answer, truth, np.arange(50).astype(str), 2)
    with pytest.raises(UsageError, match=r"never is as good as c2.*at best 0 at a mean cost of 1 tflops"):
        known.setting(match="c2")


def test_places_are_evenly_spread_and_of_the_normalised_text_and_the_router():
    texts = [f"a prompt of number {number}" for number in range(4000)]
    found = places(texts, "one router")
    counts = np.histogram(found, bins=10, range=(0, 1))[0]
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi-squared of 9 degrees, 99.9%
    np.testing.assert_array_equal(places([text.upper() + " " for text in texts], "one router"), found)
    assert abs(np.corrcoef(found, places(texts, "another"))[0, 1]) < 0.06
