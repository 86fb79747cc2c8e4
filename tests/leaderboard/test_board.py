"""Problems, labels and colours of the board, and what is read again when something changes."""

from __future__ import annotations

import json
import shutil

import pytest

from catbench.errors import UsageError
from catbench.submit import door
from catbench.submit.entries import fingerprint
from catbench_leaderboard.board import open_board


def test_every_problem_is_there(board):
    costs = ("tflops", "seconds")
    wanted = {("sim-one", "sim"), ("sim-one", "sim+"), ("sim-two", "sim+")}
    shown = {(problem.suite, problem.pool, problem.cost) for problem in board.problems}
    assert shown == {(*place, cost) for place in wanted for cost in costs}
    assert board.unranked == ()


def test_a_view_names_a_metric_that_its_first_problem_has(board):
    found = board.view("sim-one")
    assert (found.suite, found.pool, found.cost, found.metric) == (
        "sim-one",
        "sim+",
        "tflops",
        "simulated_score",
    )
    assert board.view() == found  # no suite here has real images
    assert board.view("<b>nothing</b>") == found


def test_no_stranger_takes_a_verified_router_s_name_away(reports, tmp_path, strict_pair):
    """A report that nobody ran again and that is called alike gets its place into its label, alone."""
    folder = strict_pair("ridge", "mixture", verified=("ridge",))
    shutil.copytree(folder / "ridge", tmp_path / "sly")
    record = json.loads((tmp_path / "sly" / "report.json").read_text())
    (tmp_path / "sly" / "report.json").write_text(json.dumps(record))  # the same in other bytes
    assert sorted(labels(open_board([folder, tmp_path]))) == ["mixture", "ridge", "ridge (sly)"]


def labels(board):
    return [row.label for row in board.problems[0].rows["simulated_score", "all"]]


def test_two_reports_of_one_router_in_one_table_are_told_apart(reports, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(reports / "ridge-sim-one-sim-tflops", tmp_path / name)
    assert labels(open_board([tmp_path])) == ["ridge (a)", "ridge (b)"]


def test_reports_of_one_name_in_two_places_are_told_apart(reports, tmp_path):
    whole = reports / "ridge-sim-one-sim-tflops"
    for folder in ("one", "two"):
        shutil.copytree(whole, tmp_path / folder / "ridge")
    for name in ("report.predictions.parquet", "report.replicates.parquet"):
        shutil.copy(whole / name, tmp_path / "one" / name)
    shutil.copy(whole / "report.json", tmp_path / "one" / "ridge.json")
    board = open_board([tmp_path / "one", tmp_path / "two", tmp_path / "one"])
    assert sorted(entry.id for entry in board.entries) == ["one/ridge.json", "ridge", "two/ridge/report.json"]
    assert len(set(labels(board))) == 3


def test_a_name_that_is_another_s_label_is_told_apart(reports, tmp_path, edit):
    for name in ("a", "b", "sly"):
        shutil.copytree(reports / "ridge-sim-one-sim-tflops", tmp_path / name)
    edit(tmp_path / "sly" / "report.json", lambda record: record["router"].update(name="ridge (a)"))
    assert labels(open_board([tmp_path])) == ["ridge (a) #1", "ridge (b)", "ridge (a) #3"]


def test_folds_stand_in_a_table_of_their_own_that_says_so(home, pair, tmp_path):
    from catbench import evaluate, load

    shutil.copytree(pair, tmp_path / "reports")
    folded = evaluate("ridge", load(home / "suites" / "sim-one"), pool="sim", cost="tflops", folds=3)
    folded.save(tmp_path / "reports" / "folded.json")
    board = open_board([tmp_path / "reports"])
    assert board.unranked == ()
    assert [problem.pool for problem in board.problems] == ["sim", "sim (folds:3)"]
    assert board.problems[1].rows["simulated_score", "all"][0].result.prompts == 400


def test_a_compact_report_stands_beside_the_others(home, pair, tmp_path):
    from catbench import evaluate, load

    shutil.copytree(pair, tmp_path / "reports")
    compact = evaluate("knn", load(home / "suites" / "sim-one"), pool="sim", cost="tflops", compact=True)
    compact.save(tmp_path / "reports" / "compact.json")
    board = open_board([tmp_path / "reports"])
    assert board.unranked == ()
    assert len(board.problems) == 1
    assert set(labels(board)) == {"ridge", "mixture", "knn"}


def test_a_folder_without_reports_is_an_empty_board(tmp_path):
    board = open_board([tmp_path])
    assert board.problems == board.unranked == ()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        open_board([tmp_path / "nowhere"])


def test_a_view_that_no_report_has_is_refused(board, view):
    with pytest.raises(UsageError, match="no report on suite 'nowhere'"):
        board.problem(view("nowhere"))
    with pytest.raises(UsageError, match="has no result here"):
        board.row(view(), "nobody")


def test_a_new_report_is_read_alone(pair, tmp_path, monkeypatch):
    folder = tmp_path / "reports"
    shutil.copytree(pair / "ridge", folder / "old")
    before = open_board([folder])
    shutil.copytree(pair / "mixture", folder / "new")
    asked = []
    why_not = door.why_not
    monkeypatch.setattr(door, "why_not", lambda entry, *more: asked.append(entry.id) or why_not(entry, *more))
    after = open_board([folder], before=before)
    assert asked == ["new"]
    assert before.entries[0] in after.entries


@pytest.mark.parametrize("table", ["predictions", "replicates"])
def test_a_changed_table_is_noticed_whatever_its_name(pair, tmp_path, table):
    place = shutil.copytree(pair / "ridge", tmp_path / "ridge")
    report, moved = place / "report.json", place / "other.parquet"
    (place / f"report.{table}.parquet").rename(moved)
    record = json.loads(report.read_text())
    report.write_text(json.dumps(record | {f"{table}_file": moved.name}))
    before = fingerprint([tmp_path]), open_board([tmp_path])
    moved.write_bytes(moved.read_bytes() + b"more")
    after = fingerprint([tmp_path]), open_board([tmp_path], before=before[1])
    assert before[0] != after[0]
    assert [len(found[1].entries) for found in (before, after)] == [1, 0]
