"""Answers are the same where they route the same: no number, however large, hides what is scored."""

from __future__ import annotations

import numpy as np
import pytest

from catbench.score.answer import Answer
from catbench.score.rounds import rounds_of
from catbench.submit.checks import audc_gap, compare_answers, difference
from catbench.suite.simulate import Simulation, simulate

ASKED = np.array([1.0, 0.0])


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=400, candidates=4, samples=2, seed=1))[0]


@pytest.fixture(scope="module")
def pool(matrix):
    return matrix.pool(metric=matrix.metrics[0].name)


@pytest.fixture(scope="module")
def truth(matrix, pool):
    return matrix.qualities(pool.metric, "test", pool).mean(axis=2)


@pytest.fixture
def same(matrix, pool):
    def check(one, other):
        answers = ({pool.metric: Answer(predicted, None, ASKED)} for predicted in (one, other))
        return compare_answers("repeats", "again", rounds_of(matrix).test, [pool], *answers)

    return check


def noise(shape, seed):
    return np.random.default_rng(seed).normal(size=shape)


def test_rounding_is_the_same_and_so_is_another_constant_a_prompt(same, truth):
    assert same(truth, truth).passed
    assert same(truth, truth + 1e-7 * noise(truth.shape, 0)).passed
    assert same(truth, truth + noise((len(truth), 1), 1)).passed
    assert same(np.ones(truth.shape), np.ones(truth.shape) + 1e-17).passed


@pytest.mark.parametrize("constant", [0.0, 1e3, 1e6, 1e12])
def test_a_large_constant_hides_nothing(same, truth, constant):
    assert not same(constant + noise(truth.shape, 0), constant + noise(truth.shape, 1)).passed
    assert not same(constant + truth, np.full(truth.shape, constant)).passed


def test_a_candidate_that_nobody_takes_hides_no_other(same, truth, pool):
    dearest = int(np.argmax(pool.cost))
    one, other = truth.copy(), noise(truth.shape, 2)
    one[:, dearest] = other[:, dearest] = -1e9
    assert difference(Answer(one, None, ASKED), Answer(other, None, ASKED)) < 1e-4
    check = same(one, other)
    assert not check.passed
    assert "of the headroom" in check.says


def test_a_gap_of_areas_is_a_share_of_the_headroom(truth, pool):
    oracle, blind = (
        Answer(truth, None, ASKED),
        Answer(np.tile(truth.mean(axis=0), (len(truth), 1)), None, ASKED),
    )
    assert audc_gap(oracle, blind, truth, pool) == pytest.approx(1, abs=1e-9)
    assert audc_gap(oracle, oracle, truth, pool) == 0
