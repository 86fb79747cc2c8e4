"""The shared ridge path gives what scikit-learn's closed form gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

from catbench import CatbenchError
from catbench_baselines import linear
from catbench_baselines.linear import ridge_path

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


def words(prompts, columns, seed=0):
    """Return sparse unit vectors (n, d), some of them 0, as TF-IDF gives them."""
    random = np.random.default_rng(seed)
    dense = random.random((prompts, columns)) * (random.random((prompts, columns)) < 5 / columns)
    return csr_matrix(dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-12))


def assert_same(vectors, quality, penalties=PENALTIES):
    scale = np.ptp(quality, axis=0).max()
    for penalty, found in zip(penalties, ridge_path(vectors, quality, penalties), strict=True):
        exact = Ridge(alpha=penalty, solver="cholesky").fit(vectors.toarray(), quality)
        coefficients = exact.coef_.reshape(quality.shape[1], -1).T
        largest = max(np.abs(coefficients).max(), 1e-6 * scale)
        np.testing.assert_allclose(found.coefficients, coefficients, rtol=0, atol=1e-6 * largest)
        np.testing.assert_allclose(found.intercept, exact.intercept_, rtol=0, atol=1e-6 * scale)
        answer = np.reshape(exact.predict(vectors.toarray()), quality.shape)
        np.testing.assert_allclose(found.predict(vectors), answer, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize(
    ("prompts", "columns", "candidates"),
    [(500, 300, 36), (60, 200, 5), (100, 20, 40), (40, 30, 1), (3, 50, 4), (2, 1, 3)],
)
def test_every_penalty_s_answer_is_the_closed_form_s(prompts, columns, candidates):
    quality = np.random.default_rng(1).normal(7, 1, (prompts, candidates))
    assert_same(words(prompts, columns), quality)


@pytest.mark.parametrize("scale", [1e-3, 1e4])
def test_the_answer_does_not_depend_on_the_metric_s_scale(scale):
    assert_same(words(200, 100), np.random.default_rng(2).normal(3, 1, (200, 6)) * scale)


@pytest.mark.parametrize("kind", ["equal", "constant", "few", "rounded"])
def test_qualities_that_depend_on_each_other_are_no_obstacle(kind):
    random = np.random.default_rng(3)
    quality = random.normal(size=(200, 8))
    if kind == "equal":
        quality[:] = quality[:, :1]
    elif kind == "constant":
        quality[:, :5] = 2.0
    elif kind == "few":
        quality = random.normal(size=(200, 2)) @ random.normal(size=(2, 8))
    else:
        quality = (quality > 0).astype(float)
    assert_same(words(200, 100), quality)


def test_equal_prompts_and_equal_columns_are_no_obstacle():
    vectors = words(30, 40).toarray()[np.arange(200) % 30]
    vectors[:, 1] = vectors[:, 0]
    assert_same(csr_matrix(vectors), np.random.default_rng(4).normal(size=(200, 6)))


def test_penalties_come_back_in_the_order_given():
    vectors, quality = words(100, 60), np.random.default_rng(5).normal(size=(100, 4))
    assert_same(vectors, quality, (10.0, 0.1, 100.0))
    assert_same(vectors, quality, (1.0,))


def test_nothing_to_learn_is_the_mean():
    (found,) = ridge_path(words(20, 30), np.full((20, 3), 0.7), (1.0,))
    np.testing.assert_allclose(found.predict(words(5, 30, seed=1)), 0.7)


def test_dense_vectors_get_the_same_answer():
    vectors, quality = words(100, 60), np.random.default_rng(6).normal(size=(100, 4))
    found, same = (ridge_path(v, quality, (0.5, 5.0)) for v in (vectors, vectors.toarray()))
    for a, b in zip(found, same, strict=True):
        np.testing.assert_allclose(a.predict(vectors), b.predict(vectors.toarray()), atol=1e-6)


def test_an_iteration_that_does_not_end_is_told(monkeypatch):
    monkeypatch.setattr(linear, "STEPS", 2)
    quality = np.random.default_rng(7).normal(size=(100, 4))
    with pytest.raises(CatbenchError, match=r"did not converge in 2 steps at penalties of 0\.01 and more"):
        ridge_path(words(100, 60), quality, (0.01, 1.0))
