"""The diversity filter and the similarities that it rests on, against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from catbench.errors import SuiteError, UsageError
from catbench_make.prompts.diversity import DiversityFilter
from catbench_make.prompts.similarity import near_pairs, nearest, unit_vectors


def clustered(count, dimensions=48, seed=0):
    """Vectors around 100 centres, at very different distances from them."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(100, dimensions))[random.integers(100, size=count)]
    return unit_vectors(centres + random.normal(size=centres.shape) * random.uniform(0.1, 1.5, (count, 1)))


def greedy(vectors, threshold):
    """The filter as the paper tells it, one vector after the other."""
    exact, kept = vectors.astype(np.float64), []
    for row in range(len(exact)):
        if not kept or (exact[kept] @ exact[row]).max() < threshold:
            kept.append(row)
    return np.isin(np.arange(len(exact)), kept)


@pytest.mark.parametrize("threshold", [0.3, 0.75, 0.95])
def test_it_keeps_what_the_greedy_rule_keeps(threshold):
    vectors = clustered(3000)
    assert (DiversityFilter(threshold).add(vectors) == greedy(vectors, threshold)).all()


@pytest.mark.parametrize("size", [1, 7, 1024, 1500])
def test_the_parts_in_which_vectors_come_do_not_matter(size):
    vectors, diverse = clustered(2500), DiversityFilter(0.75)
    parts = [diverse.add(vectors[start : start + size]) for start in range(0, len(vectors), size)]
    assert (np.concatenate(parts) == DiversityFilter(0.75).add(vectors)).all()
    assert diverse.count == sum(map(np.sum, parts))


def test_at_the_threshold_itself_a_vector_goes():
    # (0.6, 0.8) and (0.8, 0.6) have the dot product 0.96; in float32 it is off by rounding.
    pair = unit_vectors([[0.6, 0.8], [0.8, 0.6]])
    exact = float(pair[0].astype(np.float64) @ pair[1].astype(np.float64))
    assert DiversityFilter(exact).add(pair).tolist() == [True, False]
    assert DiversityFilter(np.nextafter(exact, 1)).add(pair).tolist() == [True, True]


def test_a_threshold_amid_many_similarities_is_decided_in_float64():
    vectors = clustered(1500)
    values = np.sort((vectors.astype(np.float64) @ vectors.astype(np.float64).T)[np.triu_indices(1500, 1)])
    threshold = float(values[len(values) * 9 // 10])
    assert (DiversityFilter(threshold).add(vectors) == greedy(vectors, threshold)).all()


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_a_threshold_that_means_nothing_is_refused(threshold):
    with pytest.raises(UsageError, match="--threshold"):
        DiversityFilter(threshold)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_a_vector_without_direction_is_refused(bad):
    with pytest.raises(SuiteError, match="embedding 2 of 3"):
        unit_vectors([[1.0, 2.0], [bad, bad], [3.0, 4.0]])


def test_near_pairs_and_nearest_are_those_of_brute_force():
    a, b = clustered(1300), clustered(5000, seed=1)
    exact = a.astype(np.float64) @ b.astype(np.float64).T
    rows, columns, values = near_pairs(a, b, 0.6)
    assert (np.argwhere(exact >= 0.6) == np.column_stack([rows, columns])).all()
    np.testing.assert_allclose(values, exact[rows, columns], rtol=1e-12)
    best, place = nearest(a, b)
    np.testing.assert_allclose(best, exact.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(best, exact[np.arange(len(a)), place], rtol=1e-12)


def test_pairs_within_a_set_come_once():
    vectors = clustered(1500)
    rows, columns, _ = near_pairs(vectors, vectors, 0.8, later=True)
    exact = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    assert (np.argwhere(np.triu(exact >= 0.8, 1)) == np.column_stack([rows, columns])).all()
