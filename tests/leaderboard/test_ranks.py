"""Ranks and their uncertainty, by hand arithmetic and by identities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from catbench_leaderboard.ranks import ends, rank

SCORES = np.array([0.5, 0.7, 0.1])
DRAWS = np.array([[0.5, 0.7, 0.1], [0.8, 0.6, 0.2], [0.4, 0.9, 0.3], [0.6, 0.6, 0.0]])


def test_by_hand():
    found = rank(SCORES, DRAWS)
    assert found.rank.tolist() == [2, 1, 3]
    # Ranks of the draws: (2 1 3) (1 2 3) (2 1 3) (1 1 3); the last is a tie, shared.
    assert found.first.tolist() == [(0 + 1 + 0 + 0.5) / 4, (1 + 0 + 1 + 0.5) / 4, 0]
    assert found.low.tolist() == [1, 1, 3]
    assert found.high.tolist() == [2, 2, 3]
    np.testing.assert_allclose(found.behind, [0.2, 0, 0.6])
    np.testing.assert_allclose(found.behind_low, [-0.2, 0, 0.4])
    np.testing.assert_allclose(found.behind_high, [0.5, 0, 0.6])


def test_a_draw_without_an_order_is_left_out():
    worse = np.vstack([DRAWS, [np.nan, 1.0, 0.0]])
    assert rank(SCORES, worse).first.tolist() == rank(SCORES, DRAWS).first.tolist()


def test_without_draws_a_rank_is_known_and_its_certainty_is_not():
    found = rank(SCORES, np.empty((0, 3)))
    assert found.rank.tolist() == [2, 1, 3]
    assert np.isnan(found.first).all()


def test_rounding_of_one_number_is_a_tie():
    scores = np.array([0.3, 0.1 + 0.2])
    assert rank(scores, scores[None, :]).rank.tolist() == [1, 1]


@given(arrays(float, (7, 4), elements=st.integers(-50, 50).map(float)), st.permutations(range(4)))
def test_relabelling_routers_changes_nothing(draws, order):
    score = draws.mean(axis=0)
    found, turned = rank(score, draws), rank(score[order], draws[:, order])
    assert found.rank[order].tolist() == turned.rank.tolist()
    np.testing.assert_allclose(found.first[order], turned.first)
    assert found.first.sum() == pytest.approx(1)
    assert (found.low <= found.high).all()


@given(arrays(float, (40, 2), elements=st.floats(-10, 10)))
def test_ends_are_those_of_a_report(draws):
    from catbench.bootstrap import intervals

    rows = iter([np.zeros(2), *draws])
    reported = intervals(
        lambda weights: {"x": np.array([next(rows) for _ in weights])}, np.arange(3), _bootstrap(40)
    )["x"]
    low, high = ends(draws)
    assert low.tolist() == reported.low.tolist()
    assert high.tolist() == reported.high.tolist()


def _bootstrap(replicates):
    from catbench.bootstrap import Bootstrap

    return Bootstrap(replicates)
