"""Prompts of a file, one after the other: a million take no more memory than a thousand.

.txt    a prompt a line; blank lines are passed over
.csv    a column `prompt`, or `text`, or else the only one
.jsonl  a JSON object a line with `prompt` or `text`, or a JSON text
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from catbench.errors import SuiteError, UsageError
from catbench.files import readable

BLOCK = 2048
"""Prompts that a router is asked about at a time."""
NAMES = ("prompt", "text")
"""Columns that hold prompts."""


def check_prompt_file(path: Path) -> None:
    """Raise UsageError for a file that is not there, or whose kind is not known."""
    if path.suffix not in _READERS:
        raise UsageError(f"{path}: prompts are read from {', '.join(_READERS)} files")
    if not path.is_file():
        raise UsageError(f"there is no file {path}")


def prompts_in(path: Path) -> Iterator[str]:
    """Yield the prompts of a file. Raises SuiteError naming file and row where one is missing."""
    with (
        readable(path, f"prompts in UTF-8 ({path.suffix})"),
        path.open(encoding="utf-8-sig", newline="") as file,
    ):
        yield from _READERS[path.suffix](path, file)


def blocks(prompts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the same prompts, BLOCK at a time."""
    left = iter(prompts)
    while block := list(islice(left, BLOCK)):
        yield block


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    return (line.strip() for line in file if line.strip())


def _cells(path: Path, file: TextIO) -> Iterator[str]:
    rows = csv.DictReader(file)
    heads = list(rows.fieldnames or ())
    name = next((name for name in NAMES if name in heads), heads[0] if len(heads) == 1 else None)
    if name is None:
        raise SuiteError(f"{path}: no column 'prompt' or 'text'; it has {', '.join(heads) or 'none'}")
    for number, row in enumerate(rows, start=1):
        yield _text(row[name], path, number)


def _objects(path: Path, file: TextIO) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            said: Any = json.loads(line)
        except json.JSONDecodeError as error:
            raise SuiteError(f"{path}, row {number}: no JSON: {error}") from error
        if isinstance(said, dict):
            said = next((said[name] for name in NAMES if name in said), None)
        yield _text(said, path, number)


def _text(said: object, path: Path, row: int) -> str:
    if not isinstance(said, str) or not said.strip():
        raise SuiteError(f"{path}, row {row}: no prompt (needed: a text under 'prompt' or 'text')")
    return said


_READERS = {".txt": _lines, ".csv": _cells, ".jsonl": _objects}
