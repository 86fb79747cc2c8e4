"""The routers of the related work, each against what its method must give."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import Pool, Prompts
from catbench.route.router_loader import find_router
from catbench.suite.pool import Candidate
from catbench_baselines import uniroute


def pool_of(count):
    names = tuple(Candidate(id=f"c{number}") for number in range(count))
    return Pool("test", names, np.geomspace(1, 10, count), "tflops", "score")


def unit_vectors(count, width, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, width))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Prompts([f"prompt {i}" for i in range(count)], {"v": vectors}), vectors


def test_uniroute_with_one_cluster_predicts_each_candidates_mean(monkeypatch):
    prompts, _ = unit_vectors(50, 4)
    quality = np.random.default_rng(1).normal(size=(50, 3))
    monkeypatch.setattr(uniroute, "CHOICES", (1,))
    router = uniroute.make_router(pool_of(3)).fit(prompts, quality, validation=(prompts, quality))
    np.testing.assert_allclose(router.predict(prompts), np.tile(quality.mean(axis=0), (50, 1)))


def test_uniroute_finds_clusters_and_their_means():
    prompts = Prompts([str(i) for i in range(120)], {"v": np.repeat(np.eye(4), 30, axis=0)})
    quality = np.repeat([[0.0, 1.0], [1.0, 0.0], [5.0, 5.0], [0.0, 3.0]], 30, axis=0)
    router = uniroute.make_router(pool_of(2)).fit(prompts, quality, validation=(prompts, quality))
    assert len(router.centres) == 4  # more than there are kinds of prompts cannot be had
    np.testing.assert_allclose(router.predict(prompts), (30 * quality + quality.mean(axis=0)) / 31)


@pytest.mark.parametrize("name", ["embedllm", "mixture", "uniroute"])
def test_a_candidate_can_be_added_by_labels(name):
    prompts, vectors = unit_vectors(400, 6)
    truth = (
        vectors @ np.random.default_rng(2).normal(size=(6, 2)) @ np.random.default_rng(3).normal(size=(2, 4))
    )
    extra = {} if name == "mixture" else {"validation": (prompts[300:], truth[300:, :3])}
    router = find_router(name).make(pool_of(3)).fit(prompts[:300], truth[:300, :3], **extra)
    before = router.predict(prompts[300:])
    router.add_candidate(prompts[:100], truth[:100, 3])
    after = router.predict(prompts[300:])
    assert after.shape == (100, 4)
    np.testing.assert_allclose(after[:, :3], before)
    error = np.mean((after[:, 3] - truth[300:, 3]) ** 2)
    spread = np.mean((truth[:100, 3].mean() - truth[300:, 3]) ** 2)
    assert error <= spread * {"embedllm": 0.3, "mixture": 1.0, "uniroute": 0.9}[name]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_embedllm_recovers_a_low_rank_quality_of_held_out_prompts(rank):
    prompts, vectors = unit_vectors(500, 8, seed=rank)
    random = np.random.default_rng(10 + rank)
    quality = vectors @ random.normal(size=(8, rank)) @ random.normal(size=(rank, 6))
    router = find_router("embedllm").make(pool_of(6))
    router.fit(prompts[:300], quality[:300], validation=(prompts[300:400], quality[300:400]))
    np.testing.assert_allclose(router.predict(prompts[400:]), quality[400:], atol=1e-4)
    assert router.embeddings.shape[1] >= rank


def test_embedllm_of_too_low_a_rank_does_not():
    prompts, vectors = unit_vectors(400, 8)
    random = np.random.default_rng(4)
    quality = vectors @ random.normal(size=(8, 3)) @ random.normal(size=(3, 6))
    router = find_router("embedllm").make(pool_of(6))
    router.fit(prompts[:300], quality[:300], validation=(prompts[300:], quality[300:]))
    router.embeddings, router._basis = router.embeddings[:, :1], router._basis[:, :1]
    assert np.abs(router.predict(prompts[300:]) - quality[300:]).max() > 0.1


def test_routellm_uses_the_cheapest_candidate_and_the_best_of_the_others():
    prompts, vectors = unit_vectors(600, 3)
    gap = np.sign(vectors[:, 0]) * 2 + 1  # the strong one wins by 3 or loses by 1
    quality = np.column_stack([np.zeros(600), gap, np.full(600, -5.0)])
    router = find_router("routellm-mf").make(pool_of(3))
    predicted = router.fit(prompts, quality, validation=(prompts, quality)).predict(prompts)
    assert (router.weak, router.strong) == (0, 1)
    assert (predicted[:, 2] < predicted[:, 0]).all()  # never chosen
    assert (predicted[:, 1] > predicted[:, 0]).all()  # every threshold is on the curve
    wins = predicted[:, 1] - predicted[:, 0]
    assert np.median(wins[gap > 0]) > 2 * np.median(wins[gap < 0])


@pytest.mark.parametrize("name", ["cems", "routellm-mf"])
@pytest.mark.parametrize("quality", [np.tile([1.0, 2.0], (20, 1)), np.zeros((20, 2)), np.zeros((20, 1))])
def test_a_classifier_without_two_classes_predicts_all_the_same(name, quality):
    prompts, _ = unit_vectors(20, 3)
    router = find_router(name).make(pool_of(quality.shape[1]))
    predicted = router.fit(prompts, quality, validation=(prompts, quality)).predict(prompts)
    assert predicted.shape == quality.shape
    assert (predicted == predicted[0]).all()


def test_cems_gives_the_probability_of_being_best():
    prompts, vectors = unit_vectors(600, 3)
    best = vectors.argmax(axis=1)
    quality = np.eye(3)[best]
    router = find_router("cems").make(pool_of(3)).fit(prompts, quality, validation=(prompts, quality))
    predicted = router.predict(prompts)
    assert (predicted.argmax(axis=1) == best).mean() > 0.9
    np.testing.assert_allclose(predicted.mean(axis=1), quality.mean(), atol=1e-6)


def test_adadiff_is_trained_for_each_trade_off():
    prompts, vectors = unit_vectors(600, 3)
    help_ = np.where(vectors[:, 0] > 0, 1.0, 0.1)
    quality = np.column_stack([np.zeros(600), help_])
    pool = Pool("two", (Candidate(id="a"), Candidate(id="b")), np.array([1.0, 2.0]), "tflops", "score")
    router = find_router("adadiff").make(pool).fit(prompts, quality, validation=(prompts, quality))
    dear, middle, free = router.route(prompts, np.array([5.0, 0.4, 0.0]))
    assert (dear == 0).all()
    assert ((middle == 1) == (vectors[:, 0] > 0)).mean() > 0.9
    assert (free == 1).all()


def test_trees_keep_the_rounds_with_the_least_error():
    prompts, vectors = unit_vectors(400, 3)
    quality = np.column_stack([np.sign(vectors[:, 0]), np.zeros(400)])
    router = find_router("trees").make(pool_of(2))
    router.fit(prompts[:300], quality[:300], validation=(prompts[300:], quality[300:]))
    assert np.abs(router.predict(prompts[300:]) - quality[300:]).mean() < 0.1
    noise = np.random.default_rng(0).normal(size=(400, 2))
    router.fit(prompts[:300], noise[:300], validation=(prompts[300:], noise[300:]))
    assert router.rounds < 30


@pytest.mark.parametrize("penalty", [0.1, 10.0, 300.0])
def test_no_factorisation_of_embedllm_s_rank_has_a_smaller_penalised_error(penalty):
    from sklearn.linear_model import Ridge

    from catbench_baselines.embedllm import leading_directions

    random = np.random.default_rng(3)
    x, y = random.normal(size=(60, 8)), random.normal(size=(60, 5))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)

    def error(weights):
        return ((y - x @ weights) ** 2).sum() + penalty * (weights**2).sum()

    coefficients = Ridge(alpha=penalty).fit(x, y).coef_
    basis = leading_directions(x @ coefficients.T, coefficients, penalty)[:, :2]
    closed = error(coefficients.T @ basis @ basis.T)
    least = np.inf
    for _ in range(5):  # by turns: the least prompts' map for given directions, and back
        directions = np.linalg.qr(random.normal(size=(5, 2)))[0]
        for _ in range(300):
            inner = np.linalg.solve(x.T @ x + penalty * np.eye(8), x.T @ y @ directions)
            left, _, right = np.linalg.svd(y.T @ x @ inner, full_matrices=False)
            directions = left @ right
        least = min(least, error(inner @ directions.T))
    assert closed == pytest.approx(least, rel=1e-6)
