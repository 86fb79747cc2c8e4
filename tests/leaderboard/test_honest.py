"""Nobody has a rank by what a folder says of itself: checks passed, and somebody ran the router again."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")

from streamlit.testing.v1 import AppTest

import catbench_leaderboard
from catbench.report.index import own_index, write_index
from catbench.report.submission_record import Fresh, Rerun, record_verification
from catbench.submit.entries import CLAIMED, UNRERUN
from catbench.suite import here as suites
from catbench_leaderboard import first_sentence, running_board
from catbench_leaderboard.board import MEAN, open_board
from catbench_leaderboard.leaderboard_table import leaderboard_table

pytestmark = pytest.mark.usefixtures("strict")
APP = Path(catbench_leaderboard.__file__).parent / "app.py"
RERUN = Rerun(passed=True, date="2026-01-01", sandbox="bwrap", largest_difference=0.0, identical=True)
FRESH = Fresh(
    holds=True,
    date="2026-01-01",
    suite="new",
    suite_digest="0" * 64,
    gain={},
    difference={},
    failed_checks=(),
)


@pytest.fixture
def folder(pair, tmp_path, as_submission):
    """Reports of two submissions whose numbers hold: `ridge` has more gain than `mixture`."""
    place = shutil.copytree(pair, tmp_path / "reports")
    for name in ("ridge", "mixture"):
        as_submission(place / name / "report.json")
    return place


@pytest.fixture
def index(folder):
    """Return a function that writes this user's own index; it is gone when the test ends."""

    def write(*names):
        write_index(own_index(), [folder / name / "report.json" for name in names], folder)

    yield write
    own_index().unlink(missing_ok=True)


def ranked(folder, view, **given):
    table = leaderboard_table(open_board([folder]), view(**given)).set_index("router")
    assert list(table["rank"].isna()) == sorted(table["rank"].isna())  # below those that have a rank
    assert list(table["rank"].isna()) == list(table["unranked"] != "")
    return table


def test_what_nobody_reran_has_no_rank_whatever_its_numbers_are(folder, view):
    assert set(ranked(folder, view)["unranked"]) == {UNRERUN}
    assert first_sentence.best_validated(open_board([folder]), view()) is None
    assert first_sentence.sentence(open_board([folder]), view()).startswith("Nobody is ranked here")
    record_verification(folder / "ridge" / "report.json", None, None)  # derived, and not run again
    record_verification(folder / "mixture" / "report.json", RERUN, None)
    for by in (MEAN, "simulated_score"):
        assert ranked(folder, view, by=by)["unranked"].to_dict() == {"ridge": UNRERUN, "mixture": CLAIMED}


def test_what_only_its_own_folder_claims_is_never_first(folder, view, index):
    """As the unmodified template would be, with a verification that anybody can write."""
    record_verification(folder / "ridge" / "report.json", RERUN, FRESH)
    assert ranked(folder, view)["rank"].isna().all()
    index("mixture")
    table = ranked(folder, view)
    assert table.index[0] == "mixture"
    assert table.loc["ridge", ["verified", "unranked"]].tolist() == ["", CLAIMED]
    assert table.loc["ridge", "gain"] > table.loc["mixture", "gain"]
    assert first_sentence.best_validated(open_board([folder]), view()).label == "mixture"


@pytest.mark.parametrize(
    ("again", "new", "says"),
    [
        (RERUN.model_copy(update={"passed": False}), None, "run again, it predicts something else"),
        (
            RERUN.model_copy(update={"passed": False, "failed_checks": ("order",)}),
            None,
            "failed checks: order",
        ),
        (RERUN, FRESH.model_copy(update={"holds": False}), "does not hold on new prompts (new)"),
        (
            RERUN,
            FRESH.model_copy(update={"holds": False, "failed_checks": ("noise",)}),
            "failed checks: noise",
        ),
    ],
)
def test_what_a_host_found_out_takes_the_rank_away(folder, view, index, again, new, says):
    index("ridge", "mixture")
    record_verification(folder / "ridge" / "report.json", again, new)
    table = ranked(folder, view)
    assert (table.loc["ridge", "unranked"], table.loc["mixture", "rank"]) == (says, 1)
    assert "new prompts" not in table.loc["ridge", "verified"]


def test_failed_checks_take_the_rank_away(folder, view, edit, index):
    def fail(record):
        record["submission"]["checks"][0]["passed"] = False

    edit(folder / "ridge" / "report.json", fail)
    failed = json.loads((folder / "ridge" / "report.json").read_text())["submission"]["checks"][0]["name"]
    index("ridge", "mixture")
    table = ranked(folder, view)
    assert table.loc["ridge", "unranked"] == f"failed checks: {failed}"
    assert np.isnan(table.loc["ridge", "rank"])


def test_an_index_counts_for_its_files_and_no_others(folder, view, index):
    index("ridge", "mixture")
    table = ranked(folder, view)
    assert list(table["unranked"]) == ["", ""]
    assert table.loc["ridge", "verified"] == "rerun for a release"
    predictions = folder / "ridge" / "report.predictions.parquet"
    shutil.copy(folder / "mixture" / predictions.name, predictions)
    board = open_board([folder])
    assert [entry.id for entry in board.entries] == ["mixture"]
    assert [one.report for one in board.unranked] == ["ridge"]


def read(app):
    """The text of a page's markup."""
    text = " ".join(one.proto.body for one in app.get("html"))
    return " ".join(
        Markup(re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]+>", " ", text, flags=re.S))
        .unescape()
        .split()
    )


@pytest.fixture
def opened(folder, monkeypatch):
    """Return a function that opens a page of the board of `folder`."""

    def run(page):
        monkeypatch.setenv(running_board.FOLDERS, json.dumps([str(folder)]))
        app = AppTest.from_file(str(APP), default_timeout=300)
        app.query_params["page"] = page
        app.run()
        assert not app.exception, app.exception[0].value
        return app

    return run


def test_the_page_shows_those_without_a_rank_below(opened, index):
    index("mixture")
    said = read(opened("Leaderboard"))
    assert said.index("mixture") < said.index("no: " + UNRERUN)
    assert "✓ yes" in said


def test_the_page_says_so_where_nobody_has_a_rank(opened):
    said = read(opened("Leaderboard"))
    assert "Nobody is ranked here" in said
    assert "✓" not in said


@pytest.mark.parametrize("page", ["Leaderboard", "Router", "Two routers", "Prompts", "Suite"])
def test_every_page_stands_where_a_verified_report_s_suite_is_not_here(opened, index, monkeypatch, page):
    index("ridge", "mixture")
    monkeypatch.setattr(suites, "suite_folders", dict)
    suites.matrix_of.cache_clear()
    app = opened(page)
    if page == "Leaderboard":
        assert read(app).count("✓ yes") == 2
    if page == "Router":
        assert "where the suite's prompts are installed" in read(app)
    if page in ("Two routers", "Prompts"):
        assert "are not on this machine" in app.info[0].value


def test_a_report_of_a_suite_that_is_not_here_is_not_on_the_board_unless_an_index_has_it(
    folder, view, index, monkeypatch
):
    index("mixture")
    monkeypatch.setattr(suites, "suite_folders", dict)
    suites.matrix_of.cache_clear()
    table = ranked(folder, view)
    assert list(table.index) == ["mixture"]
    assert [one.report for one in open_board([folder]).unranked] == ["ridge"]


def test_a_host_s_signature_is_told(folder, view, monkeypatch):
    record_verification(folder / "ridge" / "report.json", RERUN, FRESH)
    monkeypatch.setattr("catbench.report.submission_record.allowed_signers", lambda: Path("keys"))
    monkeypatch.setattr("catbench.report.submission_record.signer", lambda path, content, allowed: "ada")
    assert ranked(folder, view).loc["ridge", "verified"] == "rerun by ada, holds on new prompts"
    monkeypatch.setattr("catbench.report.submission_record.signer", lambda path, content, allowed: "")
    assert ranked(folder, view).loc["ridge", "unranked"] == UNRERUN
