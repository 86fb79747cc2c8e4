"""Budgets: chosen on validation predictions, used on the tested prompts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench.score.answer import Answer
from catbench.score.deployment import deploy, quality_within, sweep_of, unlimited
from catbench.suite.pool import Candidate, Pool

TRADE_OFFS = np.array([4.0, 2.0, 1.0, 0.0])


@st.composite
def answers(draw):
    """Draw an answer of either kind, with ties likely, and the costs."""
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    prompts, candidates = draw(st.integers(1, 8)), draw(st.integers(2, 5))
    cost = random.integers(1, 9, candidates).astype(float)
    predicted = random.integers(-3, 4, (prompts, candidates)).astype(float)
    choices = random.integers(0, candidates, (len(TRADE_OFFS), prompts))
    said = (predicted, None) if draw(st.booleans()) else (None, choices)
    return Answer(*said, TRADE_OFFS), cost


@given(answers())
def test_where_validation_and_test_prompts_are_the_same_every_budget_is_met(given_):
    answer, cost = given_
    prompts = (answer.predicted if answer.choices is None else answer.choices.T).shape[0]
    found = deploy(replace(answer, validation=(answer,)), np.zeros(prompts, dtype=np.int64), cost)
    spent = found.mean(np.broadcast_to(cost, (prompts, len(cost)))).mean(axis=1)
    last = unlimited(answer, cost)[None] if answer.choices is None else answer.choices
    end = cost[last].mean(axis=1).max()
    assert found.budgets.tolist() == np.unique(cost)[1:].tolist()
    assert found.kept == sum(budget <= end * (1 + 1e-12) for budget in found.budgets)
    np.testing.assert_allclose(spent, np.minimum(found.budgets, max(end, cost.min())), rtol=1e-9)


@given(answers(), st.integers(0, 10_000))
def test_quality_at_a_cost_prompt_by_prompt_is_the_curve_s(given_, seed):
    answer, cost = given_
    prompts = (answer.predicted if answer.choices is None else answer.choices.T).shape[0]
    quality = np.random.default_rng(seed).normal(size=(prompts, len(cost)))
    pool = Pool("all", tuple(Candidate(id=f"c{m}") for m in range(len(cost))), cost, "tflops", "q")
    curve = sweep_of(answer, quality, pool).curve()
    np.testing.assert_allclose(
        quality_within(answer, quality, cost, np.zeros(prompts)).mean(axis=0),
        curve.quality_at(cost),
        rtol=1e-9,
        atol=1e-9,
    )


def test_by_hand():
    # Validation: both prompts climb from cost 1 to 3, one at λ = 2, one at λ = 1; costs 1, 2, 3 on the way.
    cost = np.array([1.0, 2.0, 3.0])
    validation = Answer(np.array([[0.0, -9, 4], [0, -9, 2]]), None, TRADE_OFFS)
    test = np.array([[0.0, -9, 3], [0, -9, 1], [0, -9, 9]])  # climb at λ = 1.5, 0.5, 4.5
    found = deploy(Answer(test, None, TRADE_OFFS, validation=(validation,)), np.zeros(3, np.int64), cost)
    assert found.budgets.tolist() == [2.0, 3.0]
    # Budget 2 is the vertex just below λ = 2: there only the last test prompt has climbed.
    assert found.below[0].tolist() == [0, 0, 2]
    assert found.share[0].tolist() == [0, 0, 0]
    # Budget 3 is the end, just below λ = 1: the first has climbed too, the second never does.
    assert found.below[1].tolist() == [2, 0, 2]


def test_two_neighbours_are_mixed_to_meet_a_budget():
    cost = np.array([1.0, 1.5, 3.0])
    validation = Answer(np.array([[0.0, -9, 4], [0, -9, 2]]), None, TRADE_OFFS)
    test = np.array([[0.0, -9, 6], [0, -9, 3]])  # climb at λ = 3 and 1.5
    found = deploy(Answer(test, None, TRADE_OFFS, validation=(validation,)), np.zeros(2, np.int64), cost)
    # The curve's costs are 1, 2, 3: half of its first vertex (λ = ∞) and half of its second (below λ = 2).
    assert found.share[0].tolist() == [0.5, 0.5]
    assert (found.below[0].tolist(), found.above[0].tolist()) == ([0, 0], [2, 0])
    spent = found.mean(np.broadcast_to(cost, (2, 3)))
    assert spent[0].tolist() == [2.0, 1.0]


def test_rewordings_are_drawn_alike_as_often_as_they_meet():
    cost = np.array([1.0, 1.5, 3.0])
    validation = Answer(np.array([[0.0, -9, 4], [0, -9, 2]]), None, TRADE_OFFS)
    test = np.array([[0.0, -9, 6], [0, -9, 3]])
    found = deploy(Answer(test, None, TRADE_OFFS, validation=(validation,)), np.zeros(2, np.int64), cost)
    # At budget 1.5 together at λ = ∞ (half), apart below λ = 2 (half); at budget 3 together.
    assert found.same(np.array([[0, 1]])) == pytest.approx((0.5 + 1) / 2)


def test_beyond_its_end_each_round_stays_there():
    cost = np.array([1.0, 2.0, 4.0, 8.0])
    never, once, twice = ([[0.0, end, -9, -9]] for end in (-9, 2, 2))
    twice[0][2] = 3.0
    rounds = [Answer(np.array(said), None, TRADE_OFFS) for said in (never, once, twice)]
    said = Answer(np.concatenate([one.predicted for one in rounds]), None, TRADE_OFFS)
    found = deploy(replace(said, validation=tuple(rounds)), np.arange(3), cost)
    assert (found.budgets.tolist(), found.kept) == ([2.0, 4.0, 8.0], 0)
    spent = found.mean(np.broadcast_to(cost, (3, 4)))
    np.testing.assert_allclose(spent, [[1, 2, 2], [1, 2, 4], [1, 2, 4]])
    assert deploy(replace(said, validation=tuple(rounds[1:])), np.array([0, 0, 1]), cost).kept == 1


def test_a_policy_s_unlimited_choice_is_what_it_chose_at_trade_off_0():
    choices = np.array([[0, 0], [2, 2], [1, 1], [1, 0]])
    assert unlimited(Answer(None, choices, TRADE_OFFS), np.array([1.0, 2, 3])).tolist() == [1, 0]


def test_of_equally_good_predictions_the_cheaper_is_taken_without_a_limit():
    assert unlimited(Answer(np.array([[5.0, 5, 1]]), None, TRADE_OFFS), np.array([3.0, 2, 1])).tolist() == [1]


def test_trade_offs_that_nearly_tie_do_not_overspend():
    cost = np.array([1.0, 4 / 3, 2.0])
    said = np.array([[0.0, -9, 1.0], [0.0, -9, 1.0 - 1.5e-9], [0.0, -9, -1.0]])
    copied = Answer(said.copy(), None, TRADE_OFFS)
    found = deploy(Answer(said, None, TRADE_OFFS, validation=(copied,)), np.zeros(3, np.int64), cost)
    spent = found.mean(np.broadcast_to(cost, (3, 3))).mean(axis=1)
    np.testing.assert_allclose(spent[0], 4 / 3, rtol=1e-9)
    own = quality_within(Answer(said, None, TRADE_OFFS), np.broadcast_to(cost, (3, 3)), cost, np.zeros(3))
    np.testing.assert_allclose(own.mean(axis=0)[1], 4 / 3, rtol=1e-9)
