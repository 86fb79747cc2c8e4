"""The guard: how far another router is trusted, and what that costs and saves."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import CatbenchError, Pool, Prompts, find_router, mixture_curve
from catbench.report.evaluation import evaluate
from catbench.score.bootstrap import Bootstrap
from catbench.suite.pool import Candidate
from catbench.suite.simulate import Simulation, simulate
from catbench_baselines import guarded, ridge
from catbench_baselines.features import routed_quality
from catbench_baselines.guarded import areas_without_each, jackknife_error, make_router, smallest_as_good

METRIC = "simulated_score"


def splits_of(matrix, pool):
    return {
        split: (matrix.texts(matrix.rows(split)), matrix.qualities(METRIC, split, pool).mean(axis=2))
        for split in ("train", "validation", "test")
    }


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=1000, candidates=4, samples=1))[0]


@pytest.fixture(scope="module")
def pool(matrix):
    return matrix.pool(metric=METRIC)


@pytest.fixture(scope="module")
def data(matrix, pool):
    return splits_of(matrix, pool)


class Stub:
    """A router whose answer for each prompt is its number's row of a table."""

    flops_per_prompt = 5.0
    encoder_flops_per_prompt = 7.0

    def __init__(self, table):
        self.table = table

    def fit(self, prompts, quality):
        return self

    def predict(self, prompts):
        return self.table[[int(text) for text in prompts]]


def stubbed(table, true, quality=None):
    """Return the guard of a router that predicts `table` (n, M), after `true` (n, M) on validation."""
    prompts = Prompts([str(row) for row in range(len(true))])
    names = tuple(Candidate(id=f"c{number}") for number in range(true.shape[1]))
    costs = np.geomspace(1, 10, true.shape[1])
    router = guarded.GuardedRouter(Pool("test", names, costs, "tflops", "score"), Stub(table))
    return router.fit(prompts, true if quality is None else quality, validation=(prompts, true)), prompts


def test_a_router_that_knows_the_qualities_is_left_alone_where_shrinking_costs():
    random = np.random.default_rng(0)
    true = random.normal([1.0, 0.0], size=(400, 2))  # shrunk, none goes to the second
    router, prompts = stubbed(true, true)
    assert router.factor == 1
    np.testing.assert_allclose(router.predict(prompts), true)
    assert (router.flops_per_prompt, router.encoder_flops_per_prompt) == (5.0, 7.0)


def test_a_router_that_knows_the_opposite_is_not_read():
    true = np.random.default_rng(1).normal(size=(400, 3))
    router, prompts = stubbed(-true, true)
    assert router.factor == 0
    np.testing.assert_array_equal(router.predict(prompts), np.tile(true.mean(axis=0), (400, 1)))
    assert (router.flops_per_prompt, router.encoder_flops_per_prompt) == (0, None)


def test_a_router_that_knows_nothing_of_the_prompt_needs_no_trust():
    true = np.random.default_rng(2).normal(size=(100, 3))
    router, _ = stubbed(np.tile(true.mean(axis=0), (100, 1)), true)
    assert router.factor == 0


def test_predictions_are_shrunk_towards_the_training_means():
    true = np.random.default_rng(3).normal(size=(50, 2))
    router, prompts = stubbed(true, true, quality=true + np.array([10, 20]))
    router.factor = 0.25
    means = true.mean(axis=0) + np.array([10, 20])
    np.testing.assert_allclose(router.predict(prompts), 0.75 * means + 0.25 * true)


def test_one_prompt_proves_nothing():
    assert stubbed(np.array([[5.0, 0.0]]), np.array([[5.0, 0.0]]), np.array([[0.0, 1.0]]))[0].factor == 0


def test_the_smallest_within_one_standard_error_is_taken(data, pool):
    texts, true = data["validation"]
    predicted = ridge.make_router(pool).fit(*data["train"]).predict(texts)
    means = data["train"][1].mean(axis=0)
    tried = [means + factor * (predicted - means) for factor in guarded.FACTORS]
    areas = [routed_quality(shrunk, true, pool) for shrunk in tried]
    without = [left_out(shrunk, true, pool) for shrunk in tried]
    best = int(np.argmax(areas))
    spread = [np.sqrt((len(true) - 1) * np.var(without[best] - each)) for each in without]
    near = [areas[best] - area <= error for area, error in zip(areas, spread, strict=True)]
    assert near.index(True) == smallest_as_good(tried, true, pool)
    assert 0 < near.index(True) < best  # neither the best nor the mixture


def left_out(predicted, quality, pool):
    """Return the exact areas without each prompt, one curve after the other."""
    keep = ~np.eye(len(quality), dtype=bool)
    return np.array([routed_quality(predicted[rows], quality[rows], pool) for rows in keep])


def test_the_standard_error_is_that_of_leaving_each_prompt_out_and_of_a_paired_bootstrap(data, pool):
    texts, true = data["validation"]
    fitted = ridge.make_router(pool).fit(*data["train"])
    one, other = fitted.predict(texts), np.tile(data["train"][1].mean(axis=0), (len(true), 1))
    found = areas_without_each(one, true, pool) - areas_without_each(other, true, pool)
    exact = left_out(one, true, pool) - left_out(other, true, pool)
    assert jackknife_error(found) == pytest.approx(jackknife_error(exact), rel=0.02)
    random, gains = np.random.default_rng(0), []
    for _ in range(400):
        rows = random.integers(0, len(true), len(true))
        gains.append(
            routed_quality(one[rows], true[rows], pool) - routed_quality(other[rows], true[rows], pool)
        )
    assert jackknife_error(found) == pytest.approx(np.std(gains), rel=0.12)
    alone = jackknife_error(areas_without_each(one, true, pool))
    assert jackknife_error(found) < 0.7 * alone  # of the difference, not of either


def test_areas_without_each_prompt_pass_every_corner_of_the_mixture():
    true = np.random.default_rng(4).normal([0.0, 2.0, 3.0, 3.4, 3.3], 1.0, size=(80, 5))
    names = tuple(Candidate(id=name) for name in "abcde")
    pool = Pool("test", names, np.geomspace(1, 20, 5), "tflops", "score")
    means = np.tile(true.mean(axis=0), (80, 1))
    np.testing.assert_allclose(areas_without_each(means, true, pool), left_out(means, true, pool))


@pytest.mark.parametrize("cost", [[1.0, 1.0, 1.0], [4.0, 1.0, 1.0], [1.0, 2.0, 2.0]])
def test_areas_without_each_prompt_follow_equal_costs(cost):
    random = np.random.default_rng(5)
    predicted, true = random.normal(size=(2, 60, 3))
    pool = Pool("test", tuple(Candidate(id=name) for name in "abc"), np.array(cost), "tflops", "score")
    found, exact = areas_without_each(predicted, true, pool), left_out(predicted, true, pool)
    assert jackknife_error(found - exact) < 0.1 * jackknife_error(exact)


@pytest.mark.parametrize("cost", [0.02, 0.1, 0.7, 3.1, 82.2473])
def test_a_sum_of_equal_costs_that_rounds_up_is_no_error(cost):
    true = np.random.default_rng(6).normal(size=(130, 2))
    pool = Pool("test", (Candidate(id="a"), Candidate(id="b")), np.array([cost, 9 * cost]), "tflops", "score")
    for count in (13, 14, 130):
        assert np.isfinite(areas_without_each(true[:count], true[:count], pool)).all()


@pytest.mark.parametrize("inner", ["", "ridge", "knn", "mlp", "knn:words"])
def test_refitting_is_fitting_to_other_labels(data, pool, inner):
    prompts, quality = data["train"]
    other = np.random.default_rng(0).permutation(quality)
    again, fresh = make_router(pool, inner), make_router(pool, inner)
    again.fit(prompts, quality, validation=data["validation"])
    assert again.factor > 0
    again.predict(data["test"][0])
    again.refit(other)
    fresh.fit(prompts, other, validation=data["validation"])
    assert again.factor == fresh.factor
    np.testing.assert_allclose(again.predict(data["test"][0]), fresh.predict(data["test"][0]))


def test_the_inner_router_is_given_what_its_fit_names(data, pool):
    plain, guard = ridge.make_router(pool), make_router(pool, "ridge")
    for router in (plain, guard):
        router.fit(*data["train"], validation=data["validation"])
    guard.factor = 1.0
    np.testing.assert_allclose(guard.predict(data["test"][0]), plain.predict(data["test"][0]))
    assert guard.flops_per_prompt == plain.flops_per_prompt

    class Slow(Stub):
        def fit(self, prompts, quality, progress):
            progress(1, 3)

    said = []
    wrapped = guarded.GuardedRouter(pool, Slow(np.zeros((9, 4))))
    wrapped.fit(Prompts(["1"]), np.zeros((1, 4)), progress=lambda *step: said.append(step))
    assert said == [(1, 3)]


def test_without_a_validation_split_the_factor_is_fixed(data, pool):
    router = make_router(pool).fit(*data["train"])
    assert router.factor == guarded.DEFAULT
    plain, means = ridge.make_router(pool).fit(*data["train"]), data["train"][1].mean(axis=0)
    shrunk = means + guarded.DEFAULT * (plain.predict(data["test"][0]) - means)
    np.testing.assert_allclose(router.predict(data["test"][0]), shrunk)


@pytest.mark.parametrize("inner", ["adadiff", "fixed:sim-1"])
def test_a_policy_has_nothing_to_shrink(pool, inner):
    with pytest.raises(CatbenchError, match=f"guarded:{inner} has nothing to shrink: it picks"):
        make_router(pool, inner)


def test_an_option_that_the_inner_router_does_not_take_is_told(pool):
    with pytest.raises(CatbenchError, match="router 'mixture' takes no option, and 'mixture:x' gives one"):
        make_router(pool, "mixture:x")


def test_the_router_of_a_file_can_be_guarded(pool, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from catbench_baselines.ridge import make_router\n\nclever = make_router\n"
    )
    shipped = make_router(pool, "ridge").fit(*data["train"], validation=data["validation"])
    for text in ("guarded:./mine.py", "guarded:mine.py", "guarded:mine.py:clever"):
        router = find_router(text)
        found = router.make(pool).fit(*data["train"], validation=data["validation"])
        np.testing.assert_array_equal(found.predict(data["test"][0]), shipped.predict(data["test"][0]))
    assert find_router("guarded:./mine.py").name == "guarded:mine"
    with pytest.raises(CatbenchError, match=r"there is no file other\.py"):
        find_router("guarded:other.py").make(pool)


def test_an_unknown_router_is_told(pool):
    with pytest.raises(CatbenchError, match=r"unknown router 'rigde': did you mean 'ridge'"):
        make_router(pool, "rigde")


def test_what_the_inner_router_refuses_is_told(data, pool):
    with pytest.raises(CatbenchError, match="no prompt feature 'clip'; it ships words"):
        make_router(pool, "ridge:clip").fit(*data["train"])


def test_it_is_evaluated_like_any_router(matrix):
    report = evaluate(make_router, matrix, metric=METRIC, bootstrap=Bootstrap(50))
    assert report.result().estimate("gain").value > 0


def losses(seed):
    """Return what ridge, guarded and mixture lose to the mixture's curve where no prompt tells anything.

    The labels are in a random order, so every prompt expects the same, and routers are scored by that.
    """
    matrix = simulate(Simulation(prompts=600, candidates=4, samples=1, noise=5.0, seed=seed))[0]
    pool, random = matrix.pool(metric=METRIC), np.random.default_rng(seed)
    data = {
        split: (texts, random.permutation(quality))
        for split, (texts, quality) in splits_of(matrix, pool).items()
    }
    means = np.concatenate([quality for _, quality in data.values()]).mean(axis=0)
    expected = np.tile(means, (len(data["test"][1]), 1))
    most = mixture_curve(means, pool.cost).area_log(pool.cost.min(), pool.cost.max())
    return [most - routed_quality(answer, expected, pool) for answer in answers(pool, data)]


def answers(pool, data):
    """Return what ridge, guarded ridge and the mixture predict for the test prompts."""
    router = make_router(pool, "ridge").fit(*data["train"], validation=data["validation"])
    found = []
    for factor in (1.0, router.factor, 0.0):
        router.factor = factor
        found.append(router.predict(data["test"][0]))
    return found


def test_without_signal_it_loses_less_than_a_tenth_of_what_ridge_loses():
    found = np.array([losses(seed) for seed in range(40)])
    lost = found[:, :2] - found[:, 2:]  # to the mixture, which every factor has in common
    plain, guard = lost.mean(axis=0)
    assert plain > 3 * lost[:, 0].std() / np.sqrt(len(lost))  # ridge does lose
    assert guard < plain / 10


@pytest.mark.parametrize(("prompts", "signal"), [(600, 1.5), (1200, 1.0)])
def test_of_a_gain_of_four_standard_errors_it_keeps_nine_tenths(prompts, signal):
    gains, errors = [], []
    for seed in range(25):
        simulation = Simulation(prompts=prompts, candidates=4, samples=1, signal=signal, seed=seed)
        matrix = simulate(simulation)[0]
        pool = matrix.pool(metric=METRIC)
        data = splits_of(matrix, pool)
        true = data["test"][1]
        plain, guard, alone = answers(pool, data)
        without = areas_without_each(plain, true, pool) - areas_without_each(alone, true, pool)
        errors.append(jackknife_error(without))
        found = [routed_quality(answer, true, pool) for answer in (plain, guard, alone)]
        gains.append(np.array(found[:2]) - found[2])
    plain, guard = np.mean(gains, axis=0)
    assert plain > 4 * np.mean(errors)
    assert guard > 0.9 * plain
