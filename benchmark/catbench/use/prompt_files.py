"""Prompts of a file, one after the other: a million take no more memory than a thousand.

.txt           a prompt a line; blank lines are passed over
.csv, .tsv     a column `prompt`, or `text`, or `caption`; commas, semicolons or tabs, by the first line
.jsonl         a JSON object a line with such a key, or a JSON text
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO, cast

from catbench.errors import SuiteError, UsageError, listed
from catbench.files import readable

BLOCK = 2048
"""Prompts that a router is asked about at a time."""
NAMES = ("prompt", "text", "caption")
"""Columns that hold prompts, in whatever case."""
SEPARATORS = ",;\t"


def check_prompt_file(path: Path) -> None:
    """Raise UsageError for a file that is not there, or whose kind is not known."""
    if path.suffix.lower() not in _READERS:
        raise UsageError(f"{path}: prompts are read from {', '.join(_READERS)} files")
    if not path.is_file():
        raise UsageError(f"there is no file {path}")


def prompts_in(path: Path) -> Iterator[str]:
    """Yield the prompts of a file. Raises SuiteError naming file and row where one is missing."""
    with (
        readable(path, f"prompts in UTF-8 ({path.suffix})"),
        path.open(encoding="utf-8-sig", newline="") as file,
    ):
        yield from _READERS[path.suffix.lower()](path, file)


def blocks(prompts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the same prompts, BLOCK at a time."""
    left = iter(prompts)
    while block := list(islice(left, BLOCK)):
        yield block


def checked_prompt(said: object, where: str) -> str:
    """Return a prompt. Raises SuiteError, which names where, for a missing or empty one, or half a text."""
    if not isinstance(said, str) or not said.strip():
        raise SuiteError(f"{where}: the prompt is missing or empty")
    try:
        said.encode()
    except UnicodeEncodeError:  # which JSON can spell, and a terminal's bytes become
        fault = "the prompt holds half of a character, or bytes that are not UTF-8"
        raise SuiteError(f"{where}: {fault}") from None
    return said


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    return (line.strip() for line in file if line.strip())


def _cells(path: Path, file: TextIO) -> Iterator[str]:
    csv.field_size_limit(sys.maxsize)
    first = file.readline()
    separator = max(SEPARATORS, key=first.count)
    rows = csv.reader(chain([first], file), delimiter=separator)
    heads = next(rows, [])
    place = _place(heads, path, "column")
    try:
        for number, row in enumerate(filter(None, rows), start=1):
            yield checked_prompt(row[place] if place < len(row) else None, f"{path}, row {number}")
    except csv.Error as error:
        raise SuiteError(f"{path}, line {rows.line_num}: not readable as a table: {error}") from error


def _objects(path: Path, file: TextIO) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            said: Any = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise SuiteError(f"{path}, row {number}: no JSON: {error}") from error
        if isinstance(said, dict):
            keys = list(cast(dict[str, Any], said))
            said = said[keys[_place(keys, f"{path}, row {number}", "key")]]
        yield checked_prompt(said, f"{path}, row {number}")


def _place(names: Sequence[str], where: object, kind: str) -> int:
    """Return which of some names holds the prompts."""
    folded = [name.strip().casefold() for name in names]
    for name in NAMES:
        if name in folded:
            return folded.index(name)
    wanted = f"{', '.join(map(repr, NAMES[:-1]))} or {NAMES[-1]!r}"
    raise SuiteError(f"{where}: no {kind} {wanted}; it has {listed(names, 6) or 'none'}: rename one")


_READERS = {".txt": _lines, ".csv": _cells, ".tsv": _cells, ".jsonl": _objects}
