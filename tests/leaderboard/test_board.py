"""The tables are the reports', ranks come from the predictions, and what is kept is right or absent."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from catbench import evaluate, load
from catbench.bootstrap import Bootstrap, intervals
from catbench.errors import UsageError
from catbench.predictions import answer_from_table
from catbench.scoring import Scorer
from catbench_leaderboard import cache, views
from catbench_leaderboard.board import Board
from catbench_leaderboard.draws import Draws
from catbench_leaderboard.reports import digest_of, find_reports, fingerprint


def plain(table):
    return table.map(lambda cell: list(cell) if isinstance(cell, (list, tuple, np.ndarray)) else cell)


def test_every_problem_is_there(board):
    shown = board.problems[["suite", "pool", "cost"]].itertuples(index=False, name=None)
    costs = ("tflops", "seconds")
    wanted = {("sim-one", "sim"), ("sim-one", "sim+"), ("sim-two", "sim+")}
    assert set(shown) == {(*place, cost) for place in wanted for cost in costs}
    assert board.troubles.empty


@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_measures_are_the_reports(board, view, report, metric):
    found = views.results(board, view(metric=metric)).set_index("label").loc["ridge"]
    reported = report().result(metric)
    for name in ("audc", "gain", "headroom", "peak"):
        estimate = reported.estimate(name)
        assert [found[name + end] for end in ("", "_low", "_high")] == [
            estimate.value,
            estimate.low,
            estimate.high,
        ]
    assert list(found["curve_quality"]) == reported.curve.quality


def test_the_interval_of_a_mean_over_metrics_is_that_of_paired_replicates(board, home, view, report):
    """The whole statistic again, by the library's own scorers and bootstrap."""
    matrix, found = load(home / "suites" / "sim-one"), report()
    groups = matrix.prompts["group"].to_numpy()[matrix.rows("test")]
    scorers = []
    for metric in matrix.metrics:
        pool = matrix.pool("sim", cost="tflops", metric=metric.name)
        answer = answer_from_table(found.predictions, matrix, pool, "ridge")
        scorers.append(Scorer(answer, matrix.qualities(metric.name, "test", pool), pool))
    mean = intervals(
        lambda weights: {"mean": np.mean([s.measures(weights)["headroom"] for s in scorers], axis=0)},
        groups,
        Bootstrap(1000),
    )["mean"]
    ranked = views.ranks(board, view())
    row = ranked[ranked["entry"] == "ridge-sim-one-sim-tflops"].iloc[0]
    np.testing.assert_allclose(
        [row["value"], row["low"], row["high"]],
        [mean.value[0], mean.low[0], mean.high[0]],
        rtol=1e-5,
    )


def test_the_interval_of_one_metric_is_the_report_s_own(board, view, report):
    row = views.ranks(board, view(by="simulated_error"))
    row = row[row["entry"] == "ridge-sim-one-sim-tflops"].iloc[0]
    estimate = report().result("simulated_error").estimate("headroom")
    assert (row["low"], row["high"]) == (estimate.low, estimate.high)


def test_ranks_follow_the_mean_of_the_reports_headrooms(board, view, report):
    ranked = views.ranks(board, view())
    assert ranked["rank"].tolist() == [1, 2, 3]
    assert ranked["first"].sum() == pytest.approx(1)
    for _, row in ranked.iterrows():
        one = report(row["entry"].removesuffix("-sim-one-sim-tflops"))
        values = [one.result(m).estimate("headroom").value for m in ("simulated_score", "simulated_error")]
        assert row["value"] == pytest.approx(np.mean(values))


def test_slices_are_ranked_on_their_own_prompts(board, view, report):
    found = report(suite="sim-two", pool="sim+")
    for part in [result for result in found.results if result.metric == "simulated_score"]:
        ranked = views.ranks(board, view("sim-two", "sim+", by="simulated_score", slice=part.slice))
        row = ranked[ranked["entry"] == "ridge-sim-two-sim+-tflops"].iloc[0]
        value = part.estimate("headroom").value
        assert row["value"] == pytest.approx(np.nan if value is None else value, nan_ok=True)


def test_broken_and_foreign_reports_are_listed_and_the_sound_ones_stand(troubled, view):
    board = cache.open_board([troubled])
    said = board.troubles.set_index("where")["what"]
    assert set(said.index) == {"cut-short", "foreign", "tampered", "no-predictions", "broken-predictions"}
    assert "EOF" in said["cut-short"]
    assert "no report of this version" in said["foreign"]
    assert "AUDC of simulated_score/all is" in said["tampered"]
    ranked = views.ranks(board, view()).set_index("entry")
    assert ranked.loc["sound", "rank"] == 1
    for name in ("tampered", "no-predictions", "broken-predictions"):
        assert np.isnan(ranked.loc[name, "rank"])
        assert ranked.loc[name, "unranked"]


def first(record):
    return record["results"][0]


FORGED = {
    "headroom captured of simulated_score/all is 0.99": lambda r: r["measures"]["headroom"].update(
        value=0.99
    ),
    "headroom captured (log cost)": lambda r: r["measures"]["headroom_log"].update(value=None),
    "peak of simulated_score/all is 0.99": lambda r: r["measures"]["peak"].update(value=0.99),
    "gain over it (sim-2)": lambda r: r["measures"]["gain_at"]["sim-2"].update(value=0.5),
    "cost to match (sim-1) of simulated_score/all is 0.1": lambda r: r["measures"]["cost_to_match"][
        "sim-1"
    ].update(value=0.1),
    "RMSE of the estimate (sim-1) of simulated_score/all is none": lambda r: r["measures"].pop("rmse"),
    "quality (sim-1)": lambda r: r["fixed"]["sim-1"]["quality"].update(value=0.5),
    "cost (sim-2)": lambda r: r["fixed"]["sim-2"].update(cost=0.5),
    "audc of the oracle": lambda r: r["references"]["oracle"]["audc"].update(value=0.99),
    "audc of the oracle_leave_one_out": lambda r: r["references"]["oracle_leave_one_out"]["audc"].update(
        value=0.99
    ),
    "quality of the best_single": lambda r: r["references"]["best_single"]["quality"].update(value=0.99),
    "'stranger' is no reference": lambda r: r["references"].update(stranger={}),
    "area of the oracle of": lambda r: r["references"]["oracle"].update(area={"value": 0.5}),
    "curve at": lambda r: r["curve"]["quality"].__setitem__(40, 0.99),
    "curve of the oracle at": lambda r: r["reference_curves"]["oracle"]["quality"].__setitem__(40, 0.99),
    "curve of simulated_score/all is not read off": lambda r: r["curve"].update(
        cost=[cost / 2 for cost in r["curve"]["cost"]]
    ),
    "the high end of headroom captured": lambda r: r["measures"]["headroom"].update(high=0.99),
    "the low end of headroom captured": lambda r: r["measures"]["headroom"].update(low=-0.99),
    "simulated_score is higher-is-better": lambda r: r.update(direction="lower"),
}


@pytest.mark.parametrize("said", FORGED)
def test_a_report_whose_numbers_are_not_its_predictions_is_not_ranked(forged, view, said):
    board = forged(lambda record: FORGED[said](first(record)))
    assert board.troubles["where"].tolist() == ["ridge"]
    assert said in board.troubles["what"].iloc[0]
    ranked = board.ranks[board.ranks["entry"] == "ridge"]
    assert ranked["rank"].isna().all()
    assert (ranked["unranked"] != "").all()


def test_simulated_scores_that_are_said_to_be_real_are_not_ranked(forged):
    board = forged(lambda record: record.update(simulated=False))
    assert board.troubles["where"].tolist() == ["ridge"]
    assert "simulated" in board.troubles["what"].iloc[0]


def test_what_predictions_do_not_give_is_the_report_s(forged):
    def change(record):
        first(record)["measures"]["audc"].update(low=0.0, high=1.0)
        first(record)["references"]["cascade"]["audc"].update(value=0.5)

    assert forged(change).troubles.empty


def test_a_report_without_replicates_has_the_board_s_interval(forged, view):
    def change(record):
        record["bootstrap"]["replicates"] = 0
        for result in record["results"]:
            result["measures"]["headroom"].update(low=None, high=None)

    board = forged(change)
    row = views.ranks(board, view(by="simulated_score")).set_index("entry").loc["ridge"]
    assert board.troubles.empty
    assert row["low"] < row["value"] < row["high"]


@pytest.mark.parametrize("bootstrap", [Bootstrap(20, 5), Bootstrap(200, 1), Bootstrap(1100, 0)])
def test_an_interval_of_other_draws_may_differ_and_not_wildly(home, tmp_path, edit, bootstrap):
    path = tmp_path / "reports" / "ridge" / "report.json"
    path.parent.mkdir(parents=True)
    evaluate("ridge", load(home / "suites" / "sim-one"), pool="sim", bootstrap=bootstrap).save(path)
    assert cache.open_board([tmp_path / "reports"], tmp_path / "kept").troubles.empty
    for end, value in (("low", -5.0), ("low", 0.99), ("high", -0.99), ("high", 5.0)):
        edit(path, lambda r, end=end, value=value: first(r)["measures"]["headroom"].update({end: value}))
        found = cache.open_board([tmp_path / "reports"], tmp_path / "kept").troubles
        assert f"the {end} end of headroom captured" in found["what"].iloc[0]
        edit(path, lambda r, end=end: first(r)["measures"]["headroom"].update({end: None}))


def test_predictions_outside_the_report_s_folder_are_not_read(reports, tmp_path):
    shutil.copytree(reports / "ridge-sim-one-sim-tflops", tmp_path / "board" / "sly")
    path = tmp_path / "board" / "sly" / "report.json"
    shutil.move(path.with_name("report.predictions.parquet"), tmp_path / "elsewhere.parquet")
    record = json.loads(path.read_text())
    record["predictions_file"] = "../../elsewhere.parquet"
    path.write_text(json.dumps(record))
    board = cache.open_board([tmp_path / "board"])
    assert "outside its folder" in board.troubles["what"].iloc[0]


def test_a_report_on_a_suite_that_is_not_here_is_shown_and_not_ranked(reports, tmp_path):
    shutil.copytree(reports / "ridge-sim-one-sim-tflops", tmp_path / "away")
    path = tmp_path / "away" / "report.json"
    record = json.loads(path.read_text())
    for result in record["results"]:
        result["suite_digest"] = "0" * 64
    path.write_text(json.dumps(record))
    board = cache.open_board([tmp_path])
    assert not board.problems["here"].any()
    assert board.ranks["rank"].isna().all()
    assert "is not here" in board.troubles["what"].iloc[0]


def test_the_same_router_has_one_number_and_a_newer_one_takes_the_next(reports, tmp_path, edit, submit):
    def add(place, name, date=None):
        shutil.copytree(reports / "fixed-sim-2-sim-one-sim-tflops", tmp_path / place)
        edit(tmp_path / place / "report.json", lambda record: record["router"].update(name=name))
        if date:
            submit(tmp_path / place / "report.json", date=date)

    def numbers():
        entries = cache.open_board([tmp_path]).entries
        assert (entries.groupby("router")["number"].nunique() == 1).all()
        return dict(zip(entries["router"], entries["number"], strict=True))

    add("a", "mixture")
    add("b", "zebra", "2026-01-01")
    old = numbers()
    assert old == {"mixture": 11, "zebra": 12}
    add("c", "knn")
    add("d", "adder", "2026-02-01")
    add("e", "zebra", "2026-03-01")
    add("f", "aaa")
    assert numbers() == old | {"knn": 0, "adder": 13, "aaa": 14}


def test_two_reports_of_one_router_in_one_table_are_told_apart(reports, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(reports / "ridge-sim-one-sim-tflops", tmp_path / name)
    assert cache.open_board([tmp_path]).entries["label"].tolist() == ["ridge (a)", "ridge (b)"]


def test_reports_of_one_name_in_two_places_are_told_apart(reports, tmp_path):
    sound = reports / "ridge-sim-one-sim-tflops"
    for folder in ("one", "two"):
        shutil.copytree(sound, tmp_path / folder / "ridge")
    shutil.copy(sound / "report.json", tmp_path / "one" / "ridge.json")
    shutil.copy(sound / "report.predictions.parquet", tmp_path / "one" / "report.predictions.parquet")
    board = cache.open_board([tmp_path / "one", tmp_path / "two", tmp_path / "one"])
    assert sorted(board.entries["id"]) == ["one/ridge.json", "ridge", "two/ridge/report.json"]
    assert board.entries["label"].is_unique
    assert set(board.ranks["rank"]) == {1}


def test_a_name_that_is_another_s_label_is_told_apart(reports, tmp_path):
    for name in ("a", "b", "sly"):
        shutil.copytree(reports / "ridge-sim-one-sim-tflops", tmp_path / name)
    path = tmp_path / "sly" / "report.json"
    record = json.loads(path.read_text())
    record["router"]["name"] = "ridge (a)"
    path.write_text(json.dumps(record))
    assert cache.open_board([tmp_path]).entries["label"].tolist() == [
        "ridge (a) #1",
        "ridge (b)",
        "ridge (a) #3",
    ]


def test_what_cannot_be_read_is_listed(pair, tmp_path):
    shutil.copytree(pair, tmp_path / "reports")
    (tmp_path / "reports" / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "reports" / "folder.json").mkdir()
    board = cache.open_board([tmp_path / "reports"])
    assert sorted(board.troubles["where"]) == ["folder", "gone"]
    assert len(board.entries) == 2


def test_a_folder_without_reports_is_an_empty_board(tmp_path):
    board = cache.open_board([tmp_path])
    assert board.problems.empty
    assert board.troubles.empty


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        cache.open_board([tmp_path / "nowhere"])


def test_what_is_kept_is_what_was_made(pair, tmp_path, monkeypatch):
    made = cache.open_board([pair], tmp_path)
    monkeypatch.setattr(cache, "build_board", lambda *given: pytest.fail("made again"))
    kept = cache.open_board([pair], tmp_path)
    for table in fields(Board):
        pd.testing.assert_frame_equal(
            plain(getattr(made, table.name)), plain(getattr(kept, table.name)), check_dtype=False
        )


def test_a_new_report_costs_its_own_draws_only(pair, tmp_path, monkeypatch):
    folder = tmp_path / "reports"
    shutil.copytree(pair / "ridge", folder / "old")
    cache.open_board([folder], tmp_path / "kept")
    shutil.copytree(pair / "mixture", folder / "new")
    made = []
    make = Draws._make
    monkeypatch.setattr(
        Draws, "_make", lambda self, entry, progress: made.append(entry.id) or make(self, entry, progress)
    )
    board = cache.open_board([folder], tmp_path / "kept")
    assert made == ["new"]
    assert len(board.entries) == 2


def test_what_was_cut_short_is_made_again(pair, tmp_path, monkeypatch):
    made = cache.open_board([pair], tmp_path)
    for path in [*tmp_path.glob("boards/*/ranks.parquet"), *tmp_path.glob("draws/*.npz")]:
        path.write_bytes(path.read_bytes()[:100])
    again = cache.open_board([pair], tmp_path)
    pd.testing.assert_frame_equal(made.ranks, again.ranks)


def test_a_place_that_cannot_be_written_is_gone_without(pair, tmp_path):
    (tmp_path / "file").write_text("no folder can be made below a file")
    board = cache.build_board(find_reports([pair]), Draws(tmp_path / "file" / "draws"))
    assert len(board.entries) == 2


@pytest.mark.parametrize("name", ["report.predictions.parquet", "other.parquet"])
def test_changed_predictions_are_noticed_whatever_their_name(pair, tmp_path, name):
    place = shutil.copytree(pair / "ridge", tmp_path / "ridge")
    report, predictions = place / "report.json", place / name
    (place / "report.predictions.parquet").rename(predictions)
    record = json.loads(report.read_text())
    report.write_text(json.dumps(record | {"predictions_file": name}))
    before = digest_of(report), fingerprint([tmp_path])
    predictions.write_bytes(predictions.read_bytes() + b"more")
    after = digest_of(report), fingerprint([tmp_path])
    assert before[0] != after[0]
    assert before[1] != after[1]
