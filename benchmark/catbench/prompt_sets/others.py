"""Prompts to hold a suite against: those of another suite, or of any file."""

from __future__ import annotations

from pathlib import Path

from catbench.prompt_sets.check import Other
from catbench.prompt_sets.tables import read_prompts
from catbench.store import load_prompts, read_manifest, suite_folder


def read_other(name: str) -> Other:
    """Return the prompts of a file, or else of the suite with this name or folder, without vectors.

    Empty prompts are left out. Raises UsageError for a name of neither, SuiteError for a broken one.
    """
    path = Path(name)
    if path.is_file():
        texts = read_prompts(path)["text"]
    else:
        folder = suite_folder(name)
        texts = load_prompts(folder, read_manifest(folder))["text"]
    return Other(path.name, tuple(text for text in texts.str.strip() if text), None)
