"""What a sandbox adds to a fast router: one process started, and prompts and numbers copied."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from catbench.errors import UsageError
from catbench.route.routing import ask_at
from catbench.score.rounds import rounds_of
from catbench.submit.run import session_of
from catbench.submit.sandbox.launch import Inside
from catbench.suite.simulate import Simulation, simulate

ROUTER = """
import numpy as np

class Router:
    def fit(self, prompts, quality):
        self.mean = quality.mean(axis=0)

    def predict(self, prompts):
        return np.tile(self.mean, (len(prompts), 1))

def make_router(pool):
    return Router()
"""
IMPORTS = "import catbench.submit.sandbox.child"


def run(folder, matrix, sandbox):
    """Return the seconds that fitting and asking take, all in all."""
    pool = matrix.pool(metric=matrix.metrics[0].name)
    one = rounds_of(matrix).each[0]
    train, validation, test = one.train.labelled(pool), one.validation.labelled(pool), one.test.texts()
    start = time.perf_counter()
    with (
        session_of(Inside("fast", folder, "router.py:make_router", sandbox)) as session,
    ):
        session.fit(session.make(pool), train, validation)
        session.ask(0, test, ask_at(train[1], pool.cost))
    return time.perf_counter() - start


def test_a_sandbox_costs_little_more_than_starting_python(benchmark, told, tmp_path):
    """Relative to a bare Python that imports the same, so that it holds on any machine."""
    folder = tmp_path / "fast"  # pytest's own folder is closed to the user that the sandbox runs as
    folder.mkdir()
    (folder / "router.py").write_text(ROUTER)
    matrix = simulate(Simulation(prompts=5000, candidates=10, samples=1))[0]
    try:
        plain, sandboxed = (min(run(folder, matrix, kind) for _ in range(3)) for kind in ("none", "bwrap"))
    except UsageError as error:
        pytest.skip(str(error))
    bare = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-B", "-c", IMPORTS], check=True)
        bare.append(time.perf_counter() - start)
    benchmark.pedantic(lambda: None)
    told("what a sandbox adds to a session", (sandboxed - plain) / min(bare), "starting Python")
    assert sandboxed - plain < 3 * min(bare)
