"""`python -m nano_training.make_suite --out DIR`: the nano suite from nothing, in DIR/run/suite.

Prompts, candidates and features (DIR/problem), what each candidate costs on this machine (DIR/costs.parquet),
both together (DIR/priced), then every image and its scores (DIR/run). What is there already stays, so that a
run that was stopped goes on. To measure costs again, delete them and DIR/priced.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from catbench.suite.store import load_suite, save
from catbench.suite.tables.prices import read_costs
from catbench_make.nano.nano_suite import SCENES, unscored_nano, with_features
from nano_training.training_command import check_device, run_command

REPEATS, ROUNDS = 21, 5
"""Times that an image of every candidate is timed in a row, and times that all candidates take turns."""


def run(
    out: Annotated[Path, typer.Option(help="folder of all steps")],
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    batch: Annotated[int, typer.Option(min=1, help="images to draw at once")] = 64,
    scenes: Annotated[int, typer.Option(min=1, help="how many; the shipped suite has the default")] = SCENES,
    rounds: Annotated[int, typer.Option(min=1, help="of measuring costs")] = ROUNDS,
) -> None:
    """Make the nano suite: prompts, costs on this machine, images and scores."""
    check_device(device)
    problem, costs, priced = out / "problem", out / "costs.parquet", out / "priced"
    if not problem.exists():
        save(with_features(unscored_nano(scenes)), problem)
    on = ("--device", device)
    if not costs.exists():
        words = ("measure", problem, "--repeats", REPEATS, "--rounds", rounds, *on, "--out", costs)
        _catbench(*words, OMP_NUM_THREADS="1")  # a second thread's times hang on what else runs
    if not priced.exists():
        save(replace(load_suite(problem), costs=read_costs(costs)), priced)
    _catbench("generate", priced, "--batch", batch, "--images", *on, "--out", out / "run")
    typer.echo(f"the suite: {out / 'run' / 'suite'}")


def _catbench(*words: object, **environment: str) -> None:
    """Run a command of catbench; where it fails it has said why."""
    code = "from catbench_command import main; main()"
    words = (sys.executable, "-c", code, *words)
    if status := subprocess.run(list(map(str, words)), env={**os.environ, **environment}).returncode:
        raise SystemExit(status)


if __name__ == "__main__":
    run_command(run)
