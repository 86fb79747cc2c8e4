"""The app's logic by AppTest: pages, selectors, addresses, and what it says of an empty board."""

from __future__ import annotations

import gc
import json
import re
import shutil
import subprocess
import sys

import pytest
from markupsafe import Markup

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")

from pathlib import Path

from streamlit.testing.v1 import AppTest

import catbench_leaderboard
from catbench_leaderboard import running_board
from catbench_leaderboard.leaderboard_table import leaderboard_table

APP = Path(catbench_leaderboard.__file__).parent / "app.py"
PAGES = ("Leaderboard", "Router", "Two routers", "Suite", "Prompts", "Enter")


@pytest.fixture
def opened(reports, monkeypatch):
    """Return a function that opens an address and returns the app."""

    def run(folder=reports, **query):
        monkeypatch.setenv(running_board.FOLDERS, json.dumps([str(folder)]))
        app = AppTest.from_file(str(APP), default_timeout=300)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception[0].value
        return app

    return run


def read(app):
    """The text of a page's markup."""
    text = " ".join(one.proto.body for one in app.get("html"))
    bare = re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]+>", " ", text, flags=re.S)
    return " ".join(Markup(bare).unescape().split())


def heading(app):
    return re.search(r"<h1>(.*?)</h1>", " ".join(one.proto.body for one in app.get("html")))[1]


def test_what_all_visitors_share_is_not_searched_for_garbage(opened):
    """Streamlit collects garbage after each run of a page: over 500 reports that held up every click."""
    opened()
    board = running_board.board()
    assert gc.is_tracked(board)
    assert not any(found is board for found in gc.get_objects())


HEADINGS = {"Leaderboard": "catbench leaderboard"}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands(opened, page):
    assert heading(opened(page=page)) == HEADINGS.get(page, page)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_beside_broken_foreign_and_hostile_reports(opened, troubled, broken, page):
    app = opened(troubled, page=page)
    assert heading(app) == HEADINGS.get(page, page)
    said = read(app)
    if page == "Leaderboard":
        assert f"Not on the board: {len(broken)} of the reports found" in said
        assert all(f" {name} " in said for name in broken)
    for one in app.get("html"):
        assert "alert(1)</script>" not in one.proto.body


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_on_an_empty_board(opened, tmp_path, page):
    app = opened(tmp_path, page=page)
    assert page == "Enter" or "no report that holds" in app.info[0].value


def shown_gains(app):
    """Router -> gain, as the leaderboard prints them."""
    body = next(one.proto.body for one in app.get("html") if 'class="front"' in one.proto.body)
    rows = re.findall(r"<bdi>([^<]*)</bdi></a></td>.*?class=\"both\"><span>([^\s<]+)", body)
    return {Markup(router).unescape(): gain for router, gain in rows}


def test_selectors_change_the_table_to_the_reports_values(opened, board, view):
    chosen = {"suite": "sim-one", "pool": "sim+", "cost": "tflops", "metric": "simulated_score"}
    app, before = opened(), None
    for name, value in (
        ("suite", "sim-two"),
        ("suite", "sim-one"),
        ("pool", "sim"),
        ("cost", "seconds"),
        ("metric", "simulated_error"),
        ("axis", "linear"),
    ):
        if name == "suite":
            app.button_group(key="suite").set_value(value)
        else:
            app.selectbox(key=name).set_value(value)
        app.run()
        chosen[name] = value
        table = leaderboard_table(board, view(**chosen)).set_index("router")["gain"]
        shown = shown_gains(app)
        assert list(shown) == table.index.tolist()
        assert [float(gain) for gain in shown.values()] == pytest.approx(table.tolist(), abs=6e-3)
        assert name == "cost" or shown != before  # prices in another unit, but in the same proportions
        before = shown


def test_a_shared_address_restores_the_view(opened):
    given = {"suite": "sim-one", "pool": "sim", "cost": "seconds", "metric": "simulated_error"}
    app = opened(page="Two routers", axis="linear", first="mixture", second="ridge", **given)
    assert app.button_group(key="suite").value == "sim-one"
    for name, value in {**given, "axis": "linear", "first": "mixture", "second": "ridge"}.items():
        assert name == "suite" or app.selectbox(key=name).value == value
    assert "mixture is better by" in read(app)


@pytest.mark.parametrize("page", PAGES)
def test_an_address_of_what_is_not_there_falls_back(opened, page):
    names = ("suite", "pool", "cost", "metric", "slice", "axis", "by", "first", "budget", "prompt", "router")
    app = opened(page=page, **dict.fromkeys(names, "<b>nothing</b>"))
    assert page == "Enter" or app.button_group(key="suite").value in ("sim-one", "sim-two")


def test_filters_offer_only_what_reports_hold(opened, board):
    app = opened(suite="sim-two")
    problem = board.main("sim-two")
    assert app.selectbox(key="metric").options == list(problem.metrics)
    assert app.selectbox(key="slice").options == problem.slices(problem.metrics[0])
    assert "pool" not in [box.key for box in app.selectbox]  # there is one


def test_simulated_scores_say_so_on_every_page_that_shows_any(opened):
    for page in PAGES[:-1]:
        assert "SIMULATED" in opened(page=page).warning[0].value


def test_a_new_and_a_changed_report_are_on_the_board_at_the_next_visit(opened, pair, tmp_path):
    shutil.copytree(pair / "ridge", tmp_path / "ridge")
    assert list(shown_gains(opened(tmp_path))) == ["ridge"]
    shutil.copytree(pair / "mixture", tmp_path / "mixture")
    assert set(shown_gains(opened(tmp_path))) == {"ridge", "mixture"}
    record = json.loads((tmp_path / "mixture" / "report.json").read_text())
    record["router"]["name"] = "renamed"
    (tmp_path / "mixture" / "report.json").write_text(json.dumps(record))
    assert set(shown_gains(opened(tmp_path))) == {"ridge", "renamed"}


def test_the_first_visitors_import_nothing(reports):
    """Two at once would meet a module that is half there."""
    code = f"""
import sys
from pathlib import Path

from catbench.submit.entries import Entry
from catbench_leaderboard import running_board, serve

Entry.reran = True
serve.prepare([Path({str(reports)!r})], lambda *_: None)
before = set(sys.modules)
from catbench.submit.paired_ranks import paired_bands
from catbench_leaderboard.screens import front_page, router_page, two_routers_page
from catbench_leaderboard.figures import difference_figure
from catbench_leaderboard.leaderboard_table import ordered
from catbench_leaderboard.style import THEMES

board, to = running_board.board(lambda *_: None), lambda label, suite: "?"
view = board.view("sim-one")
first, second = ordered(board, view)[:2]
assert front_page.front_parts(board, view, to).table
for quality in (False, True):
    assert front_page.curves(board, view, THEMES["light"], quality=quality)
list(router_page.router_parts(board, [view], first.label, THEMES["light"], to))
difference_figure(first, second, paired_bands(first, second), "log", THEMES["light"])
print(sorted(set(sys.modules) - before))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "[]\n", ran.stdout + ran.stderr
