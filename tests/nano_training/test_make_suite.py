"""The nano suite from nothing, at a size that takes a minute."""

import json

import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from catbench import load
from catbench_make.nano.nano_candidates import nano_candidates
from nano_training import make_suite


@pytest.mark.slow
def test_the_suite_comes_from_nothing_and_a_second_run_makes_nothing_again(tmp_path, monkeypatch):
    asked = []
    run = make_suite.subprocess.run
    monkeypatch.setattr(
        make_suite.subprocess, "run", lambda words, env: asked.append(words[3]) or run(words, env=env)
    )
    for _ in range(2):
        make_suite.run(tmp_path, scenes=12, rounds=1)
    assert asked == ["measure", "generate", "generate"]
    matrix = load(tmp_path / "run" / "suite")
    assert matrix.candidate_ids == tuple(one.id for one in nano_candidates())
    assert set(matrix.prompts["split"]) == {"train", "validation", "test"}
    measured = pd.read_parquet(tmp_path / "costs.parquet")
    assert {cost.value for cost in matrix.costs} == set(measured["value"])
    manifest = json.loads((tmp_path / "run" / "suite" / "manifest.json").read_text())
    assert any(name.startswith("images/") for name in manifest["files"])


def test_a_command_that_fails_ends_the_run(capfd):
    with pytest.raises(SystemExit) as stopped:
        make_suite._catbench("generate", "no-such-suite", "--out", "nowhere")
    assert stopped.value.code == 2
    assert "no-such-suite" in capfd.readouterr().err
