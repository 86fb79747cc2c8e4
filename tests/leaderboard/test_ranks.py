"""Ranks and their uncertainty, by hand arithmetic and by identities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from catbench.report.ranks import mean_ranks, over_suites, rank, ranks_of

SCORES = np.array([0.5, 0.7, 0.1])
DRAWS = np.array([[0.5, 0.7, 0.1], [0.8, 0.6, 0.2], [0.4, 0.9, 0.3], [0.6, 0.6, 0.0]])


def test_by_hand():
    found = rank(SCORES, DRAWS, 1e-9)
    assert found.rank.tolist() == [2, 1, 3]
    # Ranks of the draws: (2 1 3) (1 2 3) (2 1 3) (1 1 3); the last is a tie, shared.
    assert found.first.tolist() == [(0 + 1 + 0 + 0.5) / 4, (1 + 0 + 1 + 0.5) / 4, 0]
    assert found.low.tolist() == [1, 1, 3]
    assert found.high.tolist() == [2, 2, 3]


def test_tiers_by_hand():
    """The second is surely behind the first, the third not surely behind the second, the fourth surely."""
    steps = np.array([[0.0, -1.0, -1.1, -3.0], [0.0, -1.0, -0.9, -3.0]])
    draws = np.repeat(steps, [3, 1], axis=0) + np.arange(4.0)[:, None]
    assert rank(draws.mean(axis=0), draws).tier.tolist() == [0, 1, 1, 2]
    turned = [2, 0, 3, 1]
    assert rank(draws.mean(axis=0)[turned], draws[:, turned]).tier.tolist() == [1, 0, 2, 1]


def test_no_line_stands_above_one_that_is_not_surely_behind():
    """The second is surely behind the first, the third, whose draws are wide, is not: no line is drawn."""
    draws = np.array([[0.0, -1.0, -9.0], [0.0, -1.0, 1.0]] * 20)
    assert rank(draws.mean(axis=0), draws).tier.tolist() == [0, 0, 0]
    assert rank(draws.mean(axis=0)[:2], draws[:, :2]).tier.tolist() == [0, 1]


def test_what_differs_by_no_more_than_rounding_is_tied():
    scores = np.array([0.3, 0.1 + 0.2, 0.3 - 2e-9])
    assert rank(scores, scores[None], 1e-9).rank.tolist() == [1, 1, 3]
    assert ranks_of(scores[None], 1e-9).tolist() == [[1, 1, 3]]


def test_only_differences_of_draws_count():
    shifted = DRAWS + np.array([[5.0], [-3.0], [0.5], [100.0]])
    one, other = rank(SCORES, DRAWS, 1e-9), rank(SCORES, shifted, 1e-9)
    assert one.first.tolist() == other.first.tolist()
    assert one.tier.tolist() == other.tier.tolist()


def test_mean_ranks_by_hand():
    other = np.array([[3.0, 2.0, 1.0]] * 4)  # ranks 1 2 3 in each draw
    # Ranks of DRAWS: (2 1 3) (1 2 3) (2 1 3) (1 1 3).
    expected = [[1.5, 1.5, 3], [1, 2, 3], [1.5, 1.5, 3], [1, 1.5, 3]]
    assert mean_ranks([DRAWS, other]).tolist() == expected


def test_no_scale_of_a_metric_counts_in_mean_ranks():
    assert mean_ranks([DRAWS, 1e6 * DRAWS[::-1]]).tolist() == mean_ranks([DRAWS, DRAWS[::-1]]).tolist()


def test_suites_are_drawn_independently_and_count_once_each():
    """Two suites whose draws go together would have the spread of one; drawn apart, half its variance."""
    random = np.random.default_rng(7)
    ranks = random.integers(1, 5, (4000, 3)).astype(float)
    both = over_suites([ranks, ranks])
    np.testing.assert_allclose(both.mean(axis=0), ranks.mean(axis=0))
    np.testing.assert_allclose(both.var(axis=0), ranks.var(axis=0) / 2, rtol=0.1)


def test_within_a_suite_draws_stay_together():
    ranks = np.stack([np.arange(100.0), -np.arange(100.0)], axis=1)
    assert (over_suites([ranks]).sum(axis=1) == 0).all()


@given(arrays(float, (7, 4), elements=st.integers(-50, 50).map(float)), st.permutations(range(4)))
def test_relabelling_routers_changes_nothing(draws, order):
    score = draws.mean(axis=0)
    found, turned = rank(score, draws, 1e-9), rank(score[order], draws[:, order], 1e-9)
    assert found.rank[order].tolist() == turned.rank.tolist()
    np.testing.assert_allclose(found.first[order], turned.first)
    assert found.first.sum() == pytest.approx(1)
    assert (found.low <= found.high).all()
    assert found.tier[np.argmax(score)] == 0


@given(arrays(float, (5, 6), elements=st.integers(-3, 3).map(float)))
def test_ranks_of_draws_are_scipy_s(draws):
    assert ranks_of(draws, 1e-9).tolist() == rankdata(-draws, method="min", axis=1).tolist()
