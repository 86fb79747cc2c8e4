"""The command line as a user meets it: real processes, files and tables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from catbench import Report

COMMAND = Path(sys.executable).parent / "catbench"


def run(*arguments, cwd=None, check=True):
    return subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, check=check, cwd=cwd
    )


@pytest.fixture(scope="module")
def evaluated(simulated, tmp_path_factory):
    """Evaluate once with every output asked for."""
    folder = tmp_path_factory.mktemp("evaluated")
    outputs = ["--json", "r.json", "--plot", "r.png", "--trials", 3, "--by", "words", "--replicates", 50]
    done = run("evaluate", "ridge", "--suite", simulated, *outputs, cwd=folder)
    return folder, done


def test_an_evaluation_writes_what_was_asked_for_and_nothing_else(evaluated):
    folder, _ = evaluated
    assert sorted(path.name for path in folder.iterdir()) == ["r.json", "r.png", "r.predictions.parquet"]
    assert (folder / "r.png").read_bytes().startswith(b"\x89PNG")


def test_the_table_names_every_candidate_and_says_simulated(evaluated):
    _, done = evaluated
    for word in (
        "SIMULATED",
        "headroom captured",
        "sim-1",
        "other-3",
        "cost to match",
        "win rate",
        "words=1",
    ):
        assert word in done.stdout


def test_the_report_is_json_of_the_documented_form(evaluated):
    folder, done = evaluated
    record = json.loads((folder / "r.json").read_text())
    assert record["schema"] == 1
    assert record["signature"] in done.stdout
    assert set(record) >= {"router", "signature", "versions", "results"}
    result = record["results"][0]
    assert {
        "suite",
        "suite_digest",
        "pool",
        "metric",
        "cost",
        "slice",
        "measures",
        "references",
        "curve",
    } <= set(result)
    assert set(result["measures"]["audc"]) >= {"value", "low", "high"}
    assert set(result["references"]) >= {"mixture", "oracle", "oracle_leave_one_out"}
    assert set(result["curve"]) >= {"cost", "quality"}
    assert result["seconds_per_prompt"] > 0


def test_predictions_have_a_column_a_candidate(evaluated, simulated):
    folder, _ = evaluated
    table = pd.read_parquet(folder / "r.predictions.parquet")
    assert list(table.columns) == ["metric", "prompt_id", "sim-1", "sim-2", "other-3"]
    prompts = pd.read_parquet(simulated / "prompts.parquet")
    assert set(table["prompt_id"]) == set(prompts.loc[prompts["split"] == "test", "prompt_id"])


def test_a_report_comes_back_as_it_was(evaluated, tmp_path):
    folder, _ = evaluated
    report = Report.read(folder / "r.json")
    report.save(tmp_path / "r.json")
    again = Report.read(tmp_path / "r.json")
    assert again.results == report.results
    pd.testing.assert_frame_equal(again.predictions, report.predictions)


def test_comparing_two_reports(evaluated, simulated, tmp_path):
    folder, _ = evaluated
    other = tmp_path / "other.json"
    run("evaluate", "mixture", "--suite", simulated, "--json", other, "--replicates", 50)
    done = run("compare", folder / "r.json", other, "--suite", simulated, "--json", tmp_path / "d.json")
    assert "ridge - mixture" in done.stdout
    differences = json.loads((tmp_path / "d.json").read_text())["differences"]
    assert [found["metric"] for found in differences] == ["simulated_score", "simulated_error"]
    assert differences[0]["measures"]["gain"]["low"] > 0


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_plots_of_other_kinds(simulated, tmp_path, suffix):
    path = tmp_path / f"curve{suffix}"
    run("evaluate", "fixed:sim-2", "--suite", simulated, "--plot", path, "--replicates", 20)
    text = path.read_text()
    assert "other-3" in text
    assert "mixture" in text
    if suffix == ".html":
        assert "<script src=" not in text  # opens offline


def test_verify_and_suites(simulated, tmp_path, monkeypatch):
    assert "every file and every rule holds" in run("verify", simulated).stdout
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path))
    assert "no suite in" in run("suites").stdout
    run("simulate", "--out", tmp_path / "suites" / "toy", "--prompts", 40)
    assert "toy" in run("suites").stdout


def test_help_and_version():
    assert "evaluate" in run("--help").stdout
    assert run("--version").stdout.startswith("catbench ")


def test_an_error_is_one_line_in_a_real_process(tmp_path):
    done = run("evaluate", "ridge", "--suite", "nowhere", check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    traceback = run("evaluate", "ridge", "--suite", "nowhere", "--debug", check=False)
    assert "Traceback" in traceback.stderr
