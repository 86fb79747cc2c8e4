"""A report of the right form that makes no sense is listed, and every page stands beside it."""

from __future__ import annotations

import json
import shutil

import pytest

from catbench_leaderboard import standing
from catbench_leaderboard.cache import open_board

BROKEN = {
    "no headroom": lambda result: result["measures"].pop("headroom"),
    "no reference 'oracle'": lambda result: result["references"].pop("oracle"),
    "fixed candidates": lambda result: result["fixed"].clear(),
    "positive, finite cost": lambda result: result["fixed"]["sim-1"].update(cost=0),
    "lists of lengths": lambda result: result["curve"]["quality"].pop(),
    "lengths [0]": lambda result: result["curve"].update(cost=[], quality=[], low=[], high=[]),
    "costs that fall": lambda result: result["curve"]["cost"].reverse(),
    "mixture: lists of lengths": lambda result: result["reference_curves"]["mixture"]["cost"].pop(),
    "selection rates": lambda result: result["selection"]["rate"].pop("sim-1"),
    "no audc": lambda result: result["measures"].update(audc={}),
    "'sim-1' has no quality": lambda result: result["fixed"]["sim-1"]["quality"].update(value=None),
    "its suite is empty": lambda result: result.update(suite=""),
    "its pool is empty": lambda result: result.update(pool=" \u202e"),
    "its cost is empty": lambda result: result.update(cost=""),
    "its metric is empty": lambda result: result.update(metric=""),
    "its slice is empty": lambda result: result.update(slice=""),
}


@pytest.mark.parametrize("said", BROKEN)
def test_a_report_that_makes_no_sense_is_listed(forged, view, said):
    board = forged(lambda record: BROKEN[said](record["results"][0]))
    assert said in board.troubles["what"].iloc[0]
    assert standing.standing(board, view())["router"].tolist() == ["mixture"]


def test_a_number_without_end_is_listed(pair, tmp_path):
    shutil.copytree(pair, tmp_path / "reports")
    path = tmp_path / "reports" / "ridge" / "report.json"
    record = json.loads(path.read_text())
    record["results"][0]["measures"]["audc"]["high"] = 12345.5
    path.write_text(json.dumps(record).replace("12345.5", "1e999"))
    assert "not finite" in open_board([tmp_path / "reports"], tmp_path / "kept").troubles["what"].iloc[0]


def test_a_result_given_twice_is_listed(pair, tmp_path):
    shutil.copytree(pair, tmp_path / "reports")
    path = tmp_path / "reports" / "ridge" / "report.json"
    record = json.loads(path.read_text())
    record["results"].append(record["results"][0])
    path.write_text(json.dumps(record))
    assert "two results" in open_board([tmp_path / "reports"], tmp_path / "kept").troubles["what"].iloc[0]


def test_predictions_that_hold_something_else_are_not_ranked(pair, tmp_path):
    import pandas as pd

    shutil.copytree(pair, tmp_path / "reports")
    path = tmp_path / "reports" / "ridge" / "report.predictions.parquet"
    table = pd.read_parquet(path)
    table.assign(**{"sim-1": "much"}).to_parquet(path, index=False)
    board = open_board([tmp_path / "reports"], tmp_path / "kept")
    assert board.troubles["where"].tolist() == ["ridge"]
    assert board.ranks.set_index("entry").loc["ridge", "rank"].isna().all()
