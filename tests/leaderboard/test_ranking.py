"""Who is ahead: gains by metric, mean ranks over metrics and suites, by the draws beside the reports."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from scipy.stats import rankdata

from catbench import evaluate, load
from catbench.report.stored import pool_of_report, rounds_of_report, stored_answers
from catbench.score.bootstrap import Bootstrap, ends, replicate_weights
from catbench.score.scorer import Scorer
from catbench.score.truth_of_rounds import truth_of
from catbench.submit.paired_ranks import MEAN, ranked
from catbench.submit.problems import AXES, on_axis
from catbench_leaderboard import first_sentence
from catbench_leaderboard.board import open_board
from catbench_leaderboard.leaderboard_table import leaderboard_table, ordered, ranking

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
        assert (row["mean_rank"], row["mean_low"], row["mean_high"]) == pytest.approx(
            (draws.mean(), low, high)
        )
    is_first = mean == mean.min(axis=0)
    first = (is_first / is_first.sum(axis=0)).mean(axis=1)
    assert table["first"].reindex(["ridge", "mixture", "fixed:sim-2"]).tolist() == pytest.approx(
        first.tolist()
    )


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("metric", METRICS)
def test_a_new_tier_is_surely_behind_by_gains_scored_again(board, home, view, report, axis, metric):
    gains = gains_again(home, report, "sim-two", axis)[:, METRICS.index(metric)]
    ranks = rankdata(-np.round(gains, 9), "min", axis=0)
    table = ranking(board, view("sim-two", "sim+", metric=metric, by=metric, axis=axis)).set_index("router")
    labels = ["ridge", "mixture", "fixed:sim-2"]
    leader = min(labels, key=lambda label: table.loc[label, "mean_rank"])
    for label, own in zip(labels, ranks, strict=True):
        low = ends((own - ranks[labels.index(leader)])[:, None])[0][0]
        assert (table.loc[label, "tier"] > 0) == (low > 0)


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
        table = leaderboard_table(board, view("sim-two", "sim+", by="simulated_score", slice=part.slice))
        assert table.set_index("router").loc["ridge", "gain"] == part.estimate("gain").value


def test_overlapping_intervals_can_be_surely_apart():
    """Two routers that share nearly all noise: their intervals overlap, their difference is certain."""
    from catbench.report.ranks import rank

    noise = np.random.default_rng(0).normal(size=1000)
    draws = np.stack([noise, noise - 0.1], axis=1)
    found = rank(np.array([0.0, -0.1]), draws)
    assert np.quantile(draws[:, 1], 0.975) > np.quantile(draws[:, 0], 0.025)
    assert found.tier.tolist() == [0, 1]


def test_a_router_without_a_metric_is_listed_below_with_what_is_missing(home, pair, tmp_path, view):
    shutil.copytree(pair, tmp_path / "reports")
    matrix = load(home / "suites" / "sim-one")
    report = evaluate("knn", matrix, pool="sim", cost="tflops", metric="simulated_error")
    report.save(tmp_path / "reports" / "knn.json")
    board = open_board([tmp_path / "reports"])
    table = ranking(board, view(metric="simulated_error"))
    assert table["router"].tolist()[-1] == "knn"
    assert np.isnan(table["rank"].iloc[-1])
    assert table["unranked"].iloc[-1] == "no result on simulated_score"
    assert table["rank"].notna().sum() == 2
    by_metric = ranking(board, view(by="simulated_error", metric="simulated_error"))
    assert by_metric["rank"].notna().all()
    assert set(ranking(board, view())["router"]) == {"ridge", "mixture"}  # it has no gain to show there


def test_a_router_that_reads_more_than_the_prompt_is_shown_and_not_ranked(
    pair, tmp_path, as_submission, view
):
    shutil.copytree(pair, tmp_path / "reports")
    for name, prompt_only in (("ridge", False), ("mixture", True)):
        as_submission(tmp_path / "reports" / name / "report.json", prompt_only=prompt_only)
    board = open_board([tmp_path / "reports"])
    assert board.unranked == ()
    for by in (MEAN, "simulated_score"):
        table = leaderboard_table(board, view(by=by)).set_index("router")
        assert table.loc["mixture", "rank"] == 1
        assert np.isnan(table.loc["ridge", "rank"])
        assert table.loc["ridge", "unranked"] == "reads more than the prompt"
        assert table.loc["ridge", "audc"] > table.loc["mixture", "audc"]
    assert first_sentence.best_validated(board, view()).label == "mixture"


def over(board, view, *suites):
    """The ranking over the main problems of some suites."""
    return ranked(tuple(board.main(suite) for suite in suites), MEAN, "all", "log")


def test_over_suites_each_counts_once_with_an_interval(board, view):
    suites = ["sim-one", "sim-two"]
    table = over(board, view, *suites)
    each = [ranking(board, view(suite, "sim+")).set_index("router") for suite in suites]
    for _, row in table.iterrows():
        means = [one.loc[row["router"], "mean_rank"] for one in each]
        assert row["mean_rank"] == pytest.approx(np.mean(means))
        beyond = 0.025 * np.array([row["mean_low"] - 1, 3 - row["mean_high"]])  # a mean leans to rare draws
        assert row["mean_low"] - beyond[0] - 1e-9 <= row["mean_rank"] <= row["mean_high"] + beyond[1] + 1e-9
        widths = [one.loc[row["router"], "mean_high"] - one.loc[row["router"], "mean_low"] for one in each]
        assert row["mean_high"] - row["mean_low"] <= np.mean(widths) + 1e-9
    assert table["rank"].tolist() == rankdata(table["mean_rank"].round(9), "min").tolist()
    assert table["first"].sum() == pytest.approx(1)


def test_routers_that_lack_a_suite_are_listed_below_with_what_is_missing(home, reports, tmp_path, view):
    shutil.copytree(reports, tmp_path / "reports")
    matrix = load(home / "suites" / "sim-one")
    evaluate("knn", matrix, pool="sim+", cost="tflops").save(tmp_path / "reports" / "knn.json")
    two = load(home / "suites" / "sim-two")
    part = evaluate("trees", two, pool="sim+", cost="tflops", metric="simulated_score")
    part.save(tmp_path / "reports" / "trees.json")
    board = open_board([tmp_path / "reports"])
    table = over(board, view, "sim-one", "sim-two").set_index("router")
    assert table["rank"].notna().sum() == 3
    assert table.loc["knn", "unranked"] == "no result on sim-two"
    assert table.loc["trees", "unranked"] == "no result on sim-one; no result on simulated_error"
    without = over(open_board([reports]), view, "sim-one", "sim-two").set_index("router")
    for label in ("ridge", "mixture", "fixed:sim-2"):  # those who are not compared change nobody's rank
        assert table.loc[label, "mean_rank"] == without.loc[label, "mean_rank"]
    assert np.isfinite(over(board, view, "sim-one").set_index("router").loc["knn", "rank"])


def test_a_view_of_all_real_suites_is_ranked_over_them(board, view, monkeypatch):
    """Here the simulated suites pass for real ones: the order is that over both, the numbers of the first."""
    from catbench_leaderboard import suite_words

    known = {name: suite_words.About(name, "prompts", "") for name in ("sim-one", "sim-two")}
    monkeypatch.setattr(suite_words, "KNOWN", known)
    every = board.view()
    assert every.every
    assert every.suite == "sim-one"
    shown = leaderboard_table(board, every)
    assert shown["router"].tolist() == over(board, view, "sim-one", "sim-two")["router"].tolist()
    assert set(shown["compared"]) == {2}
    assert set(leaderboard_table(board, view("sim-one", "sim+"))["compared"]) == {len(METRICS)}


def test_the_best_ranked_come_first(board, view):
    where = view(by="simulated_error", metric="simulated_error")
    ranks = ranking(board, where).set_index("router")["mean_rank"]
    found = [ranks[row.label] for row in ordered(board, where)]
    assert found == sorted(found)
