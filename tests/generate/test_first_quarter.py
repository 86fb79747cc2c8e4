"""The script that a GPU's first quarter of an hour runs: its steps, kept as they come, and their options."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

from typer.main import get_command

from catbench.cli import app
from catbench.suite.store import load_suite

SCRIPT = Path(__file__).parents[2] / "benchmark" / "first_quarter_of_an_hour.sh"
STEPS = ["measure", "loop", "nano", "nano-costs", "compiled", "training"]


def test_the_suite_that_it_makes_without_one_is_written(tmp_path):
    """With a stand-in for the pipeline: the rest of what the script runs in Python is run as it stands."""
    inside = SCRIPT.read_text().split("<<'PYTHON'\n")[1].split("\nPYTHON\n")[0]
    tree = ast.parse(inside)
    slow = ("texts", "diffusers.", "torch.set_default", "tokens")
    tree.body = [one for one in tree.body if not ast.unparse(one).startswith(slow)]
    source = ast.unparse(tree).replace("sys.argv[1]", repr(str(tmp_path)))
    exec(compile(source, str(SCRIPT), "exec"), {})
    found = load_suite(tmp_path / "suite")
    assert len(found.candidates) == 2
    assert found.prompts["split"].nunique() == 3
    assert all(one.settings["pipeline"] == str(tmp_path / "sdxl") for one in found.candidates)


def test_every_step_is_tried_kept_and_has_options_that_exist(tmp_path):
    stand_in = tmp_path / "bin" / "catbench"
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\necho "$@"\n[ "$2" != nano ]\n')
    stand_in.chmod(0o755)
    (stand_in.parent / "python3").symlink_to(stand_in)
    done = subprocess.run(
        ["bash", SCRIPT, "kept"],
        capture_output=True,
        text=True,
        env={"PATH": f"{stand_in.parent}{os.pathsep}/usr/bin:/bin", "SUITE": "a-suite", "DEVICE": "cpu"},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "kept"
    lines = (kept / "steps.txt").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == STEPS
    assert [line.split()[2] for line in lines] == ["0,", "0,", "1,", "1,", "0,", "0,"]
    for name in STEPS[:-1]:
        verb, *words = (kept / f"{name}.log").read_text().split()
        get_command(app).commands[verb].make_context(verb, words)
    assert (kept / "training.log").read_text().startswith("-m nano_training.train all --out")
