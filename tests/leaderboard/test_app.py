"""The app's logic by AppTest: pages, selectors, addresses, and what it says of an empty board."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")

from pathlib import Path

from streamlit.testing.v1 import AppTest

import catbench_leaderboard
from catbench_leaderboard import leaderboard, live

APP = Path(catbench_leaderboard.__file__).parent / "app.py"
PAGES = ("Leaderboard", "Curves", "Compare two", "Prompts", "Suite", "Submit")


@pytest.fixture
def opened(reports, monkeypatch):
    """Return a function that opens an address and returns the app."""

    def run(folder=reports, **query):
        monkeypatch.setenv(live.FOLDERS, json.dumps([str(folder)]))
        app = AppTest.from_file(str(APP), default_timeout=300)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception[0].value
        return app

    return run


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands(opened, page):
    app = opened(page=page)
    assert [title.value for title in app.title] == [page]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_beside_broken_foreign_and_hostile_reports(opened, troubled, broken, page):
    app = opened(troubled, page=page)
    assert app.title[0].value == page
    if page == "Leaderboard":
        assert set(app.dataframe[-1].value["report"]) == broken


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_on_an_empty_board(opened, tmp_path, page):
    app = opened(tmp_path, page=page)
    assert page == "Submit" or "no ranked report" in app.info[0].value


def test_selectors_change_the_table_to_the_reports_values(opened, board, view):
    app = opened()
    chosen = {name: app.selectbox(key=name).value for name in ("suite", "pool", "cost", "metric")}
    assert chosen == {"suite": "sim-one", "pool": "sim+", "cost": "tflops", "metric": "simulated_score"}
    shown = app.dataframe[0].value
    for name, value in (
        ("suite", "sim-two"),
        ("suite", "sim-one"),
        ("pool", "sim"),
        ("cost", "seconds"),
        ("metric", "simulated_error"),
        ("axis", "linear"),
    ):
        before = shown
        app.selectbox(key=name).set_value(value)
        app.run()
        chosen[name] = value
        shown = app.dataframe[0].value
        table = leaderboard.leaderboard(board, view(**chosen))
        assert shown["overhead_ms"].tolist() == table["overhead_ms"].tolist()
        assert name == "cost" or shown["audc"].tolist() != before["audc"].tolist()  # same proportions
        assert shown["router"].tolist() == table["router"].tolist()
        assert shown["audc"].tolist() == table["audc"].tolist()
        assert shown["mean_rank"].tolist() == table["mean_rank"].tolist()
        assert shown["gain"].tolist() == table["gain"].tolist()


def test_a_shared_address_restores_the_view(opened):
    given = {"suite": "sim-one", "pool": "sim", "cost": "seconds", "metric": "simulated_error"}
    app = opened(page="Curves", axis="linear", routers=["mixture"], **given)
    assert {name: app.selectbox(key=name).value for name in given} == given
    assert app.multiselect(key="routers").value == ["mixture"]
    assert app.selectbox(key="axis").value == "linear"
    assert app.dataframe[0].value["router"].tolist() == ["mixture"]


@pytest.mark.parametrize("page", PAGES)
def test_an_address_of_what_is_not_there_falls_back(opened, page):
    foreign = dict.fromkeys(
        ("suite", "pool", "cost", "metric", "slice", "first", "budget", "prompt"), "<b>nothing</b>"
    )
    app = opened(page=page, **foreign)
    assert page == "Submit" or app.selectbox(key="suite").value in ("sim-one", "sim-two")


@pytest.mark.parametrize("router", ["ridge", "mixture"])
def test_a_search_narrows_the_ranking_and_not_the_verdict(opened, router):
    app, everybody = opened(search=router), opened()
    assert app.dataframe[0].value["router"].tolist() == [router]
    assert app.markdown[0].value == everybody.markdown[0].value
    assert app.markdown[0].value.startswith("ridge is ahead")
    assert app.markdown[1].value.startswith("Best on validation prompts is ")


def test_suites_can_be_chosen_that_routers_are_ranked_over(opened, board):
    from catbench_leaderboard.ranking import suites_ranking

    for suites in (["sim-one", "sim-two"], ["sim-two"]):
        app = opened(suites=suites)
        assert app.multiselect(key="suites").value == suites
        shown = app.dataframe[2].value
        expected = suites_ranking(board, "log", suites)[0]
        assert shown["router"].tolist() == expected["router"].tolist()
        assert shown["value"].tolist() == expected["value"].tolist()


def test_simulated_scores_say_so_on_every_page_that_shows_any(opened):
    for page in PAGES[:-1]:
        assert "SIMULATED" in opened(page=page).warning[0].value


def test_a_new_report_is_on_the_board_at_the_next_visit(opened, pair, reports, tmp_path):
    import shutil

    shutil.copytree(pair / "ridge", tmp_path / "ridge")
    assert len(opened(tmp_path).dataframe[0].value) == 1
    shutil.copytree(pair / "mixture", tmp_path / "mixture")
    assert len(opened(tmp_path).dataframe[0].value) == 2
