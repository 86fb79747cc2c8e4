"""A hub on loopback, and the command line as a process that is told of it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")


def _stand_in():
    path = Path(__file__).parent / "stand_in.py"
    spec = importlib.util.spec_from_file_location("catbench_stand_in", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


STAND_IN = _stand_in()


@pytest.fixture
def hub():
    """An empty hub that answers while the test runs."""
    with STAND_IN.serving() as found:
        yield found


@pytest.fixture
def surroundings(hub, tmp_path):
    """The environment of a user of this hub: no token, and homes of his own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "CATBENCH_"))}
    return {
        **kept,
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "CATBENCH_HOME": str(tmp_path / "home"),
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture
def logged_in(surroundings):
    """The same with a token that the hub knows, where the library looks for one."""
    return {**surroundings, "HF_TOKEN": STAND_IN.TOKEN}


@pytest.fixture
def catbench(surroundings, tmp_path):
    """Run `catbench ...` as a process of its own; return what subprocess.run does."""

    def run(*arguments, environment=None, **given):
        return subprocess.run(
            [sys.executable, "-c", "from catbench.cli import main; main()", *map(str, arguments)],
            env=environment or surroundings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **given,
        )

    return run
