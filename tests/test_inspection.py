"""Is there anything to route? Figures against the core's own, answers on matrices whose truth is planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catbench import CatbenchError, evaluate, mixture_curve, oracle_curve
from catbench.inspect.finding import concluded, halving, money
from catbench.inspect.inspection import FOLDS, inspect
from catbench.report.numbers import Estimate
from catbench.score.bootstrap import Bootstrap
from catbench.score.unseen_oracles import Variation, variances
from catbench.suite.simulate import Simulation, simulate

QUICK = Bootstrap(60)


@pytest.fixture(scope="module")
def matrix():
    """400 prompts x 3 candidates x 2 samples of two metrics, with a column that tells kinds apart."""
    matrix, _ = simulate(Simulation(prompts=400, candidates=3, samples=2))
    kinds = np.where(matrix.prompts["words"] > 4, "long", "short")
    return replace(matrix, prompts=matrix.prompts.assign(kind=kinds))


@pytest.fixture(scope="module")
def found(matrix):
    return inspect(matrix, bootstrap=QUICK)


def of_scores(matrix, scores):
    """A suite of the same prompts with one metric, of scores (n, M, S) for the first M candidates."""
    names = matrix.candidate_ids[: scores.shape[1]]
    return replace(
        matrix,
        candidates=matrix.candidates[: scores.shape[1]],
        costs=tuple(cost for cost in matrix.costs if cost.candidate in names),
        pools={},
        metrics=matrix.metrics[:1],
        scores={"simulated_score": scores.astype(np.float32)},
        samples={},
    )


def test_figures_are_those_of_the_core(matrix, found):
    pool = matrix.pool()
    quality = matrix.scores["simulated_score"].astype(float).mean(axis=2)
    low, high = pool.cost.min(), pool.cost.max()
    mixture, oracle = (
        curve(quality, pool.cost).area_log(low, high) for curve in (mixture_curve, oracle_curve)
    )
    assert found.gains["oracle"].gain.value == pytest.approx(oracle - mixture, rel=1e-5)
    assert found.gains["oracle"].headroom.value == 1
    np.testing.assert_allclose(found.fixed_quality.value, quality.mean(axis=0), rtol=1e-5)
    assert found.basis.tested == found.basis.prompts == len(quality)
    assert found.basis.embeddings == ["words"]
    assert "|features:none|" in found.signature


def test_the_ridge_and_the_references_are_those_of_a_report_by_folds(matrix, found):
    words_only = replace(matrix, features={})
    result = evaluate("ridge", words_only, metric="simulated_score", folds=FOLDS, bootstrap=QUICK).result()
    assert found.gains["ridge"].gain == result.estimate("gain")
    assert found.gains["ridge"].headroom == result.estimate("headroom")
    assert found.saves == result.verdict
    assert found.kind == result.kind == "kind"
    level = result.references["mixture"]["audc"].value
    for name in ("oracle", "oracle_shrunk", "best_per_kind"):
        gained = result.references[name]["audc"].value - level
        assert found.gains[name].gain.value == pytest.approx(gained, abs=2e-6), name
    assert found.gains["oracle_shrunk"].headroom == result.references["oracle_shrunk"]["headroom"]
    heights = np.array(result.curve.quality) - result.reference_curve("mixture").quality
    np.testing.assert_allclose(found.gains["ridge"].along.quality, heights[::2], atol=2e-6)


def test_every_figure_lies_in_its_interval(found):
    estimates = [value for gain in found.gains.values() for value in (gain.gain, gain.headroom)]
    estimates += [getattr(found.variances, name) for name in ("interaction", "noise", "repeats")]
    for estimate in estimates:
        assert estimate.low <= estimate.value <= estimate.high
    for gain in found.gains.values():
        ends = zip(gain.along.low, gain.along.quality, gain.along.high, strict=True)
        assert all(low - 1e-6 <= value <= high + 1e-6 for low, value, high in ends)


def test_variances_of_a_resample_are_those_of_its_rows():
    random = np.random.default_rng(0)
    samples = random.normal(size=(30, 4, 3)) + random.normal(size=(30, 4, 1)) + np.arange(4)[:, None] * 50
    times = random.integers(0, 4, 30)
    weights = np.stack([np.ones(30), times])
    interaction, noise = Variation(samples).variances(weights)
    for row, rows in enumerate((samples, np.repeat(samples, times, axis=0))):
        np.testing.assert_allclose((interaction[row], noise[row]), variances(rows), rtol=1e-9)
    centred = samples - samples.mean(axis=1, keepdims=True)
    centred -= centred.mean(axis=(0, 2), keepdims=True)
    by_hand = (centred.mean(axis=2) ** 2).sum() / (29 * 4) - centred.var(axis=2, ddof=1).mean() / 3
    assert interaction[0] == pytest.approx(by_hand)


def test_planted_shares_come_again(matrix):
    random = np.random.default_rng(4)
    shape = (len(matrix.prompts), 4, 6)
    wide, _ = simulate(Simulation(prompts=shape[0], candidates=4, samples=1))
    scores = random.normal(0, 0.6, shape[:2])[:, :, None] + random.normal(0, 0.8, shape)
    share = inspect(of_scores(wide, scores), bootstrap=QUICK).variances.repeats
    assert share.low < 0.36 < share.high


@pytest.mark.parametrize("most", [150, 250])
def test_prompts_are_drawn_by_seed_in_whole_groups_and_of_every_split(matrix, most, monkeypatch):
    pairs = replace(matrix, prompts=matrix.prompts.assign(group=_paired(matrix.prompts)))
    parts = []
    monkeypatch.setattr(
        "catbench.inspect.inspection.evaluate",
        lambda router, part, **given: parts.append(part) or evaluate("mixture", part, **given),
    )
    found = [inspect(pairs, most=most, seed=seed, bootstrap=Bootstrap(5)) for seed in (1, 1, 2)]
    ids = [list(part.prompts["prompt_id"]) for part in parts]
    assert ids[0] == ids[1] != ids[2]
    for part, one in zip(parts, found, strict=True):
        assert most - 2 <= len(part.prompts) == one.basis.prompts <= most
        groups = pairs.prompts["group"]
        assert len(part.prompts) == groups.isin(part.prompts["group"]).sum()
        shares = part.prompts["split"].value_counts(normalize=True)
        wanted = pairs.prompts["split"].value_counts(normalize=True)
        assert (abs(shares - wanted) < 0.06).all()
        rows = pairs.prompts["prompt_id"].isin(part.prompts["prompt_id"]).to_numpy()
        np.testing.assert_array_equal(part.scores["simulated_score"], pairs.scores["simulated_score"][rows])
        assert one.basis.stored == len(pairs.prompts)
        assert f"drawn:{len(part.prompts)}of400" in one.signature


def _paired(prompts):
    """Groups of two prompts of one split each, beside those that have several already."""
    groups = prompts["group"].copy()
    for rows in prompts.groupby("split").groups.values():
        names = list(dict.fromkeys(groups[rows]))
        new = dict(zip(names[1::2], names[::2], strict=False))
        groups[rows] = groups[rows].map(lambda name, new=new: new.get(name, name))
    return groups


def test_a_signal_in_the_words_is_surely_something_to_route(found):
    assert found.answer == "yes"
    assert found.sentence.startswith(
        "yes: averaged over budgets a ridge on the prompt's words surely gains .0"
    )
    assert found.sentence.endswith("; about 1,200 more prompts would halve the intervals")


@pytest.mark.parametrize(
    ("match", "gain", "says"),
    [
        (
            (0.8, 0.7, 0.9),
            (0.1, -0.1, 0.2),
            "it surely costs less than always drawing with best, for images as good",
        ),
        (
            (0.99, 0.9, None),
            (0.1, 0.05, 0.2),
            "it is surely better than always drawing with best, for as much",
        ),
        (
            (0.99, 0.9, None),
            (0.0, -0.1, 0.1),
            "that it saves anything against always drawing with best is not shown",
        ),
        (
            (0.99, 0.9, 1.0),
            (0.0, -0.1, 0.1),
            "that it saves anything against always drawing with best is not shown",
        ),
        (
            (None, None, None),
            (-0.1, None, None),
            "that it saves anything against always drawing with best is not shown",
        ),
    ],
)
def test_money_is_called_sure_by_its_own_interval(match, gain, says):
    from types import SimpleNamespace

    numbers = {"match_best": match, "gain_at_best": gain}
    result = SimpleNamespace(
        best_single=SimpleNamespace(candidate="best", cost=4.0),
        costs=[1.0, 4.0],
        estimate=lambda name: Estimate(**dict(zip(("value", "low", "high"), numbers[name], strict=True))),
    )
    assert money(result) == says
    result.costs = [4.0, 9.0]
    assert money(result) == ""


def test_a_sure_area_says_nothing_of_money(found):
    sure = found.model_copy(update={"money": "that it saves anything is not shown"})
    assert "; that it saves anything is not shown; about" in concluded(sure).sentence
    assert "yes, surely" not in concluded(sure).sentence


def test_noise_of_single_samples_is_not_shown_to_be_anything(matrix):
    noise = np.random.default_rng(1).normal(0, 0.1, (400, 3, 1)) + np.array([0, 0.05, 0.1])[:, None]
    found = inspect(of_scores(matrix, noise), bootstrap=QUICK)
    assert found.gains["oracle"].gain.low > 0.01  # chosen by the noise
    assert found.answer == "not shown"
    assert found.sentence.startswith(
        "not shown that there is anything to route: averaged over budgets a ridge"
    )
    assert found.variances is None
    assert "oracle_shrunk" not in found.gains


def test_what_comes_again_but_is_not_in_the_words_is_told_apart(matrix):
    random = np.random.default_rng(2)
    scores = random.normal(0, 1, (400, 3, 1)) + random.normal(0, 0.5, (400, 3, 3))
    found = inspect(of_scores(matrix, scores), bootstrap=QUICK)
    assert found.answer == "yes"
    assert found.sentence.startswith(
        "yes, but nothing tried here reads it off the prompt: averaged over budgets "
        "an oracle that has seen the prompt's"
    )


def test_kinds_alone_can_show_it(matrix, monkeypatch):
    monkeypatch.setattr("catbench.inspect.inspection.router_names", lambda: ())
    found = inspect(matrix, bootstrap=QUICK)
    assert "ridge" not in found.gains
    assert found.saves == ""
    assert found.sentence.startswith(
        "yes: averaged over budgets the best candidate of each kind of prompt (kind) surely"
    )


@pytest.mark.parametrize("samples", [1, 2])
def test_candidates_that_score_alike_leave_nothing(matrix, samples):
    own = np.random.default_rng(3).normal(size=(400, 1, 1))
    found = inspect(of_scores(matrix, np.broadcast_to(own, (400, 3, samples))), bootstrap=QUICK)
    assert found.answer == "no"
    assert found.sentence == (
        "nothing to route: every candidate scores alike on every prompt, so draw with the cheapest, sim-1"
    )
    assert found.front == [True, False, False]
    assert {gain.gain.value for gain in found.gains.values()} == {0.0}


def test_the_same_order_on_every_prompt_leaves_nothing(matrix):
    own = np.random.default_rng(3).integers(0, 8, (400, 1, 1)) / 8  # exact in single precision
    found = inspect(of_scores(matrix, own + np.array([0, 0.25, 0.5])[:, None]), bootstrap=QUICK)
    assert found.answer == "no"
    assert "does not depend on the prompt" in found.sentence


def test_one_candidate_leaves_nothing(matrix):
    found = inspect(of_scores(matrix, np.random.default_rng(0).normal(size=(400, 1, 2))), bootstrap=QUICK)
    assert found.sentence == "nothing to route: the pool has one candidate, sim-1"
    assert found.answer == "no"


def test_two_candidates_one_sample_and_no_column_of_kinds(matrix):
    bare = matrix.prompts[["prompt_id", "text", "source", "group", "split"]]
    scores = matrix.scores["simulated_score"][:, [0, 2], :1]
    found = inspect(of_scores(replace(matrix, prompts=bare), scores), bootstrap=QUICK)
    assert found.kind == ""
    assert set(found.gains) == {"oracle", "ridge"}
    assert found.answer == "yes"


def test_splits_of_different_depth_stand_in_for_folds(matrix):
    scores = {name: array.copy() for name, array in matrix.scores.items()}
    for array in scores.values():
        array[matrix.rows("train"), :, 1] = np.nan
    uneven = replace(matrix, scores=scores, samples={"train": 1, "validation": 2, "test": 2})
    found = inspect(uneven, bootstrap=QUICK)
    tested = len(matrix.rows("test"))
    assert (found.basis.folds, found.basis.tested, found.basis.samples) == (0, tested, 2)
    result = evaluate("ridge", replace(uneven, features={}), metric="simulated_score", bootstrap=QUICK)
    assert found.gains["ridge"].gain == result.result().estimate("gain")
    assert f"; about {round(3 * tested, -1)} more test prompts would halve" in found.sentence


def test_a_metric_of_which_less_is_better_keeps_its_sign(matrix):
    found = inspect(matrix, metric="simulated_error", bootstrap=QUICK)
    means = matrix.scores["simulated_error"].astype(float).mean(axis=(0, 2))
    np.testing.assert_allclose(found.fixed_quality.value, means, rtol=1e-5)
    assert found.gains["oracle"].gain.value > found.gains["ridge"].gain.value > 0
    assert found.front == [m == 0 or means[m] < means[:m].min() for m in range(3)]
    assert all(np.array(found.curves["oracle"].quality) <= np.array(found.curves["mixture"].quality) + 1e-9)


def test_raters_of_one_image_say_nothing_of_another(matrix):
    rated = replace(matrix, suite=matrix.suite.model_copy(update={"samples_are": "raters"}))
    found = inspect(rated, bootstrap=QUICK)
    assert found.variances is None
    assert "oracle_shrunk" not in found.gains


def test_four_times_the_prompts_halve_an_interval():
    wide, narrow = (
        inspect(simulate(Simulation(prompts=size, candidates=3, samples=1))[0], bootstrap=Bootstrap(400))
        for size in (400, 1600)
    )
    for name in ("oracle", "ridge"):
        first, second = (one.gains[name].gain for one in (wide, narrow))
        assert (second.high - second.low) / (first.high - first.low) == pytest.approx(0.5, abs=0.1)


def test_what_would_halve_an_interval_counts_what_the_suite_holds(found):
    def text(**basis):
        return halving(found.model_copy(update={"basis": found.basis.model_copy(update=basis)}))

    assert text(prompts=1000, tested=1000, stored=1000).startswith("about 3,000 more prompts would")
    assert text(prompts=5000, stored=10_000).startswith("about 10,000 more prompts than the suite's 10,000")
    assert text(prompts=5000, stored=36_758).startswith("20,000 prompts would halve the intervals, and the")


def test_pool_and_cost_are_those_asked_for(matrix):
    found = inspect(matrix, pool="sim", cost="seconds", bootstrap=Bootstrap(5))
    assert (found.pool, found.cost, found.candidates) == ("sim", "seconds", ["sim-1", "sim-2"])
    assert found.costs == matrix.pool("sim", cost="seconds").cost.tolist()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"metric": "clip"}, "unknown metric 'clip'"),
        ({"pool": "all of them"}, "unknown pool"),
        ({"cost": "euro"}, "unknown cost 'euro'"),
        ({"most": 30}, "suite 'simulated': .* prompts that differ, and 50 are needed"),
    ],
)
def test_what_cannot_be_looked_at_is_told(matrix, asked, message):
    with pytest.raises(CatbenchError, match=message):
        inspect(matrix, **asked)
