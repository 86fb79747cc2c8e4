"""Fixtures that several test files share: outside data, a small simulated suite, the command line."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from catbench.cli import main
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def shared():
    """The folder of outside data; skips where a checkout has none."""
    folder = ROOT.parent / "shared"
    if not (folder / "data" / "cems").is_dir():
        pytest.skip(f"{folder} is not there: it holds real data that may not be copied into the repository")
    return folder


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """The folder of a small simulated suite: 300 prompts x 3 candidates x 2 samples. Not to be changed."""
    folder = tmp_path_factory.mktemp("suites") / "simulated"
    matrix, truth = simulate(Simulation(prompts=300, candidates=3, samples=2))
    save(matrix, folder, extra={"truth": truth})
    return folder


class _WithoutTorch:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def no_torch(monkeypatch):
    """torch cannot be imported, as on the base install, nor has a baseline that needs it been."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("torch", "catbench_baselines"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_WithoutTorch, *sys.meta_path])


@pytest.fixture
def command(monkeypatch, capsys, tmp_path_factory):
    """Run `catbench ...` in this process, with an empty home for named suites; return an Outcome.

    What long work says of its progress depends on how busy the machine is, so it is not said.
    """
    monkeypatch.setattr("catbench.cli.progress.PATIENCE", 3600.0)
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path_factory.mktemp("home")))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["catbench", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run
