"""What is built and installed: wheel and sdist, on each Python, with the oldest and newest dependencies."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import catbench

ROOT = Path(__file__).parents[2]
USER_FILE = Path(__file__).parent / "user_file.py"
REPOSITORY = "https://example.org/somebody/catbench"
LARGEST_WHEEL = 45_000_000
"""Bytes; nano's weights are most of it."""


def done(*command, **given):
    """Run a command and return what it printed; fail with all of it where it fails."""
    ran = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **given)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def interpreter(version):
    """Return the path of a Python of this version; skips where there is none."""
    kept = sorted(
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin/python")
    )
    for found in [shutil.which(f"python{version}"), *map(str, kept)]:
        if found and subprocess.run([found, "-V"], capture_output=True, check=False).returncode == 0:
            return found
    pytest.skip(f"there is no Python {version} here")
    raise AssertionError


def hook():
    """Return the module that makes the README of the metadata."""
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("readme_hook", ROOT / "packaging" / "readme_hook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def targets(text):
    """Return what the links and pictures of a Markdown text lead to, code left out."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))


def test_version_and_changes_agree():
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {catbench.__version__}\n" in cited
    assert f"## {catbench.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_readme_has_no_dead_link_on_an_index():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    relative = [target for target in targets(text) if "://" not in target and not target.startswith("#")]
    page = hook().index_page
    assert not [
        target
        for target in targets(page(ROOT, "", "v1"))
        if "://" not in target and not target.startswith("#")
    ]
    absolute = targets(page(ROOT, REPOSITORY, "v1"))
    for target in relative:
        kind = "raw" if target.endswith(".png") else "blob"
        assert f"{REPOSITORY}/{kind}/v1/{target}" in absolute
    assert "```python\n" in page(ROOT, "", "v1")


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Run mypy, strict, on a file; return what subprocess.run does."""
    pytest.importorskip("mypy")
    cache = tmp_path_factory.mktemp("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache, "--python-executable"]

    def run(path):
        return subprocess.run(
            [*command, sys.executable, path], capture_output=True, text=True, check=False, cwd=cache
        )

    return run


def test_a_users_file_runs_and_is_well_typed(mypy):
    """py.typed holds what it promises: no error under mypy and pyright, both strict."""
    assert "headroom" in done(sys.executable, USER_FILE)
    assert "no issues found" in mypy(USER_FILE).stdout
    done(sys.executable, "-m", "pyright", "--pythonpath", sys.executable, USER_FILE)


def test_a_wrong_call_is_a_type_error(mypy, tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import catbench\n\ncatbench.load(3)\nx: int = catbench.load('nano').digest\n")
    found = mypy(wrong).stdout
    assert "[arg-type]" in found
    assert "[assignment]" in found


@pytest.mark.parametrize(
    ("words", "offered"),
    [("catbench ev", "evaluate"), ("catbench import flasheval-d", "flasheval-diffusiondb")],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_commands(words, offered, shell):
    environment = {
        **os.environ,
        "_CATBENCH_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",  # make starts it from sh, which has none
    }
    code = "import sys; sys.argv = ['catbench']; import catbench_command; catbench_command.main()"
    assert offered in done(sys.executable, "-c", code, env=environment)
    assert "_CATBENCH_COMPLETE" in done(
        sys.executable,
        "-c",
        code.replace("['catbench']", f"['catbench', '--show-completion', '{shell}']"),
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Wheel and sdist, built as a release is."""
    pytest.importorskip("build")
    out = tmp_path_factory.mktemp("dist")
    environment = {**os.environ, "CATBENCH_REPOSITORY": REPOSITORY}
    done(sys.executable, "-m", "build", "--outdir", out, ROOT, env=environment)
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


@pytest.mark.slow
def test_wheel_and_sdist_are_as_an_index_wants_them(built):
    pytest.importorskip("twine")
    wheel, sdist = built
    done(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
    assert wheel.stat().st_size < LARGEST_WHEEL
    with zipfile.ZipFile(wheel) as inside:
        names = inside.namelist()
        metadata = message_from_bytes(inside.read(next(n for n in names if n.endswith("/METADATA"))))
    for package in ("catbench", "catbench_make", "catbench_baselines", "catbench_leaderboard"):
        assert f"{package}/py.typed" in names
    assert {"catbench/data/suites/nano/README.md", "catbench/data/suites/nano/croissant.json"} <= set(names)
    assert not [name for name in names if name.startswith(("nano_training", "tests", "docs"))]
    assert metadata["Version"] == catbench.__version__
    assert f"Repository, {REPOSITORY}" in metadata.get_all("Project-URL")
    assert not [target for target in targets(metadata.get_payload()) if "://" not in target]
    with tarfile.open(sdist) as packed:
        kept = {name.split("/", 1)[1] for name in packed.getnames() if "/" in name}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "packaging/readme_hook.py"} <= kept
    assert not [name for name in kept if name.startswith(("tests/", "submissions/", ".ci/"))]


@pytest.mark.slow
@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_wheel_works_in_an_empty_environment(version, resolution, built, tmp_path):
    """`lowest-direct` takes the lowest version that pyproject.toml allows and this Python has a wheel of."""
    python = installed(built[0], tmp_path / "venv", version, resolution)
    place = tmp_path / "place"
    place.mkdir()
    smoke = Path(__file__).parent / "smoke.sh"
    done("sh", smoke, python.with_name("catbench"), cwd=place, env=surroundings(tmp_path))


@pytest.mark.slow
def test_a_suite_goes_to_a_hub_and_back_with_the_lowest_library_of_the_extra(built, simulated, tmp_path):
    path = ROOT / "tests" / "hub" / "stand_in.py"
    spec = importlib.util.spec_from_file_location("catbench_stand_in_for_packaging", path)
    stand_in = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = stand_in  # dataclasses look their module up
    spec.loader.exec_module(stand_in)
    python = installed(built[0], tmp_path / "venv", "3.11", "lowest-direct", extra="hub")
    program = python.with_name("catbench")
    with stand_in.serving() as hub:
        told = {"HF_ENDPOINT": hub.url, "HF_TOKEN": stand_in.TOKEN, "HF_HUB_DISABLE_XET": "1"}
        environment = {**surroundings(tmp_path), **told, "NO_PROXY": "127.0.0.1"}
        done(program, "push", simulated, "somebody/suite", env=environment)
        done(program, "pull", "somebody/suite", "--out", tmp_path / "came", env=environment)
    assert catbench.load(tmp_path / "came").digest == catbench.load(simulated).digest


def installed(wheel, place, version, resolution, extra=""):
    """Make an environment with the wheel and what it needs, of an extra as well; return its Python."""
    pytest.importorskip("uv")
    uv = [sys.executable, "-m", "uv"]
    done(*uv, "venv", "--quiet", "--python", interpreter(version), place)
    python = place / "bin" / "python"
    install = [*uv, "pip", "install", "--quiet", "--python", python, "--only-binary", ":all:"]
    needs = ["--requirements", ROOT / "pyproject.toml", *(["--extra", extra] if extra else [])]
    done(*install, "--resolution", resolution, *needs)
    done(*install, "--no-deps", wheel)
    done(*uv, "pip", "check", "--python", python)
    if resolution == "lowest-direct" and version == "3.11":
        found = done(*uv, "pip", "freeze", "--python", python).replace("_", "-")
        for package, lowest in lower_bounds(extra).items():
            pattern = rf"^{package.replace('_', '-')}=={re.escape(lowest)}(\.0)*$"
            assert re.search(pattern, found, re.MULTILINE), (package, found)
    return python


def surroundings(home):
    """Return the environment of somebody who has just installed it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "CATBENCH", "HF_"))
    }
    return {**kept, "CATBENCH_HOME": str(home), "HF_HOME": str(home / "hf")}


def lower_bounds(extra=""):
    """Return the lowest version of each dependency, of an extra's too, that is named without an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    return dict(line.split(">=") for line in lines if "[" not in line)


def test_every_file_of_the_tree_that_is_built_compiles_on_the_oldest_python():
    oldest = (3, 11)
    for room in ("benchmark", "baselines", "leaderboard"):
        for path in (ROOT / room).rglob("*.py"):
            ast.parse(path.read_text(encoding="utf-8"), feature_version=oldest)
