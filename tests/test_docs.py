"""Pages that are made of reports and of the shipped matrix: each is made anew and compared."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
NUMBER = r"-?\d*\.\d+|-?\d+"


def script(page):
    """Return the script that makes a page, as a module."""
    path = ROOT / "docs" / f"make_{page.lower()}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    return maker


@pytest.mark.parametrize("page", ["README", "axis", "nano", "paper", "performance", "real", "report"])
def test_a_page_is_what_its_script_makes(page):
    """Numbers, not bytes: another machine may round a last digit otherwise."""
    maker = script(page)
    file = ROOT / "README.md" if page == "README" else ROOT / "docs" / f"{page}.md"
    said, found = file.read_text(encoding="utf-8"), maker.page()
    assert re.sub(NUMBER, "x", said) == re.sub(NUMBER, "x", found), f"run python docs/make_{page.lower()}.py"
    one, other = (np.array(re.findall(NUMBER, text), float) for text in (said, found))
    np.testing.assert_allclose(one, other, rtol=0.02, atol=0.0011)


def test_what_the_baselines_choose_is_what_their_code_says():
    maker = script("baselines")
    said = (ROOT / "docs" / "baselines.md").read_text(encoding="utf-8")
    for name, *cells in maker.choices():
        assert f"| {' | '.join([f'`{name}`', *cells])} |" in said, "run python docs/make_baselines.py"
