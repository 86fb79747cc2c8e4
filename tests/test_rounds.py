"""Who trains and who tests: splits, folds, another suite; and what a report says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from catbench import CatbenchError, evaluate
from catbench.route.router_loader import find_router
from catbench.route.routing import run_router
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import rounds_of
from catbench.score.sweep import deferral_curve
from catbench.score.truth_of_rounds import truth_of
from catbench.suite.simulate import Simulation, simulate

QUICK = Bootstrap(40)
METRIC = "simulated_score"


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=600, candidates=4, samples=2))[0]


def pipeline():
    return make_pipeline(TfidfVectorizer(), Ridge())


def test_every_prompt_is_tested_once_by_a_router_that_never_saw_its_group(matrix):
    rounds = rounds_of(matrix, 5)
    groups = matrix.prompts["group"].to_numpy()
    tested = np.concatenate([one.test.rows for one in rounds.each])
    assert sorted(tested) == list(range(len(groups)))
    for one in rounds.each:
        parts = [set(groups[part.rows]) for part in (one.train, one.validation, one.test)]
        assert not parts[0] & parts[1]
        assert not (parts[0] | parts[1]) & parts[2]
        share = len(one.validation) / (len(one.validation) + len(one.train))
        assert 0.05 < share < 0.16
    np.testing.assert_array_equal(rounds.test.rows, np.arange(len(groups)))
    for number, one in enumerate(rounds.each):
        assert (rounds.of_prompt[one.test.rows] == number).all()


def test_added_prompts_move_no_old_one_between_folds(matrix):
    few = np.arange(300)
    smaller = replace(
        matrix,
        prompts=matrix.prompts.iloc[few].reset_index(drop=True),
        scores={name: values[few] for name, values in matrix.scores.items()},
        features={name: values[few] for name, values in matrix.features.items()},
    )
    for one, other in zip(rounds_of(matrix, 4).each, rounds_of(smaller, 4).each, strict=True):
        np.testing.assert_array_equal(one.test.rows[one.test.rows < 300], other.test.rows)
        np.testing.assert_array_equal(one.validation.rows[one.validation.rows < 300], other.validation.rows)


def test_the_curve_of_folds_is_the_mean_of_their_curves(matrix):
    report = evaluate(pipeline(), matrix, metric=METRIC, folds=3, bootstrap=QUICK)
    rounds, pool = rounds_of(matrix, 3), matrix.pool(metric=METRIC)
    quality = rounds.test.qualities(pool).mean(axis=2)
    texts = matrix.prompts["text"].to_numpy()
    curves, sizes = [], []
    for one in rounds.each:
        model = pipeline().fit(texts[one.train.rows], quality[one.train.rows])
        said = model.predict(texts[one.test.rows])
        curves.append(deferral_curve(said, quality[one.test.rows], pool.cost))
        sizes.append(len(one.test))
    result, low, high = report.result(), pool.cost.min(), pool.cost.max()
    areas = [float(curve.area_log(low, high)) for curve in curves]
    assert result.estimate("audc").value == pytest.approx(np.average(areas, weights=sizes), rel=1e-5)
    for candidate, cost in zip(pool.ids, pool.cost, strict=True):
        heights = [float(curve.quality_at(cost)) for curve in curves]
        wanted = np.average(heights, weights=sizes)
        assert result.estimate("quality_at", candidate).value == pytest.approx(wanted, rel=1e-5)
    assert (report.folds, result.prompts) == (3, 600)
    assert "|split:all(600x2)|folds:3|" in report.signature


def test_a_policy_s_choices_are_pooled_by_the_position_of_their_trade_offs(matrix):
    rounds, pool = rounds_of(matrix, 3), matrix.pool(metric=METRIC)
    answers = []
    for one in rounds.each:
        parts = one.train.labelled(pool), one.validation.labelled(pool), one.test.texts()
        answers.append(run_router(find_router("fixed:sim-2"), pool, *parts))
    joined = rounds.joined(answers)
    assert joined.choices.shape == (65, 600)
    assert len(joined.validation) == 3
    result = evaluate("fixed:sim-2", matrix, metric=METRIC, folds=3, bootstrap=QUICK).result()
    assert result.estimate("gain_at", "sim-2").value == pytest.approx(0, abs=1e-9)


def test_the_best_single_candidate_of_a_fold_is_by_its_own_training_means(matrix):
    pool = matrix.pool(metric=METRIC)
    rounds = rounds_of(matrix, 4)
    truth = truth_of(rounds, pool)
    for number, one in enumerate(rounds.each):
        means = one.train.qualities(pool).mean(axis=(0, 2))
        assert set(truth.best[truth.round == number]) == {int(means.argmax())}
    result = evaluate("mixture", matrix, metric=METRIC, folds=4, bootstrap=QUICK).result()
    assert result.best_single.cost == pytest.approx(pool.cost[truth.best].mean())
    own = truth.quality[np.arange(600), truth.best].mean()
    assert result.best_single.quality.value == pytest.approx(own, rel=1e-5)


def test_what_cannot_be_folded_is_told(matrix):
    with pytest.raises(CatbenchError, match="at least 2"):
        evaluate("mixture", matrix, folds=1)
    with pytest.raises(CatbenchError, match="leaves a part of one empty"):
        rounds_of(matrix, 5000)
    uneven = {name: values.copy() for name, values in matrix.scores.items()}
    for values in uneven.values():
        values[matrix.rows("train"), :, 1] = np.nan
    fewer = replace(matrix, scores=uneven, samples={"train": 1, "validation": 2, "test": 2})
    with pytest.raises(CatbenchError, match="stores 1 and 2 samples by split"):
        rounds_of(fewer, 5)
    with pytest.raises(CatbenchError, match="give one of the two"):
        rounds_of(matrix, 5, matrix)


def test_a_suite_may_ask_for_folds_itself(matrix):
    folded = replace(matrix, suite=matrix.suite.model_copy(update={"folds": 3}))
    assert len(rounds_of(folded).each) == 3
    assert len(rounds_of(folded, 0).each) == 1
    assert evaluate("mixture", folded, metric=METRIC, bootstrap=QUICK).folds == 3


def test_win_rates_know_folds(matrix):
    found = evaluate("ridge", matrix, metric=METRIC, folds=2, trials=3, bootstrap=QUICK).result()
    rates = found.measures["win_rate"]
    assert rates.value[0] is None
    assert all(0 <= low <= high <= 1 for low, high in zip(rates.low[1:], rates.high[1:], strict=True))


def test_trained_elsewhere_on_the_candidates_that_both_have(matrix):
    other = simulate(Simulation(prompts=900, candidates=4, samples=3, seed=5))[0]
    fewer = replace(
        other,
        suite=other.suite.model_copy(update={"id": "elsewhere"}),
        candidates=other.candidates[:3],
        scores={name: values[:, :3] for name, values in other.scores.items()},
        costs=tuple(cost for cost in other.costs if cost.candidate != "other-4"),
        pools={},
    )
    seen = {}

    class Spy:
        def fit(self, prompts, quality):
            seen["train"] = list(prompts), quality

        def predict(self, prompts):
            return np.zeros((len(prompts), 3))

    report = evaluate(Spy(), matrix, metric=METRIC, train_on=fewer, bootstrap=QUICK)
    texts, quality = seen["train"]
    assert set(texts) <= set(fewer.prompts["text"].iloc[fewer.rows("train")])
    assert not set(texts) & set(matrix.prompts["text"].iloc[matrix.rows("test")])
    assert quality.shape == (len(texts), 3)
    result = report.result()
    assert result.candidates == ["sim-1", "sim-2", "other-3"]
    assert result.prompts == len(matrix.rows("test"))
    assert report.train_on == "elsewhere"
    assert f"|train-on:elsewhere@{fewer.digest[:12]}({len(texts)}),without:other-4|" in report.signature
    assert report.left_out == ("other-4",)


def test_a_metric_that_is_better_the_other_way_elsewhere_is_refused(matrix):
    other = simulate(Simulation(prompts=900, candidates=4, samples=3, seed=5))[0]
    turned = tuple(metric.model_copy(update={"direction": "lower"}) for metric in other.metrics)
    with pytest.raises(
        CatbenchError, match=r"'simulated_score': lower is better in suite .* to train on, higher in"
    ):
        evaluate("ridge", matrix, metric=METRIC, train_on=replace(other, metrics=turned), bootstrap=QUICK)


def test_suites_without_a_common_candidate_are_told(matrix):
    renamed = {c.id: c.model_copy(update={"id": f"x-{c.id}"}) for c in matrix.candidates}
    other = replace(
        matrix,
        suite=matrix.suite.model_copy(update={"id": "other"}),
        candidates=tuple(renamed.values()),
        costs=tuple(cost.model_copy(update={"candidate": f"x-{cost.candidate}"}) for cost in matrix.costs),
        pools={},
    )
    with pytest.raises(CatbenchError, match="no candidate in common"):
        evaluate("mixture", matrix, train_on=other)


def test_a_training_prompt_whose_text_is_tested_is_left_out(matrix):
    # The same prompts by other splits, so that what is tested here trains there.
    groups = matrix.prompts.groupby("group", sort=False).ngroup().to_numpy()
    splits = np.array(["train", "train", "train", "validation", "test"])[groups % 5]
    moved = matrix.suite.model_copy(update={"id": "moved"})
    other = replace(matrix, prompts=matrix.prompts.assign(split=splits), suite=moved)
    one = rounds_of(matrix, 0, other).each[0]
    tested = set(matrix.prompts["text"].iloc[matrix.rows("test")])
    assert not tested & set(one.train.texts())
    assert not tested & set(one.validation.texts())
    assert 300 < len(one.train) < len(other.rows("train"))


class ByLength:
    """Learns each candidate's mean quality for short and long prompts: a router that is fitted in no time."""

    def fit(self, prompts, quality):
        long = self.long(prompts)
        self.means = np.array([quality[long == side].mean(axis=0) for side in (False, True)])

    def predict(self, prompts):
        return self.means[self.long(prompts).astype(int)]

    @staticmethod
    def long(prompts):
        return np.array([len(text.split()) > 4 for text in prompts])


@pytest.mark.slow
def test_intervals_cover_the_fitted_routers_score_on_fresh_prompts():
    """And those of folds are narrower by the number of prompts that they test: all, and not a tenth."""
    alone, folded = coverage(0), coverage(5)
    for covered, _ in (alone, folded):
        assert 0.92 <= covered <= 0.98
    assert alone[1] / folded[1] == pytest.approx(np.sqrt(10), rel=0.1)


def coverage(folds, repeats=240):
    """Return how often the interval of AUDC covers the fitted routers' own, and its mean width."""
    fresh = simulate(Simulation(prompts=60_000, candidates=4, samples=1, noise=0.0, seed=77))[0]
    pool = fresh.pool(metric=METRIC)
    everyone = np.arange(len(fresh.prompts))
    true = fresh.qualities_at(METRIC, everyone, 1, pool).mean(axis=2)
    texts = fresh.texts(everyone)
    covered, widths = 0, []
    for seed in range(repeats):
        matrix = simulate(Simulation(prompts=400, candidates=4, samples=1, seed=1000 + seed))[0]
        rounds = rounds_of(matrix, folds)
        said = []
        for one in rounds.each:
            router = ByLength()
            router.fit(*one.train.labelled(pool))
            said.append(router.predict(texts))
        sizes = [len(one.test) for one in rounds.each]
        curves = [deferral_curve(predicted, true, pool.cost) for predicted in said]
        areas = [float(curve.area_log(pool.cost.min(), pool.cost.max())) for curve in curves]
        score = float(np.average(areas, weights=sizes))
        found = (
            evaluate(ByLength(), matrix, metric=METRIC, folds=folds, bootstrap=Bootstrap(400))
            .result()
            .estimate("audc")
        )
        covered += found.low <= score <= found.high
        widths.append(found.high - found.low)
    return covered / repeats, float(np.mean(widths))
