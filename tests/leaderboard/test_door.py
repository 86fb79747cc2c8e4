"""Only reports whose numbers and replicates follow from their predictions are let in; that is found once."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from catbench.submit import door
from catbench.submit.entries import CELLS, find_reports, read_entry
from catbench_leaderboard.board import open_board


def reasons(board):
    return {one.report: one.why for one in board.unranked}


def test_broken_and_foreign_reports_are_listed_with_the_reason_and_the_others_are_ranked(troubled, view):
    board = open_board([troubled])
    said = reasons(board)
    expected = {
        "cut-short": "it is no report of this version: the file: Invalid JSON: EOF",
        "foreign": "it is no report of this version: router: Field required",
        "schema-1": "it is a report of schema 1, and this catbench reads schema 2: evaluate again",
        "tampered": "it does not hold: results[0].measures.audc.value is 0.99 in the report",
        "forged-replicates": "it does not hold: replicates of 'audc' do not follow from it",
        "no-predictions": "its predictions do not lie beside it: keep the .predictions.parquet",
        "no-replicates": "its replicates do not lie beside it: keep the .replicates.parquet",
        "broken-predictions": "its predictions are not readable as Parquet",
        "other-draws": "its intervals are of 1,000 replicates with seed 7; ranks need the common 1,000",
    }
    assert set(said) == set(expected)
    for name, why in expected.items():
        assert said[name].startswith(why), name
    assert {row.entry.id for row in board.rows(view())} == {
        "whole",
        "also-whole",
        *(f"hostile-{slug}" for slug in ("markup", "emoji", "long", "rtl")),
    }


def test_what_a_report_outside_says_of_itself_is_shown_beside_the_reason(troubled):
    found = {one.report: one for one in open_board([troubled]).unranked}["no-predictions"]
    assert found.router.startswith("no-predictions <script>")
    assert found.suite == "sim-one"
    assert "best single candidate" in found.says or "always drawing with" in found.says


FORGED = {
    "measures.headroom.value": lambda r: r["measures"]["headroom"].update(value=0.99),
    "measures.audc_linear.high": lambda r: r["measures"]["audc_linear"].update(high=0.99),
    "measures.gain_at.value[1]": lambda r: r["measures"]["gain_at"]["value"].__setitem__(1, 0.5),
    "measures.rmse": lambda r: r["measures"].pop("rmse"),
    "measures.match_best.low": lambda r: r["measures"]["match_best"].update(low=0.01),
    "fixed_quality.value[0]": lambda r: r["fixed_quality"]["value"].__setitem__(0, 0.99),
    "costs[1]": lambda r: r["costs"].__setitem__(1, 0.5),
    "references.oracle.audc.value": lambda r: r["references"]["oracle"]["audc"].update(value=0.99),
    "references.stranger": lambda r: r["references"].update(stranger={}),
    "curve.quality[4]": lambda r: r["curve"]["quality"].__setitem__(4, 0.99),
    "curve.low[4]": lambda r: r["curve"]["low"].__setitem__(4, 0.99),
    "length of results[0].curve.cost": lambda r: r["curve"]["cost"].pop(),
    "reference_curves.oracle[4]": lambda r: r["reference_curves"]["oracle"].__setitem__(4, 0.99),
    "best_single.cost": lambda r: r["best_single"].update(cost=0.001),
    "validation_gain": lambda r: r.update(validation_gain=0.9),
    "direction": lambda r: r.update(direction="lower"),
    "metric_label": lambda r: r.update(metric_label="**Best**"),
    "verdict": lambda r: r.update(verdict="it saves everything"),
    "overhead_note": lambda r: r.update(overhead_note="free"),
}


@pytest.mark.parametrize("said", FORGED)
def test_a_report_with_a_number_that_does_not_follow_is_not_ranked(forged, said):
    board = forged(lambda record: FORGED[said](record["results"][0]))
    assert said in reasons(board)["ridge"]
    assert [entry.id for entry in board.entries] == ["mixture"]


REPORT = {
    "simulated": lambda record: record.update(simulated=False),
    "number of results": lambda record: record["results"].append(record["results"][0]),
    "signature": lambda record: record.update(signature=record["signature"].replace("exact", "grid")),
    "results": lambda record: record["results"].clear(),
    "cannot be verified": lambda record: record["results"][0].update(cost=""),
    "trained on": lambda record: record.update(train_on="elsewhere"),
}


@pytest.mark.parametrize("said", REPORT)
def test_a_report_that_is_strange_as_a_whole_is_not_ranked(forged, said):
    board = forged(REPORT[said])
    assert list(reasons(board)) == ["ridge"]
    assert [entry.id for entry in board.entries] == ["mixture"]
    if said != "cannot be verified":
        assert said in reasons(board)["ridge"]


@pytest.mark.parametrize("name", ["suite", "pool", "cost", "metric", "slice"])
def test_a_result_without_a_name_is_not_ranked(forged, name):
    board = forged(lambda record: record["results"][0].update({name: " \u202e"}))
    assert list(reasons(board)) == ["ridge"]


def test_a_number_without_end_is_not_ranked(pair, tmp_path, edit):
    shutil.copytree(pair, tmp_path / "reports")
    path = tmp_path / "reports" / "ridge" / "report.json"
    edit(path, lambda record: record["results"][0]["measures"]["audc"].update(high=12345.5))
    path.write_text(path.read_text().replace("12345.5", "1e999"))
    assert "audc.high" in reasons(open_board([tmp_path / "reports"]))["ridge"]


@pytest.mark.parametrize("column", ["audc", "audc_linear", "gain_08", "result"])
@pytest.mark.parametrize("change", ["forged", "missing", "not a number"])
def test_replicates_that_do_not_follow_are_not_ranked(pair, tmp_path, column, change):
    shutil.copytree(pair, tmp_path / "reports")
    path = tmp_path / "reports" / "ridge" / "report.replicates.parquet"
    table = pd.read_parquet(path)
    if change == "missing":
        table = table.drop(columns=column)
    else:
        table.loc[3, column] = np.nan if change == "not a number" else table[column].max() + 1
    table.to_parquet(path, index=False)
    assert "it does not hold: " in reasons(open_board([tmp_path / "reports"]))["ridge"]


def test_predictions_that_hold_something_else_are_not_ranked(pair, tmp_path):
    shutil.copytree(pair, tmp_path / "reports")
    path = tmp_path / "reports" / "ridge" / "report.predictions.parquet"
    pd.read_parquet(path).assign(**{"sim-1": "much"}).to_parquet(path, index=False)
    assert list(reasons(open_board([tmp_path / "reports"]))) == ["ridge"]


def test_a_table_outside_the_report_s_folder_is_not_read(pair, tmp_path, edit):
    shutil.copytree(pair / "ridge", tmp_path / "board" / "sly")
    path = tmp_path / "board" / "sly" / "report.json"
    shutil.move(path.with_name("report.predictions.parquet"), tmp_path / "elsewhere.parquet")
    edit(path, lambda record: record.update(predictions_file="../../elsewhere.parquet"))
    assert "lie outside its folder" in reasons(open_board([tmp_path / "board"]))["sly"]


def test_a_table_that_unfolds_to_more_than_a_report_can_hold_is_not_read(pair, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    shutil.copytree(pair, tmp_path / "reports")
    path = tmp_path / "reports" / "ridge" / "report.predictions.parquet"
    column = pa.DictionaryArray.from_arrays(np.zeros(CELLS + 1, np.int8), ["x"])
    pq.write_table(pa.table({"metric": column}), path)
    assert path.stat().st_size < 2**20
    assert "cells are too many" in reasons(open_board([tmp_path / "reports"]))["ridge"]


def test_a_report_on_a_suite_that_is_not_here_is_listed_and_not_ranked(pair, tmp_path, edit):
    shutil.copytree(pair / "ridge", tmp_path / "away")

    def change(record):
        for result in record["results"]:
            result["suite_digest"] = "0" * 64

    edit(tmp_path / "away" / "report.json", change)
    board = open_board([tmp_path])
    assert board.problems == ()
    assert "no suite with digest 000000000000 is here" in reasons(board)["away"]


def test_what_cannot_be_read_is_listed(pair, tmp_path):
    shutil.copytree(pair, tmp_path / "reports")
    (tmp_path / "reports" / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "reports" / "letters.json").write_bytes(b"\xff\xfe")
    board = open_board([tmp_path / "reports"])
    assert sorted(reasons(board)) == ["gone", "letters"]
    assert len(board.entries) == 2


def entry_of(folder):
    return next(read_entry(path, name) for path, name in find_reports([folder / "ridge"]).items())


@pytest.fixture
def counted(monkeypatch):
    """Return how often a report was verified."""
    verified = []
    verify = door.verify_report
    monkeypatch.setattr(
        door, "verify_report", lambda report, *more: verified.append(1) or verify(report, *more)
    )
    return verified


@pytest.mark.parametrize("honest", [True, False])
def test_a_report_is_verified_once(pair, tmp_path, edit, counted, honest):
    shutil.copytree(pair / "ridge", tmp_path / "ridge")
    if not honest:
        edit(tmp_path / "ridge" / "report.json", lambda r: r["results"][0]["curve"]["quality"].pop())
    found = [door.why_not(entry_of(tmp_path), tmp_path / "cache") for _ in range(2)]
    assert len(counted) == 1
    assert found[0] == found[1]
    assert (found[0] == "") == honest


def test_it_is_verified_again_where_something_changed(pair, tmp_path, counted, monkeypatch):
    place = shutil.copytree(pair / "ridge", tmp_path / "ridge")
    cache = tmp_path / "cache"

    def again():
        before = len(counted)
        door.why_not(entry_of(tmp_path), cache)
        return len(counted) > before

    assert again()
    assert not again()
    record = json.loads((place / "report.json").read_text())
    (place / "report.json").write_text(json.dumps(record))  # the same in other bytes
    assert again()
    for name in ("predictions", "replicates"):
        path = place / f"report.{name}.parquet"
        pd.read_parquet(path).to_parquet(path, index=False, compression="gzip")
        assert again(), name
    monkeypatch.setattr(door, "__version__", "0.0.0")
    assert again()
    for path in cache.rglob("*.json"):
        path.write_text(path.read_text()[:5])
    assert again()  # what was cut short is no answer
    assert not again()


def test_a_place_that_cannot_be_written_is_gone_without(pair, tmp_path):
    (tmp_path / "file").write_text("no folder can be made below a file")
    assert len(open_board([pair], cache=tmp_path / "file" / "cache").entries) == 2


def test_progress_is_told_while_reports_are_verified(pair, tmp_path):
    told = []
    open_board([pair], cache=tmp_path, progress=lambda what, done, total: told.append((what, done, total)))
    assert ("verifying reports", 0, 2) in told
    assert told[-1][1:] == (2, 2)
    told.clear()
    open_board([pair], cache=tmp_path, progress=lambda what, done, total: told.append((what, done, total)))
    assert "verifying reports" not in {what for what, _, _ in told}


def test_a_fault_of_this_machine_is_not_kept_as_an_answer(pair, tmp_path, monkeypatch):
    shutil.copytree(pair / "ridge", tmp_path / "ridge")

    def fail(*given):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(door, "verify_report", fail)
        assert "could not be verified here" in door.why_not(entry_of(tmp_path), tmp_path / "cache")
    assert door.why_not(entry_of(tmp_path), tmp_path / "cache") == ""


def test_what_kills_a_library_is_a_reason_and_no_crash(pair, tmp_path, monkeypatch):
    shutil.copytree(pair / "ridge", tmp_path / "ridge")

    def fail(*given):
        raise ZeroDivisionError("by a stranger")

    monkeypatch.setattr(door, "verify_report", fail)
    assert "ZeroDivisionError" in door.why_not(entry_of(tmp_path), tmp_path / "cache")
