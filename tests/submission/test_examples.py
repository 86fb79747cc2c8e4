"""The worked examples are what they say: they pass the check, in the strongest sandbox of this machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from catbench.submit.run import How
from catbench.submit.trial import check_submission

EXAMPLES = Path(__file__).parents[2] / "submissions"


@pytest.mark.parametrize("slug", ["tfidf-ridge", "scene-net", "word-policy"])
def test_an_example_has_nothing_to_mend(slug, strongest, simulated):
    if slug == "scene-net" and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    problems, _ = check_submission(EXAMPLES / slug, How(strongest, masked=(simulated,)), str(simulated))
    assert [str(problem) for problem in problems] == []


def test_every_folder_is_an_example_or_a_submission():
    for folder in EXAMPLES.iterdir():
        assert folder.is_file() or (folder / "submission.toml").is_file()
