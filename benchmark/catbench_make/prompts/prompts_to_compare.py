"""Prompts to hold a suite against: those of another suite, or of any file."""

from __future__ import annotations

from pathlib import Path

from catbench.errors import UsageError
from catbench.suite.store import load_prompts, read_manifest, suite_folder
from catbench_make.prompts.prompt_check import Other
from catbench_make.prompts.source_tables import read_prompts


def read_other(name: str, column: str | None = None) -> Other:
    """Return the prompts of a file, or else of the suite with this name or folder, without vectors.

    `column` names the file's column of prompts (default: as `read_prompts` has it). Empty prompts are left
    out. Raises UsageError for a name of neither or a column of a suite, SuiteError for a broken one.
    """
    path = Path(name)
    if path.is_file():
        texts = read_prompts(path, column)["text"]
    elif column:
        raise UsageError(f"--column {column}: {name} is no file, and a suite needs no column")
    else:
        folder = suite_folder(name)
        texts = load_prompts(folder, read_manifest(folder))["text"]
    return Other(path.name, tuple(text for text in texts.str.strip() if text), None)
