"""`catbench import`: what it prints, what it refuses to replace, and that its next line runs."""

from __future__ import annotations

import shlex

import pandas as pd
import pytest

from catbench import load
from catbench.home import known_suites, shipped_suites
from catbench.suite.store import suite_folder


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write scores and prices of so many prompts into an empty current folder."""
    monkeypatch.chdir(tmp_path)

    def write(prompts, prices="a,usd,1\nb,usd,2\n"):
        rows = [
            (f"thing number {i}", name, i % 7 + place)
            for i in range(prompts)
            for place, name in enumerate(("a", "b", "c"))
        ]
        pd.DataFrame(rows, columns=["prompt", "candidate", "clip"]).to_csv("scores.csv", index=False)
        (tmp_path / "costs.csv").write_text(f"candidate,unit,value\n{prices}")
        return ["import", "table", "scores.csv", "--costs", "costs.csv"]

    return write


def test_a_shipped_suite_is_never_replaced(command, files):
    given = files(60, "a,usd,1\nb,usd,2\nc,usd,3\n")
    before = {name: suite_folder(name) for name in shipped_suites()}
    assert before
    for name in before:
        for more in ([], ["--force"], ["--out", "build"]):
            outcome = command(*given, "--name", name, *more)
            assert outcome.code == 2
            assert f"catbench ships a suite of the name '{name}': give another --name" in outcome.err
    assert {name: suite_folder(name) for name in shipped_suites()} == before


@pytest.mark.parametrize("name", ["cems", "flasheval-coco", "coco"])
def test_the_name_of_a_suite_that_can_be_installed_is_not_taken(command, files, name):
    outcome = command(*files(60, "a,usd,1\nb,usd,2\nc,usd,3\n"), "--name", name, "--force")
    assert outcome.code == 2
    assert f"{name}` makes a suite of the name" in outcome.err


def test_an_installed_suite_is_only_replaced_with_force(command, files):
    given = [*files(60, "a,usd,1\nb,usd,2\nc,usd,3\n"), "--name", "mine"]
    assert command(*given).code == 0
    digest = load("mine").digest
    outcome = command(*given, "--title", "another")
    assert outcome.code == 2
    assert "or --force to replace it" in outcome.err
    assert load("mine").digest == digest
    assert command(*given, "--title", "another", "--force").code == 0
    assert load("mine").suite.title == "another"


def test_few_test_prompts_are_told_with_what_to_do_and_the_next_line_does_it(command, files):
    outcome = command(*files(300, "a,usd,1\nb,usd,2\nc,usd,3\n"), "--name", "mine")
    tested = len(load("mine").rows("test"))
    assert f"only {tested} of 300 prompts are for testing" in outcome.out
    *_, last = outcome.out.strip().splitlines()
    words = shlex.split(last.removeprefix("next: catbench "))
    assert words[-2:] == ["--folds", "5"]
    assert command(*words, "--replicates", 5).code == 0
    many = command(*files(1500, "a,usd,1\nb,usd,2\nc,usd,3\n"), "--name", "many")
    assert "--folds" not in many.out


def test_prices_of_some_candidates_only_are_told_and_the_next_line_runs(command, files):
    outcome = command(*files(60, "a,seconds,1\nb,seconds,2\nb,usd,2\nc,usd,1\n"), "--name", "mine")
    assert "costs.csv: no price in seconds for c; the pool priced:seconds has the other 2" in outcome.out
    assert "costs.csv: no price in usd for a; the pool priced:usd has the other 2" in outcome.out
    *_, last = outcome.out.strip().splitlines()
    assert "--pool priced:seconds" in last
    assert command(*shlex.split(last.removeprefix("next: catbench ")), "--replicates", 5).code == 0
    alone = command("evaluate", "mixture", "--suite", "mine", "--cost", "usd")
    assert alone.code == 2
    assert "candidate 'a' has no cost in 'usd': take the pool 'priced:usd'" in alone.err
    assert "no price in usd for a: --pool priced:usd" in command("verify", "mine").out


def test_the_suite_knows_whose_its_samples_are(command, files):
    given = files(60, "a,usd,1\nb,usd,2\nc,usd,3\n")
    assert command(*given, "--name", "images").code == 0
    rated = pd.read_csv("scores.csv").assign(rater="Zoe")
    pd.concat([rated, rated.assign(rater="Abe")]).to_csv("scores.csv", index=False)
    assert command(*given, "--name", "rated", "--columns", "sample=rater", "--samples", "raters").code == 0
    assert [load(name).suite.samples_are for name in ("images", "rated")] == ["images", "raters"]
    assert command(*given, "--name", "other", "--samples", "ratings").code == 2


def test_columns_are_told_before_a_refusal_and_nothing_is_written(command, files):
    given = files(60, "a,usd,1\nb,usd,2\nc,usd,0\n")
    known = known_suites()
    outcome = command(*given, "--name", "mine")
    assert outcome.code == 2
    assert "clip  metric, higher is better" in outcome.out
    assert "costs.csv, row 3: candidate 'c' costs 0 usd" in outcome.err
    assert known_suites() == known


def test_options_reach_the_import(command, files):
    files(60)
    table = pd.read_csv("scores.csv").pivot(index="prompt", columns="candidate", values="clip").reset_index()
    table = table.rename(columns={"prompt": "caption", "a": "SD XL"}).assign(words=3)
    table.loc[5, "b"] = None
    table.to_csv("scores.csv", index=False)
    words = "import table scores.csv --costs costs.csv --name mine --columns prompt=caption --ignore words"
    given = [
        *words.split(),
        "--wide",
        "SD XL,b",
        "--wide",
        "c",
        "--metric",
        "fid:lower",
        "--candidate",
        "a=SD XL",
    ]
    assert "--drop-prompts leaves out 1 of 60 prompts" in command(*given).err
    assert command(*given, "--drop-prompts").code == 0
    matrix = load("mine")
    assert len(matrix.prompts) == 59
    assert sorted(matrix.candidate_ids) == ["a", "b", "c"]
    assert matrix.metric("fid").direction == "lower"
    assert command(*given, "--drop-candidates", "--name", "other").code == 2  # b goes, and c has no price
