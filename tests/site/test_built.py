"""The site builds, strictly, and fetches nothing; a dead link and a missing docstring stop it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("mkdocstrings")
ROOT = Path(__file__).parents[2]


def build(root, out):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    built = build(ROOT, out)
    assert built.returncode == 0, built.stdout + built.stderr
    return out


@pytest.fixture
def copy(tmp_path):
    """A copy of what a site is built from, to be broken."""
    for name in ("docs", "packaging", "benchmark/catbench", "benchmark/catbench_make", "leaderboard"):
        ignored = shutil.ignore_patterns("data", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for path in (path for path in ROOT.iterdir() if path.is_file()):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_pages_are_made_of_code_and_of_sections(site):
    commands = (site / "reference" / "commands" / "index.html").read_text(encoding="utf-8")
    for words in ("catbench evaluate", "catbench import table", "--i-have-the-right"):
        assert words in commands
    python = (site / "reference" / "python" / "index.html").read_text(encoding="utf-8")
    assert 'id="catbench.ScoreMatrix"' in python or 'id="catbench.suite.matrix.ScoreMatrix"' in python
    assert 'aria-label="C(' in (site / "definitions" / "deferral-curve" / "index.html").read_text(
        encoding="utf-8"
    )
    home = (site / "index.html").read_text(encoding="utf-8")
    assert "flasheval-coco" in home
    assert "from README.md" not in home


def test_no_page_fetches_anything_from_elsewhere(site):
    """Links may lead elsewhere; scripts, styles, fonts and pictures may not."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="?(?:https?:)?//[^"\s>]*', text), page
        assert not re.findall(
            r'<link[^>]*rel="?(?:stylesheet|preload)[^>]*href="?(?:https?:)?//[^"\s>]*', text
        ), page


def test_no_page_names_this_machine(site):
    for page in site.rglob("*.html"):
        assert str(ROOT) not in page.read_text(encoding="utf-8"), page


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("no_such_page.md", "no_such_page.md"),
        ("definitions.md#no-such-heading", "no-such-heading"),
        ("../nowhere.txt", "nowhere.txt"),
    ],
)
def test_a_dead_link_stops_the_build(target, says, copy, tmp_path):
    page = copy / "docs" / "cite.md"
    page.write_text(page.read_text(encoding="utf-8") + f"\n[nowhere]({target})\n", encoding="utf-8")
    built = build(copy, tmp_path / "out")
    assert built.returncode != 0
    assert says in built.stdout + built.stderr


def test_a_missing_docstring_stops_the_build(copy, tmp_path):
    path = copy / "benchmark" / "catbench" / "suite" / "pool.py"
    said = '        """Candidate ids in the pool\'s order."""\n'
    text = path.read_text(encoding="utf-8")
    assert said in text
    path.write_text(
        text.replace(
            '"""The candidates that a router chooses from, with the price of one image of each."""', ""
        )
    )
    built = build(copy, tmp_path / "out")
    assert built.returncode != 0
    assert "no docstring: catbench.suite.pool.Pool" in built.stdout + built.stderr
