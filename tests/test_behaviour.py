"""Where prompts go adds up, and departures are what a hand finds."""

from __future__ import annotations

import numpy as np
import pytest

from catbench.report.behaviour import departures, where_prompts_go
from catbench.score.answer import Answer

COST = np.array([1.0, 2.0, 4.0])


def answer_of(predicted):
    """Return an answer that said the same of the validation prompts."""
    said = Answer(np.array(predicted), None, np.empty(0))
    return Answer(said.predicted, None, said.trade_offs, validation=(said,))


def test_shares_add_up_and_meet_the_budget_on_prompts_like_the_validation_ones():
    random = np.random.default_rng(0)
    answer = answer_of(random.normal(size=(40, 3)) + np.array([0, 0.5, 1]))
    found = where_prompts_go(answer, np.zeros(40, int), COST)
    assert len(found.budgets)
    np.testing.assert_allclose(found.at.sum(axis=1), 1)
    np.testing.assert_allclose(found.at @ COST, found.budgets)
    best = np.bincount(np.asarray(answer.predicted).argmax(axis=1), minlength=3) / 40
    np.testing.assert_allclose(found.unlimited, best)


def test_a_router_that_always_draws_with_one_uses_one():
    found = where_prompts_go(answer_of([[1.0, 0, 0]] * 5), np.zeros(5, int), COST)
    assert found.used.tolist() == [0]
    assert not len(found.budgets)  # it cannot spend more than the cheapest costs


def test_departures_by_hand():
    # Two candidates differ by +1, -1 in truth (departures of half), and by +2, -2 as predicted.
    samples = np.array([[[1.0], [0.0]], [[0.0], [1.0]]])
    predicted = np.array([[2.0, 0.0], [0.0, 2.0]])
    found = departures(predicted, samples, COST[:2], np.array([0, 1]), always=0)
    assert found.predicted == pytest.approx(1.0)
    assert found.true == pytest.approx(0.5)
    assert found.found == pytest.approx(0.5)
    assert found.level == pytest.approx(0)
    # Drawn with what is predicted to be best: 2 and 2 against 2 and 0; true 1 and 1 against 1 and 0.
    assert (found.expected, found.real) == pytest.approx((1.0, 0.5))


def test_a_candidate_that_is_overrated_is_named():
    truth = np.random.default_rng(1).normal(size=(50, 3, 1))
    predicted = truth[:, :, 0] + [0, 0.7, 0]
    found = departures(predicted, truth, COST, np.arange(3), always=0)
    assert found.candidate == 1
    assert found.level == pytest.approx(0.7)
    assert found.found == pytest.approx(1.0)


def test_the_noise_of_samples_is_no_true_departure():
    random = np.random.default_rng(2)
    truth, noise = random.normal(size=(2000, 3, 1)), random.normal(size=(2000, 3, 4))
    found = departures(truth[:, :, 0], truth + noise, COST, np.arange(3), always=0)
    assert found.true == pytest.approx(found.predicted, rel=0.05)
    one = departures(truth[:, :, 0], (truth + noise)[:, :, :1], COST, np.arange(3), always=0)
    assert one.true > 1.3 * one.predicted  # with one sample nobody can tell noise apart


def test_equal_predictions_depart_from_nothing():
    samples = np.random.default_rng(3).normal(size=(20, 3, 2))
    found = departures(np.full((20, 3), 0.1), samples, COST, np.arange(3), always=0)
    assert found.predicted == 0
    assert np.isnan(found.found)
