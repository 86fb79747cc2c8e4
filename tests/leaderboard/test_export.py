"""The board as files: the app's own parts, which need no server and run no stranger's code."""

from __future__ import annotations

import json
import re
import socket

import pandas as pd
import pytest
from markupsafe import Markup

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")

from catbench_leaderboard import export
from catbench_leaderboard.board import open_board
from catbench_leaderboard.leaderboard_table import leaderboard_table
from catbench_leaderboard.screens.front_page import front_parts


@pytest.fixture(scope="module")
def written(reports, troubled, tmp_path_factory):
    target = tmp_path_factory.mktemp("export") / "board"
    export.export([reports, troubled], target)
    return target


@pytest.fixture(scope="module")
def shown(reports, troubled):
    return open_board([reports, troubled])


def test_there_is_a_page_a_suite_and_a_router_and_every_link_leads_somewhere(written, shown):
    names = {path.name for path in written.iterdir()}
    routers = {
        export.router_file(row.label, "") for p in shown.problems for r in p.rows.values() for row in r
    }
    pages = {"index.html", "enter.html", *export.fronts(shown), *routers}
    assert names == pages | {"leaderboard.csv", "unranked.csv", "plotly.js", "board.css"}
    for page in pages:
        for target in re.findall(r' (?:href|src)="([^"]+)"', (written / page).read_text()):
            away = target.startswith(("data:", "https://"))
            assert away or (written / target).is_file(), f"{page} links to {target}"


def test_the_front_page_is_the_app_s(written, shown):
    parts = front_parts(shown, shown.view(), export.router_file)
    text = (written / "index.html").read_text()
    for part in (parts.sentence, parts.line, parts.table):
        assert str(part) in text


def test_the_table_is_the_pages(written, shown, view):
    table = pd.read_csv(written / "leaderboard.csv")
    here = table[(table["suite"] == "sim-one") & (table["pool"] == "sim") & (table["cost"] == "tflops")]
    here = here[here["metric"] == "simulated_score"]
    expected = leaderboard_table(shown, view())
    assert here["router"].tolist() == expected["router"].tolist()
    for column in ("mean_rank", "gain", "match_best"):
        assert here[column].tolist() == pytest.approx(expected[column].tolist(), nan_ok=True)


def test_a_page_fetches_nothing_from_elsewhere(written):
    for path in written.glob("*.html"):
        text = path.read_text()
        assert not re.search(r"(src=|<link[^>]* href=)[\"']?(https?:)?//", text), path.name
        for drawn in re.findall(r'<script type="application/json">(.*?)</script>', text, re.S):
            assert json.loads(drawn)["data"]


def test_a_hostile_name_is_text_on_every_page(written, hostile):
    for path in written.glob("*.html"):
        assert "<script>alert" not in path.read_text(), path.name
        assert "<b>" not in path.read_text()
    assert str(Markup.escape("<script>alert(1)</script>")) in (written / "index.html").read_text()
    made = [path for path in written.glob("router-*.html") if "alert" in path.read_text()]
    assert made


def test_the_shipped_board_is_below_four_megabytes(tmp_path, monkeypatch):
    from catbench.report.places import shipped_folders

    monkeypatch.setattr("catbench.submit.entries.Entry.reran", True)
    export.export(shipped_folders(), tmp_path / "board")
    assert sum(path.stat().st_size for path in (tmp_path / "board").iterdir()) < 4e6


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


def test_an_empty_board_is_exported_too(tmp_path):
    (tmp_path / "none").mkdir()
    export.export([tmp_path / "none"], tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()


def test_a_port_that_is_taken_is_refused_before_anything_is_said(command, pair):
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("leaderboard", pair, "--port", port, "--headless")
    assert done.code == 2
    assert f"--port {port}: something else listens there; give another" in done.err
    assert done.out == ""
