"""A generation killed at any moment is resumed, and ends in the bytes of one that was not."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catbench_make.drawing.generation import Plan

FINISHED, KILLED = 0, -9

if not hasattr(os, "fork"):
    pytest.skip("processes cannot be forked on this system", allow_module_level=True)


@pytest.fixture
def live(suite, tmp_path) -> Iterator[Callable[[Path, float], int]]:
    """Generate into a folder for some seconds at most, then be killed; returns the exit status."""
    plan = tmp_path / "plan.pickle"
    plan.write_bytes(pickle.dumps(Plan.of(suite(), prompts_per_block=1)))
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("lives.py"), plan],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )

    def one(out: Path, seconds: float) -> int:
        process.stdin.write(f"{seconds} {out}\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    yield one
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()


def seconds_of_a_whole_run(live: Callable[[Path, float], int], out: Path) -> float:
    """Generate undisturbed, and return the seconds it takes."""
    assert live(out, 0) == KILLED  # answered when everything is imported
    started = time.monotonic()
    assert live(out, 600) == FINISHED
    return time.monotonic() - started


def kill_until_done(
    live: Callable[[Path, float], int], out: Path, dice: random.Random, longest: float
) -> int:
    """Live and be killed after a random while, again and again; returns the number of kills."""
    kills = 0
    while (status := live(out, dice.uniform(0, longest))) != FINISHED:
        assert status == KILLED
        kills += 1
        # Loading the model takes a part of every life, so lives must grow for the work to end.
        longest *= 1.1
    return kills


def test_killed_and_resumed_ends_in_the_same_bytes(live, tmp_path, content):
    seconds = seconds_of_a_whole_run(live, tmp_path / "whole")
    whole = content(tmp_path / "whole")
    kills = kill_until_done(live, tmp_path / "killed", random.Random(5), seconds / 2)
    assert kills > 0
    assert content(tmp_path / "killed") == whole


@pytest.mark.slow
def test_killed_at_many_random_moments(live, tmp_path, content):
    seconds = seconds_of_a_whole_run(live, tmp_path / "whole")
    whole = content(tmp_path / "whole")
    kills = 0
    for seed in range(12):
        kills += kill_until_done(live, tmp_path / f"killed-{seed}", random.Random(seed), seconds / 2)
        assert content(tmp_path / f"killed-{seed}") == whole, f"seed {seed}"
    assert kills >= 30
