"""Pages that are made of reports and of the shipped matrix: each is made anew and compared."""

from __future__ import annotations

import importlib
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from catbench.suite.recipes.making import find_recipe, make
from catbench.suite.store import save

ROOT = Path(__file__).parent.parent
NUMBER = r"-?\d*\.\d+|-?\d+"


def script(page):
    """Return the script that makes a page, as a module."""
    if str(ROOT / "docs") not in sys.path:  # where a script finds the ones beside it
        sys.path.insert(0, str(ROOT / "docs"))
    return importlib.import_module(f"make_{page.lower()}")


@pytest.mark.parametrize("page", ["README", "axis", "nano", "paper", "performance", "real", "report"])
def test_a_page_is_what_its_script_makes(page):
    """Numbers, not bytes: another machine may round a last digit otherwise."""
    maker = script(page)
    file = ROOT / "README.md" if page == "README" else ROOT / "docs" / f"{page}.md"
    check(file.read_text(encoding="utf-8"), maker.page(), f"run python docs/make_{page.lower()}.py")


def check(said, found, remedy):
    """Two texts are the same, but for last digits of their numbers."""
    assert re.sub(NUMBER, "x", said) == re.sub(NUMBER, "x", found), remedy
    one, other = (np.array(re.findall(NUMBER, text), float) for text in (said, found))
    np.testing.assert_allclose(one, other, rtol=0.02, atol=0.0011)


def test_what_docs_use_shows_of_nano_is_what_its_commands_print():
    maker = script("use")
    drawn = all(find_spec(name) for name in ("torch", "diffusers", "transformers"))
    found = maker.page(maker.ON_NANO if drawn else maker.ON_NANO[:1])
    check(maker.PAGE.read_text(encoding="utf-8"), found, "run python docs/make_use.py")


@pytest.mark.slow
def test_what_docs_use_shows_of_real_scores_is_what_its_commands_print(shared, tmp_path, monkeypatch):
    archive = shared / "data" / "flasheval" / "coco.tar.xz"
    if not archive.is_file():
        pytest.skip(f"{archive} is not there: real scores may not be copied into the repository")
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path))
    matrix = make(find_recipe("flasheval-coco"), archive)
    save(matrix, tmp_path / "suites" / "flasheval-coco")
    maker = script("use")
    assert not set(maker.PROMPTS) & set(matrix.prompts["text"])  # they are our own
    names = [name for name in maker.COMMANDS if name not in maker.ON_NANO]
    check(maker.PAGE.read_text(encoding="utf-8"), maker.page(names), "run python docs/make_use.py")


def test_what_the_baselines_choose_is_what_their_code_says():
    maker = script("baselines")
    said = (ROOT / "docs" / "baselines.md").read_text(encoding="utf-8")
    for name, *cells in maker.choices():
        assert f"| {' | '.join([f'`{name}`', *cells])} |" in said, "run python docs/make_baselines.py"
