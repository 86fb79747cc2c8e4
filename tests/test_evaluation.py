"""Evaluating a router end to end: what a report must hold, whoever wrote the router."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import catbench
from catbench import CatbenchError, deferral_curve, evaluate, mixture_curve, oracle_curve
from catbench.report.numbers import Estimate
from catbench.report.trials import Trials, run_trials
from catbench.route.routing import NamedRouter
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import rounds_of
from catbench.score.truth_of_rounds import truth_of
from catbench.suite.recipes.making import find_recipe, make
from catbench.suite.simulate import Simulation, simulate

QUICK = Bootstrap(40)


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=600, candidates=4))[0]


def pipeline():
    return make_pipeline(TfidfVectorizer(), Ridge())


def test_a_scikit_learn_pipeline_is_a_router(matrix):
    report = evaluate(pipeline(), matrix, metric="simulated_score", bootstrap=QUICK)
    result, pool = report.result(), matrix.pool()
    train, test = matrix.rows("train"), matrix.rows("test")
    quality = matrix.scores["simulated_score"].astype(float).mean(axis=2)
    texts = matrix.prompts["text"].to_numpy()
    predicted = pipeline().fit(texts[train], quality[train]).predict(texts[test])
    low, high = pool.cost.min(), pool.cost.max()
    areas = [
        curve.area_log(low, high)
        for curve in (
            deferral_curve(predicted, quality[test], pool.cost),
            mixture_curve(quality[test], pool.cost),
            oracle_curve(quality[test], pool.cost),
        )
    ]
    assert result.estimate("audc").value == pytest.approx(areas[0], rel=1e-5)
    assert result.references["mixture"]["audc"].value == pytest.approx(areas[1], rel=1e-5)
    assert result.references["oracle"]["audc"].value == pytest.approx(areas[2], rel=1e-5)
    headroom = (areas[0] - areas[1]) / (areas[2] - areas[1])
    assert result.estimate("headroom").value == pytest.approx(headroom, rel=1e-5)
    tested = report.predictions[report.predictions["split"] == "test"]
    np.testing.assert_allclose(tested[list(pool.ids)], predicted)


def test_every_number_lies_in_its_interval(matrix):
    result = evaluate("ridge", matrix, metric="simulated_score", bootstrap=Bootstrap(200)).result()
    for name, found in result.measures.items():
        columns = [found] if isinstance(found, Estimate) else map(found.at, range(len(result.candidates)))
        for estimate in columns:
            if estimate.value is None:
                assert name == "consistency"  # there are no rewordings
                continue
            assert estimate.low <= estimate.value + 1e-12, name
            assert estimate.value <= estimate.high + 1e-12, name


def test_a_lower_is_better_metric_mirrors_its_negative(matrix):
    lower = evaluate("ridge", matrix, metric="simulated_error", bootstrap=QUICK).result()
    flipped = catbench.ScoreMatrix(
        suite=matrix.suite,
        prompts=matrix.prompts,
        candidates=matrix.candidates,
        metrics=(matrix.metric("simulated_error").model_copy(update={"direction": "higher"}),),
        scores={"simulated_error": -matrix.scores["simulated_error"]},
        costs=matrix.costs,
        features=matrix.features,
    )
    higher = evaluate("ridge", flipped, bootstrap=QUICK).result()
    one, other = lower.estimate("audc"), higher.estimate("audc")
    assert (one.value, one.low, one.high) == (-other.value, -other.high, -other.low)
    assert lower.estimate("gain") == higher.estimate("gain")
    assert lower.estimate("cost_to_match", "sim-2") == higher.estimate("cost_to_match", "sim-2")
    assert lower.fixed["sim-2"].quality.value == -higher.fixed["sim-2"].quality.value
    np.testing.assert_allclose(lower.curve.quality, np.negative(higher.curve.quality))
    assert lower.curve.low <= lower.curve.quality


def test_a_fixed_router_ends_in_its_candidate(matrix):
    result = evaluate("fixed:sim-2", matrix, metric="simulated_score", bootstrap=QUICK).result()
    assert result.estimate("peak").value == pytest.approx(result.fixed["sim-2"].quality.value)
    assert result.estimate("gain_at", "sim-2").value == pytest.approx(0)
    assert result.estimate("cost_to_match", "sim-1").value == 1
    assert result.estimate("cost_to_match", "other-4").value is None
    assert set(result.measures["rmse"].value) == {None}  # it predicts no quality


def test_the_training_mixture_captures_about_none_of_the_headroom(matrix):
    result = evaluate("mixture", matrix, metric="simulated_score", bootstrap=QUICK).result()
    assert abs(result.estimate("headroom").value) < 0.05


def test_the_validation_split_goes_only_to_those_that_ask(matrix):
    seen = {}

    class Asks:
        def fit(self, prompts, quality, validation):
            seen["train"], seen["validation"] = len(prompts), len(validation[0])
            return self

        def predict(self, prompts):
            seen.setdefault("test", list(prompts))  # the test prompts come first
            return np.zeros((len(prompts), 4))

    evaluate(Asks(), matrix, metric="simulated_score", bootstrap=QUICK)
    assert seen["train"] == len(matrix.rows("train"))
    assert seen["validation"] == len(matrix.rows("validation"))
    assert seen["test"] == matrix.prompts["text"].to_numpy()[matrix.rows("test")].tolist()


def test_a_router_cannot_change_the_scores_through_what_it_is_given(matrix):
    class Vandal:
        def fit(self, prompts, quality):
            quality[:] = -1
            return self

        def predict(self, prompts):
            return np.zeros((len(prompts), 4))

    before = {name: scores.copy() for name, scores in matrix.scores.items()}
    evaluate(Vandal(), matrix, metric="simulated_score", bootstrap=QUICK)
    for name, scores in matrix.scores.items():
        np.testing.assert_array_equal(scores, before[name])
        assert not scores.flags.writeable


def test_a_policy_is_asked_at_falling_trade_offs_and_may_follow_eq_3(matrix):
    class Greedy:
        def __init__(self, pool):
            self.cost = pool.cost

        def fit(self, prompts, quality):
            self.model = pipeline().fit(list(prompts), quality)
            return self

        def route(self, prompts, trade_offs):
            assert (np.diff(trade_offs) < 0).all()
            assert trade_offs[-1] == 0
            predicted = self.model.predict(list(prompts))
            return np.array([(predicted - t * self.cost).argmax(axis=1) for t in trade_offs])

    policy = evaluate(Greedy, matrix, metric="simulated_score", bootstrap=QUICK)
    estimator = evaluate(pipeline(), matrix, metric="simulated_score", bootstrap=QUICK)
    assert policy.router.kind == "policy"
    ours, exact = (report.result().estimate("audc").value for report in (policy, estimator))
    gain = estimator.result().estimate("gain").value
    assert ours == pytest.approx(exact, abs=0.1 * gain)


def test_pools_and_candidates(matrix):
    assert [*evaluate("mixture", matrix, pool="sim", bootstrap=QUICK).result().fixed] == ["sim-1", "sim-2"]
    assert [*evaluate("mixture", matrix, pool="homogeneous", bootstrap=QUICK).result().fixed] == [
        "sim-1",
        "sim-2",
    ]
    chosen = evaluate("mixture", matrix, candidates=["other-3", "sim-1"], bootstrap=QUICK).result()
    assert [*chosen.fixed] == ["other-3", "sim-1"]
    assert chosen.pool == "custom"
    with pytest.raises(CatbenchError, match="did you mean 'sim\\+'"):
        evaluate("mixture", matrix, pool="sim++")


def test_a_pool_of_one_candidate_has_no_headroom(matrix):
    result = evaluate("ridge", matrix, candidates=["sim-1"], bootstrap=QUICK).result()
    assert result.estimate("headroom").value is None
    assert result.estimate("audc").value == pytest.approx(result.fixed["sim-1"].quality.value)


def test_slices_part_the_test_prompts(matrix):
    report = evaluate("ridge", matrix, metric="simulated_score", by="words", bootstrap=QUICK)
    sizes = [result.prompts for result in report.results]
    assert sizes[0] == sum(sizes[1:]) == len(matrix.rows("test"))
    assert report.results[1].slice == "words=1"


def test_a_numeric_column_with_many_values_is_cut_into_three_in_order(matrix):
    prompts = matrix.prompts.assign(length=5 + np.arange(len(matrix.prompts)) / 20)
    more = catbench.ScoreMatrix(
        suite=matrix.suite,
        prompts=prompts,
        candidates=matrix.candidates,
        metrics=matrix.metrics,
        scores=matrix.scores,
        costs=matrix.costs,
    )
    results = evaluate("mixture", more, metric="simulated_score", by="length", bootstrap=QUICK).results[1:]
    sizes = [result.prompts for result in results]
    assert len(sizes) == 3
    assert max(sizes) - min(sizes) <= 1
    # As texts they would stand in another order: (14, (24 and only then (4.
    starts = [float(result.slice.removeprefix("length=(").partition(",")[0]) for result in results]
    assert starts == pytest.approx([5, 15, 25], abs=1.5)


def test_win_rates_come_from_refits_on_fewer_samples(matrix):
    report = evaluate("ridge", matrix, metric="simulated_score", trials=Trials(6, samples=2), bootstrap=QUICK)
    rates = report.result().measures["win_rate"]
    assert rates.value[0] is None
    assert round(rates.value[1] * 6, 4) in range(7)
    assert rates.low[1] <= rates.value[1] <= rates.high[1]
    assert rates.deviation[1] > 0
    assert "trials:6x2of4" in report.signature


def test_a_trial_cannot_draw_every_stored_sample(matrix):
    with pytest.raises(CatbenchError, match="fewer samples than the 4 stored"):
        evaluate("ridge", matrix, metric="simulated_score", trials=Trials(2, samples=4), bootstrap=QUICK)


def test_with_one_stored_sample_a_trial_draws_prompts():
    single = simulate(Simulation(prompts=300, candidates=3, samples=1))[0]
    report = evaluate("knn", single, metric="simulated_score", trials=3, bootstrap=QUICK)
    assert "trials:3xprompts" in report.signature
    unseen = report.result().references["oracle_leave_one_out"]
    assert {found.value for found in unseen.values()} == {None}


@pytest.mark.parametrize("samples", [1, 2])
def test_a_router_that_refits_is_fitted_once_for_all_trials(samples):
    """Each trial gives what a router fitted anew to the same draw gives."""
    single = simulate(Simulation(prompts=300, candidates=3, samples=samples))[0]
    rounds, pool = rounds_of(single), single.pool(metric="simulated_score")
    fits = []

    class Means:
        def __init__(self, pool):
            pass

        def fit(self, prompts, quality):
            fits.append(self)
            self.table = dict(zip(prompts, quality, strict=True))  # of a prompt drawn twice, the same

        def predict(self, prompts):
            nearest = sorted(self.table)
            return np.array([self.table[nearest[len(text) % len(nearest)]] for text in prompts])

    class Refitting(Means):
        def fit(self, prompts, quality):
            super().fit(prompts, quality)
            self.prompts = prompts

        def refit(self, quality, rows=None):
            prompts = self.prompts if rows is None else self.prompts.take(rows)
            self.table = dict(zip(prompts, quality, strict=True))

    truth = truth_of(rounds, pool)
    anew, again = (
        run_trials(NamedRouter("test", make), rounds, pool, truth, Trials(4)) for make in (Means, Refitting)
    )
    np.testing.assert_array_equal(anew, again)
    assert np.ptp(again, axis=0).any()
    assert len(fits) == 4 + 1


def test_the_same_call_gives_the_same_numbers(matrix):
    one, other = (evaluate("mlp", matrix, metric="simulated_score", bootstrap=QUICK) for _ in range(2))
    assert one.result().measures == other.result().measures
    assert one.signature == other.signature


def test_simulated_says_so_everywhere(matrix):
    report = evaluate("mixture", matrix, bootstrap=QUICK)
    assert report.simulated
    assert report.signature.startswith("SIMULATED|")


def test_on_cems_reading_the_prompt_beats_the_best_single_model(shared):
    """The best shipped baseline against the best of four real models: its peak, and the fair test."""
    result = evaluate(
        "ridge", make(find_recipe("cems"), shared / "data" / "cems"), metric="clip_score"
    ).result()
    best = max(result.fixed, key=lambda name: result.fixed[name].quality.value)
    assert best == "sdxl-turbo"
    assert result.estimate("peak_gain").low > 0
    assert result.estimate("gain_at", best).low > 0
    assert result.estimate("gain").low > 0


def test_a_policy_pays_for_one_trade_off_and_for_all_that_this_takes(matrix, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("catbench.route.routing.time", SimpleNamespace(perf_counter=lambda: now[0]))

    class Slow:
        def __init__(self, pool):
            pass

        def fit(self, prompts, quality):
            return self

        def route(self, prompts, trade_offs):
            now[0] += 5 + len(trade_offs)  # what it reads, and each trade-off
            return np.zeros((len(trade_offs), len(prompts)))

    report = evaluate(Slow, matrix, metric="simulated_score", bootstrap=QUICK)
    whole = report.result().seconds_per_prompt * len(matrix.rows("test"))
    assert whole == pytest.approx(5 + 1)


def test_a_slice_column_with_gaps_is_refused(matrix):
    from dataclasses import replace

    gaps = matrix.prompts.assign(kind=np.where(np.arange(len(matrix.prompts)) % 2, 1.0, np.nan))
    with pytest.raises(CatbenchError, match="have no 'kind' to slice by"):
        evaluate("mixture", replace(matrix, prompts=gaps), by="kind", bootstrap=QUICK)
