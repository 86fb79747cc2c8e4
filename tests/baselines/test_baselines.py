"""The shipped routers: plugins like anybody's."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import CatbenchError, DeferralCurve, Pool, Prompts, deferral_curve, evaluate
from catbench.route.router_loader import described, find_router, router_names
from catbench.score.bootstrap import Bootstrap
from catbench.suite.pool import Candidate
from catbench.suite.simulate import Simulation, simulate
from catbench_baselines import embedllm, features, knn, ridge, uniroute
from catbench_baselines.features import routed_quality

LEARNERS = ("embedllm", "knn", "mlp", "ridge", "uniroute")


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=800, candidates=3, samples=2))[0]


@pytest.fixture(scope="module")
def splits(matrix):
    pool = matrix.pool(metric="simulated_score")
    return pool, {
        name: (matrix.texts(matrix.rows(name)), matrix.qualities("simulated_score", name, pool).mean(axis=2))
        for name in ("train", "validation", "test")
    }


def test_all_are_installed_as_entry_points():
    estimators = {"embedllm", "knn", "mlp", "ridge", "routet2i", "transformer", "trees", "uniroute"}
    assert {"adadiff", "cems", "fixed", "guarded", "mixture", "routellm-mf"} | estimators <= set(
        router_names()
    )


@pytest.mark.parametrize("name", router_names())
def test_all_say_in_a_line_what_they_are_without_being_imported(name):
    what, module = described(name)
    assert what.endswith(".")
    assert len(what) < 120
    assert module.startswith("catbench_baselines.")
    assert described(f"{name}:option") == (what, module)
    assert described("no-such-router") == ("", "")


@pytest.mark.parametrize("name", ["embedllm", "knn", "mlp", "ridge"])  # all on more prompts in test_proofs
@pytest.mark.parametrize("with_features", [True, False])
def test_a_learner_captures_headroom(matrix, name, with_features):
    from dataclasses import replace

    suite = matrix if with_features else replace(matrix, features={})
    result = evaluate(name, suite, metric="simulated_score", bootstrap=Bootstrap(100)).result()
    assert result.estimate("gain").low > 0


def test_words_are_read_where_a_suite_ships_vectors(matrix):
    from dataclasses import replace

    words = evaluate("ridge:tfidf", matrix, metric="simulated_score", bootstrap=Bootstrap(2)).result()
    without = replace(matrix, features={})
    plain = evaluate("ridge", without, metric="simulated_score", bootstrap=Bootstrap(2)).result()
    assert words.estimate("audc").value == plain.estimate("audc").value
    vectors = evaluate("ridge", matrix, metric="simulated_score", bootstrap=Bootstrap(2)).result()
    assert words.estimate("audc").value != vectors.estimate("audc").value


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_works_without_a_validation_split(splits, name):
    pool, data = splits
    router = find_router(name).make(pool)
    router.fit(*data["train"])
    assert router.predict(data["test"][0]).shape == data["test"][1].shape


@pytest.mark.parametrize("name", ["embedllm", "knn", "ridge", "uniroute"])
def test_refitting_is_fitting_to_other_labels(splits, name):
    pool, data = splits
    prompts, quality = data["train"]
    other = np.random.default_rng(0).permutation(quality)
    again, fresh = (find_router(name).make(pool) for _ in range(2))
    again.fit(prompts, quality, validation=data["validation"])
    again.predict(data["test"][0])
    again.refit(other)
    fresh.fit(prompts, other, validation=data["validation"])
    np.testing.assert_allclose(again.predict(data["test"][0]), fresh.predict(data["test"][0]))


@pytest.mark.parametrize("name", ["knn", "ridge"])
def test_refitting_to_drawn_prompts_is_fitting_to_them(splits, name):
    """Vectors are an embedding's: they do not depend on which prompts were drawn."""
    pool, data = splits
    given = {}
    for split, (texts, _) in data.items():
        vectors = np.random.default_rng(len(split)).normal(size=(len(texts), 8)).astype(np.float32)
        given[split] = Prompts(list(texts), {"v": vectors})
    validation = given["validation"], data["validation"][1]
    quality = data["train"][1]
    again = find_router(name).make(pool).fit(given["train"], quality, validation=validation)
    again.predict(given["test"])
    for seed in range(3):
        rows = np.random.default_rng(seed).integers(0, len(quality), len(quality))
        fresh = find_router(name).make(pool)
        fresh.fit(given["train"].take(rows), quality[rows], validation=validation)
        again.refit(quality[rows], rows=rows)
        assert getattr(again, "k", 0) == getattr(fresh, "k", 0)
        expected = fresh.predict(given["test"])
        np.testing.assert_allclose(again.predict(given["test"]), expected, rtol=1e-5, atol=1e-6)
    again.refit(quality)
    whole = find_router(name).make(pool).fit(given["train"], quality, validation=validation)
    expected = whole.predict(given["test"])
    np.testing.assert_allclose(again.predict(given["test"]), expected, rtol=1e-5, atol=1e-6)


def test_k_is_chosen_on_the_validation_split():
    prompts = Prompts(
        [str(i) for i in range(64)], {"line": np.column_stack([np.arange(64.0), np.full(64, 9.0)])}
    )
    pool = simulate(Simulation(prompts=50, candidates=2))[0].pool()
    alternating = np.tile([[0.0, 1.0], [1.0, 0.0]], (32, 1))
    halves = np.repeat([[0.0, 1.0], [1.0, 0.0]], 32, axis=0)
    for quality, wanted in ((alternating, {1}), (halves, {1, 2, 4, 8})):
        router = find_router("knn").make(pool).fit(prompts, quality, validation=(prompts, quality))
        assert router.k in wanted


def test_one_neighbour_returns_its_own_quality(splits):
    pool, data = splits
    router = find_router("knn").make(pool)
    router.fit(*data["train"])
    router.k = 1
    unique = data["train"][0].take(np.arange(40))
    found = router.predict(unique)
    texts = list(data["train"][0])
    for row, text in enumerate(unique):
        same = [i for i, other in enumerate(texts) if sorted(other.split()) == sorted(text.split())]
        assert any(np.allclose(found[row], data["train"][1][i]) for i in same)


@pytest.mark.parametrize("name", LEARNERS)
def test_validation_labels_choose_the_hyperparameters_and_only_they(splits, name):
    pool, data = splits
    quality = data["validation"][1]
    answers = [
        find_router(name)
        .make(pool)
        .fit(*data["train"], validation=(data["validation"][0], labels))
        .predict(data["test"][0])
        for labels in (quality, quality + 5, -quality)
    ]
    # Each prompt's mean decides no route, so a shift of all labels chooses alike; their reverse does not.
    np.testing.assert_allclose(answers[0], answers[1])
    assert not np.allclose(answers[0], answers[2])


def test_the_area_that_chooses_is_on_the_log_cost_axis():
    pool = Pool("test", (Candidate(id="a"), Candidate(id="b")), np.array([1.0, 16.0]), "tflops", "score")
    # One prompt, better at the higher cost: quality rises linearly in cost from .2 to .8, and its mean over
    # d ln c is .2 + .6 / 15 (15 / ln 16 - 1).
    found = routed_quality([[0.0, 1.0]], [[0.2, 0.8]], pool)
    assert found == pytest.approx(0.2 + 0.04 * (15 / np.log(16) - 1), rel=1e-12)


@pytest.mark.parametrize("module", [embedllm, knn, ridge, uniroute], ids=lambda module: module.__name__)
def test_what_is_chosen_has_the_largest_area_on_the_log_cost_axis(monkeypatch, module):
    """Of all that was tried; somewhere another has the largest area on the linear axis."""
    tried, differs = [], False

    def recorded(predicted, quality, pool):
        tried.extend(np.reshape(predicted, (-1, *np.shape(quality))))
        return routed_quality(predicted, quality, pool)

    for place in (features, knn):  # whose names the others choose by
        monkeypatch.setattr(place, "routed_quality", recorded)
    for seed in range(6):
        suite = simulate(Simulation(prompts=300, candidates=4, samples=1, signal=0.5, seed=seed))[0]
        pool = suite.pool(metric="simulated_score")
        parts = [
            (suite.texts(suite.rows(name)), suite.qualities(pool.metric, name, pool).mean(axis=2))
            for name in ("train", "validation")
        ]
        tried.clear()
        router = module.make_router(pool).fit(*parts[0], validation=parts[1])
        curves = [deferral_curve(predicted, parts[1][1], pool.cost) for predicted in tried]
        logs, lines = (
            [measure(curve, pool.cost.min(), pool.cost.max()) for curve in curves]
            for measure in (DeferralCurve.area_log, DeferralCurve.area)
        )
        np.testing.assert_allclose(router.predict(parts[1][0]), tried[int(np.argmax(logs))], atol=1e-6)
        differs |= lines[int(np.argmax(logs))] < max(lines)
    assert differs


@pytest.mark.parametrize(
    "name",
    ["adadiff", "cems", "embedllm", "knn", "mixture", "mlp", "ridge", "routellm-mf", "trees", "uniroute"],
)  # those that read tokens: test_tokens
def test_fitting_again_gives_the_same_answer(splits, name):
    pool, data = splits
    extra = {} if name == "mixture" else {"validation": data["validation"]}
    once, again = (find_router(name).make(pool).fit(*data["train"], **extra) for _ in range(2))
    np.testing.assert_array_equal(answer(once, data), answer(again, data))


@pytest.mark.parametrize(
    ("name", "random"),
    [
        *((name, True) for name in ("mlp", "uniroute")),
        *((name, False) for name in ("adadiff", "cems", "embedllm", "knn", "ridge", "routellm-mf", "trees")),
    ],
)
def test_another_seed_is_another_fit_where_a_router_draws_numbers(matrix, splits, name, random):
    _, data = splits
    once, again = (
        find_router(name)
        .make(matrix.pool(metric="simulated_score", seed=seed))
        .fit(*data["train"], validation=data["validation"])
        for seed in (0, 1)
    )
    assert np.array_equal(answer(once, data), answer(again, data)) != random


def answer(router, data):
    """Return a fitted router's predictions for the test prompts, or a policy's choices."""
    prompts = data["test"][0]
    if hasattr(router, "predict"):
        return router.predict(prompts)
    return router.route(prompts, router.trade_offs)


def test_the_flops_of_a_router_are_those_of_its_products():
    random = np.random.default_rng(0)
    prompts = Prompts([f"prompt {i}" for i in range(300)], {"v": random.normal(size=(300, 200))})
    pool = simulate(Simulation(prompts=50, candidates=3))[0].pool()
    names = ("embedllm", "fixed:sim-1", "knn", "mixture", "ridge", "trees", "uniroute")
    made = {name: find_router(name).make(pool).fit(prompts, random.random((300, 3))) for name in names}
    flops = {name: router.flops_per_prompt for name, router in made.items()}
    assert flops["mixture"] == flops["fixed:sim-1"] == 0
    assert flops["ridge"] == 2 * 200 * 3
    assert flops["knn"] == 2 * 200 * 300
    assert flops["embedllm"] == 2 * (200 + 3) * 3
    # These two want fewer columns than 200, and the reduction counts.
    assert flops["uniroute"] == 2 * 200 * 128 + 2 * 128 * len(made["uniroute"].centres)
    assert flops["trees"] == 2 * 200 * 64 + made["trees"].rounds * 3


@pytest.mark.parametrize("name", LEARNERS)
def test_texts_that_share_no_word_and_one_candidate_are_enough(name):
    prompts = Prompts([f"only{i} mine{i}" for i in range(12)])
    quality = np.linspace(0, 1, 12)[:, None]
    pool = simulate(Simulation(prompts=50, candidates=1))[0].pool()
    router = find_router(name).make(pool).fit(prompts, quality, validation=(prompts, quality))
    assert router.predict(Prompts(["something else", "only3 mine3"])).shape == (2, 1)


def test_the_mixture_predicts_the_training_means():
    router = find_router("mixture").make(None).fit(Prompts(["a", "b"]), np.array([[0.0, 4], [1, 8]]))
    np.testing.assert_array_equal(router.predict(Prompts(["c"])), [[0.5, 6]])


def test_a_fixed_router_always_picks_its_candidate(splits):
    pool, data = splits
    router = find_router("fixed:other-3").make(pool).fit(*data["train"])
    chosen = router.route(data["test"][0], np.array([2.0, 0.0]))
    assert chosen.shape == (2, len(data["test"][0]))
    assert (chosen == 2).all()


@pytest.mark.parametrize("name", LEARNERS)
def test_an_unknown_feature_is_told(splits, name):
    pool, data = splits
    with pytest.raises(CatbenchError, match="no prompt feature 'clip'; it ships words"):
        find_router(f"{name}:clip").make(pool).fit(*data["train"])
