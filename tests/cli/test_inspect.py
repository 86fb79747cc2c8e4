"""`catbench inspect` as a user meets it: a suite or a table, files, and one clear line on bad input."""

from __future__ import annotations

import json

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A folder with a score table and a cost table of two candidates that nobody has imported."""
    folder = tmp_path_factory.mktemp("table")
    words = ["a red car", "two dogs", "an old church", "a glass of water", "a map", "three birds"]
    rows = [
        {
            "prompt": f"{word} number {n}",
            "candidate": name,
            "right": float(name == "big" or "dog" not in word),
        }
        for n in range(40)
        for word in words
        for name in ("big", "small")
    ]
    pd.DataFrame(rows).to_csv(folder / "Our scores.csv", index=False)
    pd.DataFrame({"candidate": ["big", "small"], "unit": "usd", "value": [0.04, 0.001]}).to_csv(
        folder / "costs.csv", index=False
    )
    return folder


def test_a_suite_is_told_drawn_and_written(command, simulated, tmp_path):
    out = [tmp_path / name for name in ("i.json", "i.png", "i.svg")]
    done = command("inspect", simulated, "--json", out[0], "--plot", out[1])
    assert done.code == 0, done.err
    for words in (
        "SIMULATED",
        "Is there anything to route?",
        "yes: ",
        "surely gains",
        "Pareto",
        "TF-IDF ridge",
    ):
        assert words in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines() if not line.startswith("SIMULATED|"))
    record = json.loads(out[0].read_text())
    assert [one["metric"] for one in record["inspections"]] == ["simulated_score", "simulated_error"]
    for one in record["inspections"]:
        assert one["sentence"] in done.out.replace("\n", " ")
        assert set(one["gains"]) == {"oracle", "oracle_shrunk", "ridge"}
    assert out[1].read_bytes().startswith(b"\x89PNG")
    again = command("inspect", simulated, "--metric", "simulated_error", "--plot", out[2])
    assert "lower is better" in again.out
    drawn = out[2].read_text()
    assert all(name in drawn for name in ("sim-1", "TF-IDF ridge", "oracle on unseen images", "SIMULATED"))


def test_a_table_is_looked_at_before_it_is_a_suite(command, table):
    done = command("inspect", table / "Our scores.csv", "--costs", table / "costs.csv")
    assert done.code == 0, done.err
    assert "our-scores: right against USD" in done.out
    assert "yes: averaged over budgets a ridge on the prompt's words surely gains" in " ".join(
        done.out.split()
    )
    assert "one sample: how much of the oracle's gain is noise" in done.out
    lower = command(
        "inspect", table / "Our scores.csv", "--costs", table / "costs.csv", "--metric", "right:lower"
    )
    assert "right (lower is better)" in lower.out
    assert "our-scores" not in command("suites").out


def test_candidates_off_the_front_are_shown_when_asked(command, table):
    asked = [table / "Our scores.csv", "--costs", table / "costs.csv", "--metric", "right:lower"]
    few, every = command("inspect", *asked).out, command("inspect", *asked, "--all").out
    assert "\nbig  " not in few
    assert "(1 other is no better than a cheaper one: --all)" in few
    assert "\nbig  " in every
    assert "--all" not in every


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["Our scores.csv"], "--costs FILE"),
        (["nowhere.csv", "--costs", "costs.csv"], "there is no file nowhere.csv"),
        (["Our scores.csv", "--costs", "none.csv"], "there is no file none.csv"),
        (["Our scores.csv", "--costs", "costs.csv", "--metric", "left"], "unknown metric"),
        (["nano", "--costs", "costs.csv"], "'nano' has costs of its own"),
        (["nano", "--metric", "left"], "unknown metric 'left'"),
        (["nanno"], "did you mean 'nano'"),
        (["nano", "--pool", "nan"], "unknown pool 'nan'"),
        (["nano", "--cost", "euro"], "unknown cost 'euro'"),
        (["nano", "--plot", "i.html"], "ends in .png or .svg"),
        (["nano", "--json", "i.png", "--plot", "i.png"], "different files"),
        (["nano", "--json", "nowhere/i.json"], "there is no folder nowhere"),
        (["nano", "--seed", "-1"], "--seed -1: give a number of at least 0"),
    ],
)
def test_bad_input_is_one_clear_line(command, table, monkeypatch, asked, said):
    monkeypatch.chdir(table)
    before = sorted(path.name for path in table.iterdir())
    done = command("inspect", *asked)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert sorted(path.name for path in table.iterdir()) == before


def test_a_table_of_few_prompts_is_refused_in_a_line(command, tmp_path):
    rows = [
        {"prompt": f"p {n}", "candidate": c, "q": n % 3 + place}
        for n in range(30)
        for place, c in enumerate("ab")
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "s.csv", index=False)
    pd.DataFrame({"candidate": ["a", "b"], "unit": "usd", "value": [1, 2]}).to_csv(
        tmp_path / "c.csv", index=False
    )
    done = command("inspect", tmp_path / "s.csv", "--costs", tmp_path / "c.csv")
    assert done.code == 2
    assert "30 prompts that differ, and 50 are needed" in done.err


def test_a_table_is_taken_as_import_takes_it(command, tmp_path):
    names = {"prompt": "caption", "big": "FLUX.1 [dev]", "small": "small", "seed": "seed"}
    rows = [[f"thing {n} of kind {n % 5}", n % 5, (n * 7) % 5, n] for n in range(120)]
    pd.DataFrame(rows, columns=list(names.values())).to_csv(tmp_path / "s.csv", sep=";", index=False)
    (tmp_path / "c.csv").write_text("candidate,unit,value\nbig,usd,$0.02\nsmall,usd,$0.01\n")
    asked = ["inspect", tmp_path / "s.csv", "--costs", tmp_path / "c.csv"]
    assert "--columns prompt=caption,candidate=COLUMN, or --wide" in command(*asked).err
    given = ["--columns", "prompt=caption", "--wide", "FLUX.1 [dev],small", "--metric", "quality"]
    done = command(*asked, *given, "--candidate", "big=FLUX.1 [dev]")
    assert done.code == 0, done.err
    assert "left out (no candidate of --wide): seed" in done.out
    assert "s: quality against USD" in done.out
    assert "options that say how to take a table" in command("inspect", "nano", "--wide", "a").err
