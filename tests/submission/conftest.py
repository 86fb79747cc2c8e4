"""A submission's folder whose router is plain NumPy, and one evaluated on the simulated suite."""

from __future__ import annotations

import shutil

import pytest

from catbench.errors import UsageError
from catbench.score.bootstrap import Bootstrap
from catbench.submit.private import split_private
from catbench.submit.run import How, run_submission
from catbench.submit.sandbox.launch import check_available
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import load, save

TOML = """
name = "Length"
authors = ["Ada", "Grace"]
paper = "https://example.org/paper"
licence = "Apache-2.0"
suites = ["simulated"]
unseen-candidates = true
"""
ROUTER = """
import numpy as np

class Router:
    def fit(self, prompts, quality):
        self.line = np.polyfit([len(text) for text in prompts], quality, 1)

    def predict(self, prompts):
        return np.array([len(text) for text in prompts])[:, None] * self.line[0] + self.line[1]

def make_router(pool):
    return Router()
"""


@pytest.fixture(scope="session")
def strongest():
    """The strongest sandbox that can be had on this machine."""
    try:
        check_available("bwrap")
    except UsageError:
        return "process"
    return "bwrap"


@pytest.fixture(scope="session")
def matrix(simulated):
    return load(simulated)


@pytest.fixture
def folder(tmp_path):
    """A submission that works."""
    place = tmp_path / "length"
    place.mkdir()
    (place / "submission.toml").write_text(TOML)
    (place / "router.py").write_text(ROUTER)
    return place


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory, matrix):
    """The folder of a submission with its report. Not to be changed."""
    place = tmp_path_factory.mktemp("evaluated") / "length"
    place.mkdir()
    (place / "submission.toml").write_text(TOML)
    (place / "router.py").write_text(ROUTER)
    run_submission(place, matrix, How("none"), bootstrap=Bootstrap(50)).save(place / "report.json")
    return place


@pytest.fixture
def copied(evaluated, tmp_path):
    """A copy of the evaluated submission, to be changed."""
    return shutil.copytree(evaluated, tmp_path / "length")


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A suite of 3000 prompts, 300 of them tested."""
    folder = tmp_path_factory.mktemp("whole") / "suite"
    save(simulate(Simulation(prompts=3000, candidates=3, samples=2))[0], folder)
    return load(folder)


@pytest.fixture(scope="session")
def parts(tmp_path_factory, whole):
    """Folders of the public suite and the host. Not to be changed."""
    place = tmp_path_factory.mktemp("parts")
    split_private(whole, 0.5, 3, place / "public", place / "host", 2)
    return place
