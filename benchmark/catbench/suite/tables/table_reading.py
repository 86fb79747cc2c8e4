"""Tables in the forms that people have, read as they stand; what a column means is decided elsewhere.

    .csv .tsv .txt, and .gz, .bz2, .xz of them    separated by commas, semicolons, tabs or bars: found out
    .json                                         a list of objects, or an object of columns
    .jsonl .ndjson                                an object a line (under .json too)
    .xlsx                                         one sheet (`workbook`)
    .parquet                                      a named index becomes columns

Columns of text (`TEXTS`) are taken as they stand: a prompt may be the word `None`, an id may begin with
zeros. White space around the names of columns is no part of them. Text is UTF-8, or UTF-16 that begins with
its mark, as Excel writes it.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from catbench.errors import SuiteError, UsageError, check_known, listed, shown
from catbench.suite.tables.workbook import read_workbook

KEYS = ("prompt", "prompt_id", "candidate", "sample", "split", "source", "group")
"""Columns of a score table that are no metrics."""
TEXTS = ("prompt", "prompt_id", "candidate", "source", "split", "group", "unit", "dataset_id")
"""Columns whose values are text whatever they look like."""
UNNAMED = "Unnamed: "
"""How a column without a name is called, such as an index that was written by mistake."""
_MISSING = ["", "-", "NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "null", "NULL", "None"]
_SEPARATORS = (",", ";", "\t", "|")
_NO_READER = (".xls", ".ods", ".numbers")
"""Endings of workbooks in other formats than Excel's of today."""


def read_table(path: Path, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return a file as a table with one row a record, numbered from 0.

    `columns` maps a name to that of the column which is to have it. Raises UsageError for a file or column
    that is not there, SuiteError for one that cannot be read, MissingExtraError for an .xlsx without the
    extra `xlsx`.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    renamed = dict(columns or {})
    texts = {renamed.get(name, name) for name in TEXTS}
    suffix = path.suffix.lower()
    if suffix in _NO_READER:
        raise SuiteError(f"{path}: the format {suffix} is not read: save the table as .xlsx or .csv")
    try:
        if suffix == ".parquet":
            table = pd.read_parquet(path)
            table = table.reset_index() if any(table.index.names) else table
        elif suffix in (".json", ".jsonl", ".ndjson"):
            table = _read_json(path)
        elif suffix in (".xlsx", ".xlsm"):
            table = read_workbook(path)
        else:
            table = _read_separated(path, texts, {*texts, *renamed.values(), "sample", "value"})
    except (ValueError, OSError, EOFError, OverflowError, RecursionError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise SuiteError(_no_utf8(path, utf16=b"\0" in error.object)) from error
        raise SuiteError(f"{path}: cannot be read as {suffix or 'CSV'}: {error}") from error
    names = _names(table.columns, path)
    if table.empty:
        raise SuiteError(
            f"{path}: it has no rows" + (f" below the names {listed(names, 8)}" if names else "")
        )
    table = table.set_axis(names, axis=1).reset_index(drop=True)
    return _renamed(_as_text(table, texts, renamed.get("prompt", "prompt")), renamed, path)


def _renamed(table: pd.DataFrame, columns: Mapping[str, str], path: Path) -> pd.DataFrame:
    """Return the table with each new name in place of its old one, and of whatever else had that name."""
    check_known(f"column in {path}", list(table.columns), *columns.values())
    replaced = [new for new in columns if new in table and new not in columns.values()]
    return table.drop(columns=replaced).rename(columns={old: new for new, old in columns.items()})


def _as_text(table: pd.DataFrame, texts: set[str], prompt: str) -> pd.DataFrame:
    """Return the table with its text columns as text, empty where they hold nothing.

    Only the prompt keeps the white space around it.
    """
    for name in texts & set(table.columns):
        column = table[name]
        if not isinstance(column.dtype, pd.StringDtype):
            column = column.astype(object).map(str).where(column.notna(), "").astype("str")
        table[name] = column.fillna("") if name == prompt else column.fillna("").str.strip()
    return table


def _read_separated(path: Path, texts: set[str], known: set[str]) -> pd.DataFrame:
    """Return a text file of rows; `known` are names by which the sign between its cells is found."""
    encoding = _encoding(path)
    headers = {mark: _header(path, mark, encoding) for mark in _SEPARATORS}
    mark = max(_SEPARATORS, key=lambda one: (len(known & set(headers[one])), len(headers[one])))
    names = _names(headers[mark], path)
    table = pd.read_csv(
        path,
        sep=mark,
        encoding=encoding,
        names=names,
        header=0,
        dtype=dict.fromkeys(texts & set(names), "str"),
        keep_default_na=False,
        na_values={name: _MISSING for name in names if name not in texts},
    )
    if not isinstance(table.index, pd.RangeIndex):
        raise SuiteError(
            f"{path}: rows have more cells than the first row has names: does a text hold {mark!r} and stand "
            "without quotes?"
        )
    return table


def _header(path: Path, mark: str, encoding: str) -> list[str]:
    """Return the names in the first row of a text file whose cells a sign separates."""
    first = pd.read_csv(
        path, sep=mark, encoding=encoding, header=None, nrows=1, dtype="str", keep_default_na=False
    )
    return first.iloc[0].str.strip().tolist()


def _encoding(path: Path) -> str:
    """Return how a text file is encoded, by the mark that it begins with."""
    with path.open("rb") as file:
        first = file.read(2)
    return "utf-16" if first in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _no_utf8(path: Path, *, utf16: bool) -> str:
    likely = "UTF-16 without its mark" if utf16 else "Latin-1 or Windows-1252"
    return f"{path}: it is not UTF-8 text, but probably {likely}: save it as UTF-8"


def _read_json(path: Path) -> pd.DataFrame:
    text = path.read_text(encoding=_encoding(path))
    try:
        content = json.loads(text)
    except ValueError as error:
        content = _lines(text, path, error)
    if isinstance(content, list):
        for number, record in enumerate(content, start=1):
            if not isinstance(record, dict):
                raise SuiteError(
                    f"{path}, entry {number}: {shown(record)} is no row: an object is due, "
                    "with the names of columns"
                )
        return pd.DataFrame(content)
    if isinstance(content, dict) and all(isinstance(column, (list, dict)) for column in content.values()):
        return pd.DataFrame(content)
    raise SuiteError(f"{path}: neither a list of objects, nor an object of columns, nor an object a line")


def _lines(text: str, path: Path, whole: ValueError) -> list[Any]:
    """Return the values of JSON lines; where the first line is none, `whole` says why the text is no JSON."""
    found: list[Any] = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if line.strip():
                found.append(json.loads(line))
        except ValueError as error:
            fault = f"{path}, line {number}: not readable as JSON: {error}"
            raise SuiteError(fault if found else f"{path}: not readable as JSON: {whole}") from error
    return found


def _names(given: Iterable[Any], path: Path) -> list[str]:
    """Return the names of columns, one for each; raises SuiteError for two that are called alike."""
    names = [str(name).strip() or f"{UNNAMED}{place}" for place, name in enumerate(given)]
    if any("\0" in name for name in names):
        raise SuiteError(_no_utf8(path, utf16=True))
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise SuiteError(f"{path}: two columns are called {twice[0]!r}: give one another name")
    return names
