"""The board as files: the same tables, and a page that needs no server and runs no stranger's code."""

from __future__ import annotations

import json
import re
import socket

import pandas as pd
import pytest

from catbench_leaderboard import export, leaderboard


@pytest.fixture(scope="module")
def written(reports, troubled, tmp_path_factory):
    target = tmp_path_factory.mktemp("export") / "board"
    export.export([reports, troubled], target)
    return target


def test_every_table_is_written_in_three_forms(written):
    names = {path.name for path in written.iterdir()}
    tables = ("leaderboard", "references", "curves", "unranked")
    assert names == {f"{t}.{form}" for t in tables for form in ("csv", "json", "parquet")} | {"index.html"}
    for table in tables:
        sizes = {
            len(pd.read_csv(written / f"{table}.csv")),
            len(pd.read_parquet(written / f"{table}.parquet")),
            len(json.loads((written / f"{table}.json").read_text())),
        }
        assert len(sizes) == 1


def test_the_tables_are_the_pages(written, reports, troubled, view):
    from catbench_leaderboard.board import open_board
    from catbench_leaderboard.problems import AXES

    board = open_board([reports, troubled])
    table = pd.read_parquet(written / "leaderboard.parquet")
    for axis in AXES:
        shown = leaderboard.leaderboard(board, view(axis=axis))
        here = table[(table["suite"] == "sim-one") & (table["pool"] == "sim") & (table["cost"] == "tflops")]
        here = here[(here["metric"] == "simulated_score") & (here["slice"] == "all") & (here["axis"] == axis)]
        assert len(here) == 9
        assert here["router"].tolist() == shown["router"].tolist()
        for column in ("mean_rank", "gain", "verdict"):
            assert here[column].tolist() == shown[column].tolist()


def test_the_page_holds_everything_and_fetches_nothing(written, broken):
    text = (written / "index.html").read_text()
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?(https?:)?//", text.split("<script>")[0])
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)[1])
    assert {v["suite"] for v in data["views"]} == {"sim-one", "sim-two"}
    assert {v["axis"] for v in data["views"]} == {"log", "linear"}
    assert {one["report"] for one in data["unranked"]} == broken


def test_a_hostile_name_is_data_on_the_page(written, hostile):
    text = (written / "index.html").read_text()
    assert hostile["markup"] not in text
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)[1])
    names = {row["router"] for v in data["views"] for row in v["leaderboard"]}
    assert any(name.startswith("<script>alert(1)</script>") for name in names)


def test_the_verb_writes_and_refuses(command, pair, tmp_path):
    done = command("leaderboard", pair, "--export", tmp_path / "out")
    assert done.code == 0
    assert (tmp_path / "out" / "index.html").is_file()
    again = command("leaderboard", pair, "--export", tmp_path / "out")
    assert again.code == 2
    assert "--force" in again.err
    missing = command("leaderboard", tmp_path / "nowhere")
    assert missing.code == 2
    assert "is no folder" in missing.err


def test_a_port_that_is_taken_is_refused_before_anything_is_said(command, pair):
    pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("leaderboard", pair, "--port", port, "--headless")
    assert done.code == 2
    assert f"--port {port}: something else listens there; give another" in done.err
    assert done.out == ""
