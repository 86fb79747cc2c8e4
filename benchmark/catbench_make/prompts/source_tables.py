"""Prompts in files: CSV, Parquet, JSON, JSON lines, plain text, and zip archives of them.

A file's prompts stand in one column. JSON may be a list of records, a record of records by name (a part of
DiffusionDB), or COCO's captions (the list called `annotations`). In plain text, and in a file of any other
kind, every line is a prompt. Lines end at a line feed: other separators may stand in a prompt.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from catbench.errors import CatbenchError, SuiteError, UsageError, check_known, first_line

COLUMNS = ("prompt", "caption", "text", "p")
"""Names of the column of prompts, the first that is there being taken; `p` is DiffusionDB's."""
FORMS = (".csv", ".json", ".jsonl", ".parquet", ".txt", ".zip")
_TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
"""How pandas tells of a row that is longer than the first."""


def read_prompts(
    path: Path, column: str | None = None, numbers: Sequence[str] = (), members: Sequence[str] = ()
) -> pd.DataFrame:
    """Return a file's prompts as `text`, row by row, and the columns called `numbers`, as floats.

    `column` names the column of prompts (default: the first of `COLUMNS`); of a zip archive only those of
    `members` that are there are read, or all files where none is. Raises UsageError for a missing file or
    column, SuiteError for a file that cannot be read.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    form = path.suffix.lower() if path.suffix.lower() in FORMS else ".txt"
    try:
        if form == ".parquet":
            names = _columns(pq.read_schema(path).names, column, numbers, path)
            table = pd.read_parquet(path, columns=names)
        elif form == ".zip":
            table = _unpack(path, members)
        else:
            table = _parse(path.read_bytes(), form, str(path))
    except (CatbenchError, MemoryError):
        raise
    except Exception as error:  # of a damaged file many kinds, and RuntimeError of one with a password
        raise SuiteError(f"{path}: cannot be read as {form[1:]} (cut short?): {first_line(error)}") from error
    if table.empty:
        raise SuiteError(f"{path}: no rows")
    chosen = _columns(table.columns, column, numbers, path)[0]
    result = pd.DataFrame({"text": table[chosen]})
    wrong = [not isinstance(text, str) for text in table[chosen]] & table[chosen].notna().to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise SuiteError(f"{path}, row {row + 1}: {chosen} is {result['text'].iloc[row]}, not text")
    result["text"] = result["text"].where(result["text"].notna(), "")
    for name in numbers:
        result[name] = pd.to_numeric(table[name], errors="coerce").astype("float64")
        if result[name].isna().any():
            row = int(result[name].isna().to_numpy().argmax())
            raise SuiteError(f"{path}, row {row + 1}: {name} is {table[name].iloc[row]!r}, not a number")
    return result


def _unpack(path: Path, members: Sequence[str]) -> pd.DataFrame:
    with zipfile.ZipFile(path) as archive:
        inside = archive.namelist()
        names = [name for name in members if name in inside] or inside
        return pd.concat(
            [_parse(archive.read(name), Path(name).suffix.lower(), f"{path}: {name}") for name in names],
            ignore_index=True,
        )


def _parse(content: bytes, form: str, where: str) -> pd.DataFrame:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong = f"byte {error.start + 1} is {error.object[error.start]:#04x}"
        raise SuiteError(f"{where}: not UTF-8 ({wrong})") from error
    if not text.strip():
        raise SuiteError(f"{where}: it is empty")
    lines = (line.removesuffix("\n") for line in io.StringIO(text, newline=None))
    if form == ".txt":
        return pd.DataFrame({"text": list(lines)})
    if form == ".json":
        return pd.DataFrame(_records(json.loads(text)))
    if form == ".jsonl":
        return pd.DataFrame([json.loads(line) for line in lines if line.strip()])
    if form == ".csv":
        return _csv(text, where)
    raise SuiteError(f"{where}: of an archive's files CSV, JSON, JSON lines and text are read, not {form!r}")


def _csv(text: str, where: str) -> pd.DataFrame:
    """Return the rows of a CSV file; one that is longer than the header raises SuiteError.

    The header is read as a row: beside a header pandas would take a first row's surplus for an index.
    """
    try:
        table = pd.read_csv(io.StringIO(text), header=None, dtype="str", keep_default_na=False)
    except pd.errors.ParserError as error:
        if found := _TOO_LONG.search(str(error)):
            header, line, fields = found.groups()
            raise SuiteError(
                f"{where}, line {line}: {fields} fields, and the header has {header}: "
                "does a prompt with a comma lack its quotes?"
            ) from error
        raise
    header = table.iloc[0]
    rows = table.iloc[1:].set_axis(header, axis=1).reset_index(drop=True)
    return rows.loc[:, ~header.duplicated().to_numpy()]


def _records(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        data = data["annotations"] if "annotations" in data else list(data.values())
    if not isinstance(data, list) or not all(isinstance(record, dict) for record in data):
        raise ValueError("a list of records is needed, a record of records, or COCO's `annotations`")
    return data


def _columns(found: Iterable[Any], column: str | None, numbers: Sequence[str], path: Path) -> list[str]:
    """Return which of a table's columns are needed: that of prompts first, then `numbers`."""
    names = [str(name) for name in found]
    chosen = column or next((name for name in COLUMNS if name in names), None)
    if chosen is None:
        raise UsageError(
            f"{path}: no column called {', '.join(COLUMNS[:-1])}; it has {', '.join(names)}: "
            "name one with --column"
        )
    check_known(f"column in {path}", names, chosen, *numbers)
    return [chosen, *numbers]
