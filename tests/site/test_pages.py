"""The pages of the site are true: commands run as they stand, code runs, the notebook shows what it stored.

A comment before a block says what it is: `<!-- file: NAME -->` is written, `<!-- not run: WHY -->` is only
looked at (its commands and options exist), `<!-- in: the folder of the shipped suites -->` is where it runs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from catbench.home import DATA

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (
    "start",
    "own_scores",
    "hub",
    "suites",
    "enter",
    "make_matrix",
    "faq",
    "index",
    "cite",
    "leaderboard",
    "private",
)
BLOCK = re.compile(r"(?:<!-- (file|not run|in): (.*?) -->\n)?```(\w+)\n(.*?)```", flags=re.DOTALL)


def blocks(page):
    """Yield (what the comment says, its words, language, text) of every block of a page."""
    yield from BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))


@pytest.fixture
def shell(tmp_path):
    """Run a block as a user would, in an empty folder with homes of his own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, words in {"catbench": " -m catbench_command_here", "python": ""}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n')
        (programs / name).chmod(0o755)
    (programs / "catbench_command_here.py").write_text("from catbench.cli import main\n\nmain()\n")
    place = tmp_path / "place"
    place.mkdir()
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(programs), os.environ.get("PYTHONPATH")])),
        "CATBENCH_HOME": str(tmp_path / "home"),
        "HF_HOME": str(tmp_path / "hf"),
    }

    def run(text, language="sh", folder=place):
        command = ["sh", "-e", "-c", text] if language == "sh" else [sys.executable, "-c", text]
        ran = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert ran.returncode == 0, f"{text}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    run.place = place
    return run


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_runs(page, shell):
    for kind, words, language, text in blocks(page):
        if kind == "file":
            (shell.place / words).write_text(text, encoding="utf-8")
        elif kind == "not run":
            assert words
        elif language not in ("text", "bibtex"):
            assert language in ("sh", "python")
            shell(text, language, DATA / "suites" if kind == "in" else shell.place)


def test_commands_within_sentences_are_commands():
    """Where nothing runs them: they have a verb that exists."""
    from typer.main import get_command

    from catbench.cli import app

    verbs = set(get_command(app).commands)
    for page in sorted(DOCS.rglob("*.md")):
        for verb in re.findall(r"`catbench ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert verb in verbs or verb.startswith("--"), f"{page.name}: catbench {verb}"


def test_the_notebook_runs_and_shows_what_it_stored():
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    import runpy

    makes = runpy.run_path(str(DOCS / "make_notebook.py"))
    stored, found = nbformat.read(makes["NOTEBOOK"], as_version=4), makes["run"]()
    assert [text_of(cell) for cell in stored.cells] == [text_of(cell) for cell in found.cells]
    assert (
        sum("image/png" in output.get("data", {}) for c in found.cells for output in c.get("outputs", []))
        == 2
    )


def text_of(cell):
    """Return what a cell showed as text, its numbers left out: another machine may round otherwise."""
    said = [output.get("text") or output["data"]["text/plain"] for output in cell.get("outputs", [])]
    return re.sub(r"[-+]?\d*\.?\d+(e-?\d+)?", "x", re.sub(r"\s+", " ", " ".join(said)))
