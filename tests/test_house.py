"""The house holds: imports go down only, heavy packages stay in their wings, documentation is true."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import catbench

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "benchmark" / "catbench"
FLOORS = (
    {"errors", "arrays", "files", "cells", "pool", "prompts", "provenance", "costs", "matrix", "digest"}
    | {"matrix_rules", "terminal", "download"},
    {
        "store",
        "manifest",
        "withheld",
        "scores",
        "curve",
        "climbs",
        "sweep",
        "measures",
        "bootstrap",
        "signature",
        "routing",
        "predictions",
    }
    | {"cascade", "rounds", "deployment", "router_files", "router_output"},
    {
        "scoring",
        "truth",
        "overheads",
        "stored",
        "spelling",
        "verdict",
        "summary",
        "behaviour",
        "trials",
        "report",
        "estimates",
        "evaluation",
        "inspection",
        "inspection_plot",
        "finding",
        "possible_gains",
        "comparison",
        "figure",
        "plot",
        "paper",
        "holdout",
        "suites",
        "submission",
        "sandbox",
    },
    {"cli"},
)
WINGS = {"generate", "nano", "prompt_sets"}
"""Rooms of their own: they may use floors 0 and 1 (and the suites), and only the command line uses them."""


def imported(path):
    """Yield the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def room(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def floor_of(name):
    return next((number for number, rooms in enumerate(FLOORS) if name in rooms), None)


def test_every_module_has_a_floor():
    rooms = {
        path.stem if path.is_file() else path.name for path in PACKAGE.iterdir() if path.suffix in ("", ".py")
    }
    assert rooms - {"__init__", "__pycache__", "data", "py"} - WINGS == set().union(*FLOORS)


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports_go_down_only(path):
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if here == "__init__":
        return
    for module in imported(path):
        assert not module.startswith(("catbench_baselines", "catbench_leaderboard")), module
        there = room(module) if module.startswith("catbench.") else None
        if there is None or there == here:
            continue
        if here in WINGS:
            assert there in WINGS or floor_of(there) < 2 or there == "suites", f"{here} imports {module}"
        elif there in WINGS:
            assert here == "cli", f"{here} imports {module}"
        else:
            assert floor_of(there) <= floor_of(here), f"{here} imports {module}"


@pytest.mark.parametrize("path", sorted((ROOT / "baselines").rglob("*.py")), ids=lambda path: path.stem)
def test_baselines_use_only_public_names(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "catbench":
            assert node.module == "catbench"
            assert {alias.name for alias in node.names} <= set(catbench.__all__)


@pytest.mark.parametrize("room", ["benchmark", "baselines", "leaderboard"])
def test_only_packages_stand_in_the_import_roots(room):
    if not (ROOT / room).is_dir():
        pytest.skip(f"{room}/ is not there yet")
    for path in (ROOT / room).iterdir():
        assert path.suffix != ".py", f"{path} would become a global module"


def test_importing_catbench_and_its_help_brings_in_nothing_heavy():
    code = (
        "import sys, catbench, catbench.cli, json;"
        "heavy = ('torch', 'pandas', 'numpy', 'sklearn', 'pydantic', 'pyarrow', 'diffusers');"
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []


def test_every_public_name_resolves_and_is_documented():
    for name in catbench.__all__:
        assert getattr(catbench, name).__doc__, name
    with pytest.raises(AttributeError):
        catbench.no_such_name  # noqa: B018


def commands(text):
    """Yield every `catbench ...` command line in a Markdown file's code blocks."""
    for block in re.findall(r"```(?:bash|sh)\n(.*?)```", text, flags=re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip().startswith("catbench "):
                yield line.strip()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_commands_and_options_in_the_documents_exist(name):
    from typer.main import get_command

    from catbench.cli import app

    root = get_command(app)
    for line in commands((ROOT / name).read_text(encoding="utf-8")):
        words = line.split("#")[0].split()[1:]
        command = root
        while hasattr(command, "commands") and words and not words[0].startswith("-"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        for word in words:
            if word.startswith("--"):
                assert word.split("=")[0] in options, f"{line}: no option {word}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_python_in_the_documents_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(
        r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL
    ):
        exec(compile(block, name, "exec"), names)  # the documents' own code, in order


def test_links_between_documents_lead_somewhere():
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_nothing_of_a_single_machine_is_committed():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    pattern = re.compile("/" + "work/|/" + "root/|/tmp/" + r"\w+/site|" + "h200" + "-node", re.IGNORECASE)
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".txt", ".cff", ".json", "") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not pattern.search(text), f"{name}: {pattern.search(text)}"
