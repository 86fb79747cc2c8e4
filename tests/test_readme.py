"""The README's figures are those of the shipped reports: it is made anew and compared."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
NUMBER = r"-?\d*\.\d+|-?\d+"


def test_the_readme_is_what_its_script_makes_of_the_reports():
    """Numbers, not bytes: another machine may round a last digit otherwise."""
    spec = importlib.util.spec_from_file_location("make_readme", ROOT / "docs" / "make_readme.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    said, found = (ROOT / "README.md").read_text(encoding="utf-8"), maker.page()
    assert re.sub(NUMBER, "x", said) == re.sub(NUMBER, "x", found)
    one, other = (np.array(re.findall(NUMBER, text), float) for text in (said, found))
    np.testing.assert_allclose(one, other, rtol=0.02, atol=0.0011)
