"""Who is ahead: gains by metric, mean ranks over metrics and suites, by the draws beside the reports."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata

from catbench import evaluate, load
from catbench.report.evaluation import KEPT
from catbench.report.stored import pool_of_report, rounds_of_report, stored_answers
from catbench.score.bootstrap import Bootstrap, ends, replicate_weights
from catbench.score.scorer import Scorer
from catbench.score.truth import truth_of
from catbench_leaderboard import leaderboard
from catbench_leaderboard.board import open_board
from catbench_leaderboard.problems import AXES, on_axis
from catbench_leaderboard.ranking import certain, ordered, ranking, suites_ranking

ROUTERS = ("ridge", "mixture", "fixed-sim-2")
METRICS = ("simulated_score", "simulated_error")


def gains_again(home, report, suite, axis):
    """Gains (K, metrics, R) of three routers, scored again by the library on the bootstrap's own weights."""
    matrix = load(home / "suites" / suite)
    found = []
    for name in ROUTERS:
        one = report(name, suite=suite, pool="sim+")
        rounds = rounds_of_report(one, matrix)
        answers = stored_answers(one, rounds)
        of_metric = []
        for metric in METRICS:
            truth = truth_of(rounds, pool_of_report(one, rounds, metric))
            scorer = Scorer(answers[metric], truth)
            weights = np.stack(list(replicate_weights(truth.groups, Bootstrap())))
            of_metric.append(scorer.measures(weights)[on_axis("gain", axis)][:, 0])
        found.append(of_metric)
    return np.array(found)


@pytest.mark.parametrize("axis", AXES)
def test_mean_ranks_are_those_of_gains_scored_again(board, home, view, report, axis):
    """The whole statistic again: weights, gains over the mixture, ranks in each draw, their mean."""
    gains = gains_again(home, report, "sim-two", axis)
    ranks = np.array([rankdata(-np.round(of_metric, 9), "min", axis=0) for of_metric in gains.swapaxes(0, 1)])
    mean = ranks.mean(axis=0)
    table = ranking(board, view("sim-two", "sim+", axis=axis)).set_index("router")
    for label, draws in zip(("ridge", "mixture", "fixed:sim-2"), mean, strict=True):
        low, high, _ = ends(draws)
        row = table.loc[label]
        assert (row["value"], row["low"], row["high"]) == pytest.approx((draws.mean(), low, high))
    is_first = mean == mean.min(axis=0)
    first = (is_first / is_first.sum(axis=0)).mean(axis=1)
    assert table["first"].reindex(["ridge", "mixture", "fixed:sim-2"]).tolist() == pytest.approx(
        first.tolist()
    )


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("metric", METRICS)
def test_behind_the_leader_is_the_paired_interval_of_gains_scored_again(
    board, home, view, report, axis, metric
):
    gains = gains_again(home, report, "sim-two", axis)[:, METRICS.index(metric)]
    table = ranking(board, view("sim-two", "sim+", metric=metric, by=metric, axis=axis))
    assert table["value"].is_monotonic_decreasing
    labels = ["ridge", "mixture", "fixed:sim-2"]
    leader = labels.index(table["router"].iloc[0])
    for label, own in zip(labels, gains, strict=True):
        low, high, _ = ends(gains[leader] - own)
        row = table.set_index("router").loc[label]
        assert row["behind_low"] == pytest.approx(low, abs=KEPT)  # replicates are stored in such steps
        assert row["behind_high"] == pytest.approx(high, abs=KEPT)


@pytest.mark.parametrize("metric", METRICS)
def test_a_ranking_by_a_metric_has_the_reports_gains(board, view, report, metric):
    for axis in AXES:
        table = ranking(board, view(metric=metric, by=metric, axis=axis)).set_index("router")
        gain = report().result(metric).estimate(on_axis("gain", axis))
        assert tuple(table.loc["ridge", ["value", "low", "high"]]) == (gain.value, gain.low, gain.high)


def test_the_axis_can_turn_the_order(reports, home, tmp_path, view):
    """Early gains count on the log axis, late ones on the linear axis."""
    matrix = load(home / "suites" / "sim-one")
    pool = matrix.pool("sim+", cost="tflops")
    cheap, dear = np.argsort(pool.cost)[1], np.argsort(pool.cost)[-1]
    shift = {"cheap": cheap, "dear": dear}
    for name, column in shift.items():
        report = evaluate(Lean(column), matrix, pool="sim+", metric="simulated_score")
        router = report.router.model_copy(update={"name": name})
        report.model_copy(update={"router": router}).save(tmp_path / f"{name}.json")
    board = open_board([tmp_path])
    assert board.unranked == ()
    for axis in AXES:
        table = ranking(board, view("sim-one", "sim+", by="simulated_score", axis=axis)).set_index("router")
        gains = {
            e.report.router.name: e.report.results[0].estimate(on_axis("gain", axis)).value
            for e in board.entries
        }
        assert table["rank"].to_dict() == {n: 1.0 + (gains[n] < max(gains.values())) for n in gains}


class Lean:
    """Sends a prompt to the cheapest candidate, or to one other."""

    def __init__(self, column):
        self._column = column

    def fit(self, prompts, quality):
        self._shape = quality.shape[1]

    def predict(self, prompts):
        predicted = np.zeros((len(prompts), self._shape))
        predicted[:, self._column] = [1 + len(text) % 7 for text in prompts]
        return predicted


def test_slices_are_ranked_on_their_own_prompts(board, view, report):
    found = report(suite="sim-two", pool="sim+")
    assert len(found.results) > len(METRICS)
    for part in [result for result in found.results if result.metric == "simulated_score"]:
        table = ranking(board, view("sim-two", "sim+", by="simulated_score", slice=part.slice))
        assert table.set_index("router").loc["ridge", "value"] == part.estimate("gain").value


def test_those_who_are_not_surely_behind_are_judged_by_the_paired_interval(board, view):
    for problem in board.problems:
        where = view(problem.suite, problem.pool, problem.cost)
        for by in ("", *METRICS):
            table = ranking(board, replace(where, by=by))
            assert certain(table).tolist() == (table["behind_low"] > 0).tolist()
            assert not certain(table)[0]
            shown = leaderboard.leaderboard(board, replace(where, by=by))
            close = table[(table["behind_low"] <= 0) & (table["rank"] > 1)]
            assert leaderboard.close_behind(shown) == close["router"].tolist()


def test_overlapping_intervals_can_be_surely_apart():
    """Two routers that share nearly all noise: their intervals overlap, their difference is certain."""
    from catbench.report.ranks import rank

    noise = np.random.default_rng(0).normal(size=1000)
    draws = np.stack([noise, noise - 0.1], axis=1)
    found = rank(np.array([0.0, -0.1]), draws)
    assert np.quantile(draws[:, 1], 0.975) > np.quantile(draws[:, 0], 0.025)
    assert found.behind_low[1] > 0


def test_a_router_without_a_metric_is_listed_below_with_what_is_missing(home, pair, tmp_path, view):
    shutil.copytree(pair, tmp_path / "reports")
    matrix = load(home / "suites" / "sim-one")
    report = evaluate("knn", matrix, pool="sim", cost="tflops", metric="simulated_error")
    report.save(tmp_path / "reports" / "knn.json")
    board = open_board([tmp_path / "reports"])
    table = ranking(board, view())
    assert table["router"].tolist()[-1] == "knn"
    assert np.isnan(table["rank"].iloc[-1])
    assert table["unranked"].iloc[-1] == "no result on simulated_score"
    assert table["rank"].notna().sum() == 2
    by_metric = ranking(board, view(by="simulated_error", metric="simulated_error"))
    assert by_metric["rank"].notna().all()
    assert set(leaderboard.leaderboard(board, view())["router"]) == {"ridge", "mixture", "knn"}


def test_a_router_that_reads_more_than_the_prompt_is_shown_and_not_ranked(
    pair, tmp_path, as_submission, view
):
    shutil.copytree(pair, tmp_path / "reports")
    for name, prompt_only in (("ridge", False), ("mixture", True)):
        as_submission(tmp_path / "reports" / name / "report.json", prompt_only=prompt_only)
    board = open_board([tmp_path / "reports"])
    assert board.unranked == ()
    for by in ("", "simulated_score"):
        table = leaderboard.leaderboard(board, view(by=by)).set_index("router")
        assert table.loc["mixture", "rank"] == 1
        assert np.isnan(table.loc["ridge", "rank"])
        assert table.loc["ridge", "unranked"] == "reads more than the prompt"
        assert table.loc["ridge", "audc"] > table.loc["mixture", "audc"]
        assert table["prompt_only"].to_dict() == {"ridge": "no", "mixture": "yes"}
    assert "ridge" not in leaderboard.advice(board, view())


def test_over_suites_each_counts_once_with_an_interval(board, view):
    suites = ["sim-one", "sim-two"]
    table, problems = suites_ranking(board, "log", suites)
    assert problems == ["sim-one (sim+, tflops)", "sim-two (sim+, tflops)"]
    each = [ranking(board, view(suite, "sim+")).set_index("router") for suite in suites]
    for _, row in table.iterrows():
        means = [one.loc[row["router"], "value"] for one in each]
        assert row["value"] == pytest.approx(np.mean(means))
        beyond = 0.025 * np.array([row["low"] - 1, 3 - row["high"]])  # a mean leans towards rare draws
        assert row["low"] - beyond[0] - 1e-9 <= row["value"] <= row["high"] + beyond[1] + 1e-9
        widths = [one.loc[row["router"], "high"] - one.loc[row["router"], "low"] for one in each]
        assert row["high"] - row["low"] <= np.mean(widths) + 1e-9
    assert table["rank"].tolist() == rankdata(table["value"].round(9), "min").tolist()
    assert table["first"].sum() == pytest.approx(1)


def test_routers_that_lack_a_suite_are_listed_below_with_what_is_missing(home, reports, tmp_path, view):
    shutil.copytree(reports, tmp_path / "reports")
    matrix = load(home / "suites" / "sim-one")
    evaluate("knn", matrix, pool="sim+", cost="tflops").save(tmp_path / "reports" / "knn.json")
    two = load(home / "suites" / "sim-two")
    part = evaluate("trees", two, pool="sim+", cost="tflops", metric="simulated_score")
    part.save(tmp_path / "reports" / "trees.json")
    board = open_board([tmp_path / "reports"])
    table = suites_ranking(board, "log", ["sim-one", "sim-two"])[0].set_index("router")
    assert table["rank"].notna().sum() == 3
    assert table.loc["knn", "unranked"] == "sim-two: no result"
    assert table.loc["trees", "unranked"] == "sim-one: no result; sim-two: no result on simulated_error"
    without = suites_ranking(open_board([reports]), "log", ["sim-one", "sim-two"])[0].set_index("router")
    for label in ("ridge", "mixture", "fixed:sim-2"):  # those who are not compared change nobody's rank
        assert table.loc[label, "value"] == without.loc[label, "value"]
    one = suites_ranking(board, "log", ["sim-one"])[0].set_index("router")
    assert np.isfinite(one.loc["knn", "rank"])


def test_over_no_suite_nobody_is_ranked(board):
    table, problems = suites_ranking(board, "log", [])
    assert table.empty
    assert problems == []


def test_the_best_ranked_come_first(board, view):
    where = view(by="simulated_error", metric="simulated_error")
    gains = [row.result.estimate("gain").value for row in ordered(board, where)]
    assert gains == sorted(gains, reverse=True)
