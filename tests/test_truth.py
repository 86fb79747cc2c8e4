"""What a router is held against: the best single candidate, kinds of prompts; compact tables, replicates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catbench import Report, compare, deferral_curve, evaluate, load, mixture_curve
from catbench.errors import CatbenchError, SubmissionError
from catbench.report.numbers import Estimate
from catbench.report.stored import stored_answers
from catbench.route.routing import processor_name
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import rounds_of
from catbench.score.scorer import Scorer
from catbench.score.truth_of_rounds import _commonest, truth_of
from catbench.score.unseen_oracles import shrinkage
from catbench.submit.verify import verify_report
from catbench.suite.pool import Candidate, Cost
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save

QUICK = Bootstrap(40)
METRIC = "simulated_score"


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    """A suite with a column that tells two kinds of prompts apart, and groups of reworded prompts."""
    made = simulate(Simulation(prompts=600, candidates=4, samples=2, noise=0.3))[0]
    long = made.prompts["words"] > 4
    folder = tmp_path_factory.mktemp("suite") / "kinds"
    save(replace(made, prompts=made.prompts.assign(task=np.where(long, "long", "short"))), folder)
    return load(folder)


def test_the_best_single_candidate_is_chosen_in_training_whatever_the_slice(matrix):
    pool = matrix.pool(metric=METRIC)
    means = matrix.qualities(METRIC, "train", pool).mean(axis=(0, 2))
    report = evaluate("ridge", matrix, metric=METRIC, by="task", bootstrap=QUICK)
    assert {result.best_single.candidate for result in report.results} == {pool.ids[means.argmax()]}
    # A test set on which another candidate leads changes nothing: that would be a maximum over test scores.
    scores = {name: values.copy() for name, values in matrix.scores.items()}
    scores[METRIC][matrix.rows("test"), 0] += 10
    turned = evaluate("ridge", replace(matrix, scores=scores), metric=METRIC, bootstrap=QUICK).result()
    assert turned.best_single.candidate == report.result().best_single.candidate
    assert turned.fixed["sim-1"].quality.value > turned.best_single.quality.value


def test_a_tie_goes_to_the_cheaper_candidate(matrix):
    equal = {METRIC: np.ones((600, 4, 2)), "simulated_error": np.ones((600, 4, 2))}
    flat = replace(matrix, scores=equal)
    result = evaluate("ridge", flat, metric=METRIC, candidates=["sim-2", "sim-1"], bootstrap=QUICK).result()
    assert result.best_single.candidate == "sim-1"
    assert result.verdict == (
        "nothing to save: sim-1 is the best single candidate and the cheapest; "
        "with no limit on cost no better and no worse"
    )


@pytest.mark.parametrize("cost", [0.0004, 0.02, 0.1, 0.3, 0.7, 1.1, 3.1])
@pytest.mark.parametrize("folds", [0, 5])
def test_a_mean_of_equal_costs_is_that_cost(matrix, cost, folds):
    prices = {name: cost * (1 + position) for position, name in enumerate(matrix.candidate_ids)}
    costs = tuple(one.model_copy(update={"value": prices[one.candidate]}) for one in matrix.costs)
    scores = matrix.scores[METRIC] + 9 * (np.arange(4) == 0)[:, None]
    cheap = replace(matrix, scores={**matrix.scores, METRIC: scores.astype(np.float32)}, costs=costs)
    pool = cheap.pool(metric=METRIC)
    truth = truth_of(rounds_of(cheap, folds), pool)
    assert truth.limit == pool.cost.min() == cost
    result = evaluate("mixture", cheap, metric=METRIC, folds=folds, bootstrap=Bootstrap(0)).result()
    assert result.verdict.startswith("nothing to save: sim-1 is the best single candidate and the cheapest")


def test_of_equally_common_best_candidates_the_cheaper_is_named(matrix):
    cost = np.array([3.0, 1.0, 2.0])
    assert _commonest(np.array([0, 0, 2, 2, 1]), cost) == 2
    assert _commonest(np.array([0, 0, 1]), cost) == 0


def test_what_is_shrunk_is_the_same_in_every_slice(matrix):
    truth = truth_of(rounds_of(matrix, 0), matrix.pool(metric=METRIC))
    part = truth.part(np.arange(len(truth.groups)) < 20)
    assert 0 < part.shrinkage == truth.shrinkage < 1
    assert shrinkage(part.samples) != truth.shrinkage


def test_against_the_best_single_candidate_by_hand(matrix):
    report = evaluate("ridge", matrix, metric=METRIC, bootstrap=QUICK)
    result, pool = report.result(), matrix.pool(metric=METRIC)
    quality = matrix.qualities(METRIC, "test", pool).mean(axis=2)
    table = report.predictions[report.predictions["split"] == "test"]
    predicted = table[list(pool.ids)].to_numpy()
    curve = deferral_curve(predicted, quality, pool.cost)
    best = pool.ids.index(result.best_single.candidate)
    own, price = quality[:, best].mean(), pool.cost[best]
    unlimited = quality[np.arange(len(quality)), predicted.argmax(axis=1)].mean()
    wanted = {
        "match_best": float(curve.cost_to_match(own)) / price,
        "gain_at_best": float(curve.quality_at(price)) - own,
        "unlimited_gain": unlimited - own,
    }
    for name, value in wanted.items():
        assert result.estimate(name).value == pytest.approx(value, rel=1e-5), name


def test_a_more_expensive_candidate_that_is_never_chosen_moves_no_binding_gain(matrix):
    rounds, pool = rounds_of(matrix, 0), matrix.pool(metric=METRIC)
    report, truth = evaluate("ridge", matrix, metric=METRIC, bootstrap=Bootstrap(0)), truth_of(rounds, pool)
    answer = stored_answers(report, rounds)[METRIC]
    few = Scorer(answer, truth).measures(np.ones((1, len(truth.groups))))

    def worst(values):
        return np.concatenate([values, values.min(axis=1, keepdims=True) - 1], axis=1)

    said = replace(
        answer,
        predicted=worst(answer.predicted),
        validation=tuple(replace(one, predicted=worst(one.predicted)) for one in answer.validation),
    )
    wider = replace(
        pool, candidates=(*pool.candidates, Candidate(id="more")), cost=np.append(pool.cost, 640.0)
    )
    truth = replace(truth, pool=wider, samples=worst(truth.samples), best_of_kind=worst(truth.best_of_kind))
    more = Scorer(said, truth).measures(np.ones((1, len(truth.groups))))
    assert truth.limit < wider.cost.max()
    np.testing.assert_allclose(more["gain_binding"], few["gain_binding"], rtol=0, atol=1e-12)
    change = {name: abs(float((more[name] - few[name])[0, 0])) for name in ("gain", "gain_linear")}
    assert change["gain_linear"] > 0.05 * abs(few["gain_linear"][0, 0])
    # The logarithmic axis hangs on it too, but less.
    assert change["gain"] < change["gain_linear"]


def test_the_best_of_each_kind_is_a_reference_with_costs(matrix):
    pool = matrix.pool(metric=METRIC)
    result = evaluate("ridge", matrix, metric=METRIC, bootstrap=QUICK).result()
    assert result.kind == "task"
    train, test = matrix.rows("train"), matrix.rows("test")
    kind = matrix.prompts["task"].to_numpy()
    quality = matrix.qualities(METRIC, "train", pool).mean(axis=2)
    means = {name: quality[kind[train] == name].mean(axis=0) for name in ("long", "short")}
    said = np.array([means[name] for name in kind[test]])
    true = matrix.qualities(METRIC, "test", pool).mean(axis=2)
    wanted = deferral_curve(said, true, pool.cost).area_log(pool.cost.min(), pool.cost.max())
    assert result.references["best_per_kind"]["audc"].value == pytest.approx(float(wanted), rel=1e-5)
    assert "best_per_kind" in result.reference_curves


def test_rewordings_are_pairs_of_different_texts_of_a_group(matrix):
    groups = matrix.prompts["group"].to_numpy().copy()
    rows = matrix.rows("test")
    groups[rows[:6]] = "same"
    texts = matrix.prompts["text"].to_numpy(dtype=object).copy()
    texts[rows[1]] = texts[rows[0]].upper() + "  "  # the same text once it is normalised
    reworded = replace(matrix, prompts=matrix.prompts.assign(group=groups, text=texts.astype(str)))
    truth = truth_of(rounds_of(reworded, 0), reworded.pool(metric=METRIC))
    assert {tuple(pair) for pair in truth.pairs} == {
        (a, b) for a in (0, 2, 3, 4, 5) for b in (0, 2, 3, 4, 5) if a < b
    }
    result = evaluate("ridge", reworded, metric=METRIC, bootstrap=QUICK).result()
    assert 0 <= result.estimate("consistency").value <= 1
    without = evaluate("ridge", matrix, metric=METRIC, bootstrap=QUICK).result().estimate("consistency")
    assert without == Estimate(value=None)


def test_raters_are_no_unseen_images(matrix):
    rated = replace(matrix, suite=matrix.suite.model_copy(update={"samples_are": "raters"}))
    found = [evaluate("mixture", m, metric=METRIC, bootstrap=QUICK).result() for m in (matrix, rated)]
    for name in ("oracle_leave_one_out", "oracle_shrunk"):
        areas = [result.references[name]["audc"] for result in found]
        assert areas[0].value is not None
        assert areas[1] == Estimate(value=None)


@pytest.mark.parametrize(
    ("hardware", "note"),
    [
        (processor_name(), ""),
        ("NVIDIA H100", "measured on .*, the candidates' on NVIDIA H100"),
        ("", "the candidates' on a machine that is not named"),
    ],
)
def test_seconds_of_another_machine_are_not_added(matrix, hardware, note):
    costs = tuple(
        Cost(candidate=c.candidate, unit="seconds", value=c.value, hardware=hardware)
        for c in matrix.costs
        if c.unit == "tflops"
    )
    result = evaluate("ridge", replace(matrix, costs=costs), metric=METRIC, bootstrap=QUICK).result()
    assert (result.estimate("audc_with_overhead").value is not None) is (note == "")
    import re

    assert re.search(note, result.overhead_note)
    assert bool(result.overhead_note) is bool(note)


def test_a_difference_keeps_the_overhead_in_tflops(matrix):
    reports = [evaluate(name, matrix, metric=METRIC, bootstrap=QUICK) for name in ("ridge", "mixture")]
    found = compare(*reports, matrix)[0]
    one, other = (report.result().estimate("audc_with_overhead").value for report in reports)
    assert found.estimate("audc_with_overhead").value == pytest.approx(one - other, abs=3e-6)


@pytest.mark.parametrize("router", ["ridge", "fixed:sim-2"])
@pytest.mark.parametrize("options", [{}, {"folds": 3}, {"compact": True}, {"by": "task"}])
def test_a_saved_report_is_derived_again(matrix, tmp_path, router, options):
    evaluate(router, matrix, bootstrap=QUICK, **options).save(tmp_path / "r.json")
    verify_report(Report.read(tmp_path / "r.json"), matrix, "r")


def test_a_report_trained_elsewhere_is_derived_again_from_both_suites(matrix, tmp_path):
    other = simulate(Simulation(prompts=300, candidates=4, samples=1, seed=3))[0]
    other = replace(other, suite=other.suite.model_copy(update={"id": "elsewhere"}))
    evaluate("ridge", matrix, train_on=other, bootstrap=QUICK).save(tmp_path / "r.json")
    report = Report.read(tmp_path / "r.json")
    verify_report(report, matrix, "r", other)
    with pytest.raises(CatbenchError, match="was trained on suite 'elsewhere'"):
        verify_report(report, matrix, "r")


def test_everything_in_a_compact_report_follows_from_the_rounded_predictions(matrix):
    exact, compact = (
        evaluate("ridge", matrix, metric=METRIC, bootstrap=QUICK, compact=compact)
        for compact in (False, True)
    )
    table = compact.predictions
    pool = matrix.pool(metric=METRIC)
    assert {str(table[name].dtype) for name in pool.ids} == {"float16"}
    train = matrix.qualities(METRIC, "train", pool).mean(axis=2)
    stored = table[table["split"] == "test"][list(pool.ids)].to_numpy(dtype=float)
    decoded = stored * train.std(axis=0) + train.mean(axis=0)
    tested = exact.predictions["split"] == "test"
    said = exact.predictions[tested][list(pool.ids)].to_numpy()
    assert 0 < np.abs(decoded - said).max() < 2e-3 * train.std(axis=0).max()
    quality = matrix.qualities(METRIC, "test", pool).mean(axis=2)
    area = deferral_curve(decoded, quality, pool.cost).area_log(pool.cost.min(), pool.cost.max())
    assert compact.result().estimate("audc").value == pytest.approx(float(area), rel=1e-5)
    assert "|compact|" in compact.signature


def test_predictions_beyond_sixteen_bits_are_held_at_their_end(matrix):
    class Wild:
        def fit(self, prompts, quality):
            pass

        def predict(self, prompts):
            return np.full((len(prompts), 4), [1e9, -1e9, 0, 1])

    table = evaluate(Wild(), matrix, metric=METRIC, bootstrap=QUICK, compact=True).predictions
    assert np.isfinite(table[list(matrix.candidate_ids)].to_numpy(dtype=float)).all()


def test_forged_numbers_and_replicates_do_not_hold(matrix, tmp_path):
    evaluate("ridge", matrix, metric=METRIC, bootstrap=QUICK).save(tmp_path / "r.json")
    report = Report.read(tmp_path / "r.json")
    result = report.results[0]

    def forged(**changes):
        return report.model_copy(update={"results": (result.model_copy(update=changes),)})

    better = result.estimate("unlimited_gain").model_copy(update={"value": 0.9})
    for changed in (
        forged(measures={**result.measures, "unlimited_gain": better}),
        forged(best_single=result.best_single.model_copy(update={"candidate": "sim-1"})),
        forged(verdict="as good as always drawing with other-4 for 1% of its cost"),
        forged(validation_gain=0.5),
        forged(budgets=result.budgets.model_copy(update={"beyond": 0, "kept": 99})),
        report.model_copy(update={"replicates": report.replicates.assign(audc=np.float32(9))}),
        report.model_copy(update={"replicates": report.replicates.iloc[:-1]}),
    ):
        with pytest.raises(SubmissionError, match="does not hold"):
            verify_report(changed, matrix, "r")


def test_replicates_are_those_behind_the_intervals(matrix):
    from catbench.score.bootstrap import ends

    report = evaluate("ridge", matrix, by="task", bootstrap=Bootstrap(100))
    for position, result in enumerate(report.results):
        rows = report.replicates[report.replicates["result"] == position]
        assert len(rows) == 100
        low, high, _ = ends(rows[["audc", "audc_linear"]].to_numpy(dtype=float))
        for column, name in enumerate(("audc", "audc_linear")):
            found = result.estimate(name)
            assert (found.low, found.high) == pytest.approx((low[column], high[column]), rel=1e-5)


def test_the_validation_gain_uses_no_test_score(matrix):
    report = evaluate("ridge", matrix, metric=METRIC, bootstrap=QUICK)
    pool = matrix.pool(metric=METRIC)
    said = report.predictions[report.predictions["split"] == "validation"][list(pool.ids)].to_numpy()
    quality = matrix.qualities(METRIC, "validation", pool).mean(axis=2)
    low, high = pool.cost.min(), pool.cost.max()
    curves = [deferral_curve(said, quality, pool.cost), mixture_curve(quality, pool.cost)]
    areas = [float(curve.area_log(low, high)) for curve in curves]
    assert report.result().validation_gain == pytest.approx(areas[0] - areas[1], rel=1e-4)


def test_a_report_is_small(tmp_path):
    """Below 60 kB for three metrics of a suite of twenty candidates, 20 kB for a further slice."""
    nano = load("nano")
    twenty = nano.candidate_ids[:20]
    made = evaluate("ridge", nano, candidates=twenty, by="source", bootstrap=Bootstrap(20))
    made.save(tmp_path / "r.json")
    report = Report.read(tmp_path / "r.json")
    sizes = {}
    for slices in (1, 2):
        kept = sorted({result.slice for result in report.results}, key=lambda name: name != "all")[:slices]
        part = report.model_copy(update={"results": tuple(r for r in report.results if r.slice in kept)})
        part.save(tmp_path / "part.json")
        sizes[slices] = (tmp_path / "part.json").stat().st_size
    assert sizes[1] < 60_000
    assert sizes[2] - sizes[1] < 20_000
