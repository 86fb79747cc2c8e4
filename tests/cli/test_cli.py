"""The command line as a user meets it: files, tables and exit codes, and once a real process."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from catbench import Report
from catbench.cli import main
from catbench.suite.store import load, save

COMMAND = Path(sys.executable).parent / "catbench"


def run(*arguments, cwd="."):
    """Run a command that succeeds in this process; return what it printed."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(cwd), contextlib.redirect_stdout(out):
        patch.setattr(sys, "argv", ["catbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
    assert not stop.value.code
    return out.getvalue()


def process(*arguments):
    """Run a command as a process of its own."""
    return subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "koi8-r"])
def test_what_an_encoding_lacks_is_printed_as_a_question_mark(simulated, tmp_path, monkeypatch, encoding):
    told = load(simulated)
    told = replace(told, suite=told.suite.model_copy(update={"title": "from a λ to an …"}))
    save(told, tmp_path / "told")
    for words, code in ((["verify", tmp_path / "told"], 0), (["verify", "a λ to an …"], 2)):
        streams = {name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")}
        monkeypatch.setattr(sys, "argv", ["catbench", *map(str, words)])
        with pytest.MonkeyPatch.context() as patch:
            for name, stream in streams.items():
                patch.setattr(sys, name, stream)
            with pytest.raises(SystemExit) as stop:
                main()
        assert (stop.value.code or 0) == code
        said = streams["stderr" if code else "stdout"]
        said.flush()
        assert b"a ? to an " in said.buffer.getvalue()


@pytest.fixture(scope="module")
def evaluated(simulated, tmp_path_factory):
    """Evaluate once with every output asked for."""
    folder = tmp_path_factory.mktemp("evaluated")
    outputs = ["--json", "r.json", "--plot", "r.png", "--curve", "r.csv"]
    outputs += ["--trials", 3, "--by", "words", "--replicates", 50]
    printed = run("evaluate", "ridge", "--suite", simulated, *outputs, cwd=folder)
    return folder, printed


def test_an_evaluation_writes_what_was_asked_for_and_nothing_else(evaluated):
    folder, _ = evaluated
    written = ["r.csv", "r.json", "r.png", "r.predictions.parquet", "r.replicates.parquet"]
    assert sorted(path.name for path in folder.iterdir()) == written
    assert (folder / "r.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_printed_says_simulated_and_has_every_part(evaluated):
    folder, printed = evaluated
    words = ("SIMULATED", "headroom captured", "cost to", "win rate", "words=", "Where the prompts go")
    for word in words:
        assert word in printed
    verdict = Report.read(folder / "r.json").result().verdict
    assert verdict[1:] in " ".join(printed.split())  # its lines are wrapped, its first letter is a capital


def test_the_report_is_json_of_the_documented_form(evaluated):
    folder, printed = evaluated
    record = json.loads((folder / "r.json").read_text())
    assert record["schema"] == 2
    assert record["signature"] in printed.replace("|\n", "|")  # broken after a bar where it is long
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
    ahead = ["metric", "split", "fold", "prompt_id"]
    assert list(table.columns) == [*ahead, "sim-1", "sim-2", "other-3"]
    prompts = pd.read_parquet(simulated / "prompts.parquet")
    for split in ("test", "validation"):
        asked = table.loc[table["split"] == split, "prompt_id"]
        assert set(asked) == set(prompts.loc[prompts["split"] == split, "prompt_id"])


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
    printed = run("compare", folder / "r.json", other, "--suite", simulated, "--json", tmp_path / "d.json")
    assert "ridge gains" in printed
    assert "more area than mixture, surely" in printed
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
    assert "every file and every rule holds" in run("verify", simulated)
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path))
    assert "toy" not in run("suites")
    run("simulate", "--out", tmp_path / "suites" / "toy", "--prompts", 40)
    assert "toy" in run("suites")


def test_help_and_version():
    assert "evaluate" in run("--help")
    assert run("--version").startswith("catbench ")


def test_an_error_is_one_line_in_a_real_process(tmp_path):
    done = process("evaluate", "ridge", "--suite", "nowhere")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    traceback = process("evaluate", "ridge", "--suite", "nowhere", "--debug")
    assert "Traceback" in traceback.stderr


def test_a_table_is_imported_and_evaluated_by_a_router_in_a_file(tmp_path):
    rows = [
        (f"thing {i}", name, i % 7 / 7 + bonus) for i in range(60) for name, bonus in (("a", 0), ("b", 0.1))
    ]
    pd.DataFrame(rows, columns=["prompt", "candidate", "clip"]).to_csv(tmp_path / "scores.csv", index=False)
    (tmp_path / "costs.csv").write_text("candidate,unit,value\na,usd,1\nb,usd,2\n")
    given = ["--costs", "costs.csv", "--name", "mine", "--out", "suite", "--metric", "clip"]
    assert "60 prompts x 2 candidates, clip, in suite" in run(
        "import", "table", "scores.csv", *given, cwd=tmp_path
    )
    (tmp_path / "mine.py").write_text(
        "from sklearn.dummy import DummyRegressor\n"
        "from sklearn.feature_extraction.text import CountVectorizer\n"
        "from sklearn.pipeline import make_pipeline\n"
        "def make_router(pool): return make_pipeline(CountVectorizer(), DummyRegressor())\n"
    )
    printed = run(
        "evaluate", "mine.py", "--suite", "suite", "--json", "r.json", "--replicates", 5, cwd=tmp_path
    )
    assert "SIMULATED" not in printed
    result = Report.read(tmp_path / "r.json").result()
    # b is better everywhere by 0.1 for twice the cost: a straight line, and nothing to gain by reading.
    assert result.estimate("gain").value == pytest.approx(0, abs=1e-6)
    assert result.fixed["b"].quality.value - result.fixed["a"].quality.value == pytest.approx(0.1, abs=1e-6)
    assert result.estimate("cost_to_match", "b").value == pytest.approx(1)


def test_outputs_without_replicates_have_no_intervals(simulated, tmp_path):
    given = ["--suite", simulated, "--metric", "simulated_error", "--replicates", 0]
    printed = run("evaluate", "mixture", *given, "--json", "r.json", "--plot", "r.png", cwd=tmp_path)
    assert "lower is better" in printed
    audc = Report.read(tmp_path / "r.json").result().estimate("audc")
    assert audc.value is not None
    assert audc.low is audc.high is None


def test_predictions_alone(simulated, tmp_path):
    given = ["--suite", simulated, "--metric", "simulated_error", "--replicates", 0, "--pool", "sim"]
    run("evaluate", "mixture", *given, "--predictions", "p.parquet", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]
    ahead = ["metric", "split", "fold", "prompt_id"]
    assert list(pd.read_parquet(tmp_path / "p.parquet")) == [*ahead, "sim-1", "sim-2"]
