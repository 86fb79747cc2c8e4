"""Prompts in files: CSV, Parquet, JSON, JSON lines, plain text, and zip archives of them.

A file's prompts stand in one column. JSON may be a list of records, a record of records by name (a part of
DiffusionDB), or COCO's captions (the list called `annotations`). In plain text every line is a prompt.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from catbench.errors import SuiteError, UsageError, unknown_name

COLUMNS = ("prompt", "caption", "text", "p")
"""Names of the column of prompts, the first that is there being taken; `p` is DiffusionDB's."""
FORMS = (".csv", ".json", ".jsonl", ".parquet", ".txt", ".zip")


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
    if path.suffix not in FORMS:
        raise UsageError(f"{path}: prompts are read from {', '.join(FORMS)}")
    try:
        table = _read(path, members)
    except UnicodeDecodeError as error:
        raise SuiteError(
            f"{path}: not UTF-8 (byte {error.start + 1} is {error.object[error.start]:#04x})"
        ) from error
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise SuiteError(
            f"{path}: cannot be read as {path.suffix[1:]} (cut short?): {_line(error)}"
        ) from error
    if table.empty:
        raise SuiteError(f"{path}: no rows")
    chosen = _column(table, column, path)
    result = pd.DataFrame({"text": table[chosen]})
    wrong = [not isinstance(text, str) for text in table[chosen]] & table[chosen].notna().to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise SuiteError(f"{path}, row {row + 1}: {chosen} is {result['text'].iloc[row]}, not text")
    result["text"] = result["text"].where(result["text"].notna(), "")
    for name in numbers:
        if name not in table:
            raise unknown_name(f"column in {path}", name, map(str, table.columns))
        result[name] = _numbers(table[name], name, path)
    return result


def _read(path: Path, members: Sequence[str]) -> pd.DataFrame:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            inside = archive.namelist()
            names = [name for name in members if name in inside] or inside
            return pd.concat(
                [_parse(Path(name).suffix, io.BytesIO(archive.read(name))) for name in names],
                ignore_index=True,
            )
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return _parse(path.suffix, io.BytesIO(path.read_bytes()))


def _parse(form: str, file: io.BytesIO) -> pd.DataFrame:
    text = file.read().decode("utf-8-sig")
    if not text.strip():
        raise ValueError("it is empty")
    if form == ".txt":
        return pd.DataFrame({"text": text.splitlines()})
    if form == ".json":
        return pd.DataFrame(_records(json.loads(text)))
    if form == ".jsonl":
        return pd.DataFrame([json.loads(line) for line in text.splitlines() if line.strip()])
    if form == ".csv":
        return pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)
    raise ValueError(f"a file in it ends in {form!r}")


def _records(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        data = data["annotations"] if "annotations" in data else list(data.values())
    if not isinstance(data, list) or not all(isinstance(record, dict) for record in data):
        raise ValueError("a list of records is needed, a record of records, or COCO's `annotations`")
    return data


def _column(table: pd.DataFrame, column: str | None, path: Path) -> str:
    names = [str(name) for name in table.columns]
    if column is not None:
        if column not in names:
            raise unknown_name(f"column in {path}", column, names)
        return column
    for name in COLUMNS:
        if name in names:
            return name
    raise UsageError(
        f"{path}: no column called {', '.join(COLUMNS[:-1])}; it has {', '.join(names)}: "
        "name one with --column"
    )


def _numbers(values: pd.Series[Any], name: str, path: Path) -> pd.Series[float]:
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    if numbers.isna().any():
        row = int(numbers.isna().to_numpy().argmax())
        raise SuiteError(f"{path}, row {row + 1}: {name} is {values.iloc[row]!r}, not a number")
    return numbers


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
