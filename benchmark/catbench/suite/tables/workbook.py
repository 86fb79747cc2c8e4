"""One sheet of an Excel workbook (.xlsx) as a table: values only, nothing is computed and nothing runs.

A workbook is a ZIP of XML, so it is bounded before and while it is read: the bytes that it unpacks to (a ZIP
gives no more than it declares) and the number of cells, empty ones between filled ones included. defusedxml
refuses XML that defines entities. Formulas count by the value that was last saved with them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd

from catbench.errors import CatbenchError, MissingExtraError, SuiteError

UNPACKED_BYTES = 1 << 29
"""Most bytes that a workbook may unpack to."""
CELLS = 10_000_000
"""Most cells of a sheet."""


def read_workbook(path: Path, *, unpacked_bytes: int = UNPACKED_BYTES, cells: int = CELLS) -> pd.DataFrame:
    """Return the one sheet of a workbook that holds anything; its first row with cells names the columns.

    Raises SuiteError where the file is no workbook, has several such sheets or passes a bound, and
    MissingExtraError without the packages of the extra `xlsx`.
    """
    for package in ("openpyxl", "defusedxml"):
        if not find_spec(package):
            raise MissingExtraError(f"reading {path.name}", package, "xlsx")
    import openpyxl  # takes defusedxml where it is installed

    if not openpyxl.DEFUSEDXML:
        raise SuiteError(f"{path}: the variable OPENPYXL_DEFUSEDXML turns the safe XML reader off: unset it")
    try:
        with ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > unpacked_bytes:
            raise SuiteError(
                f"{path}: unpacks to {size:,} bytes, and {unpacked_bytes:,} are read at most: save the table "
                "as .csv"
            )
        # The warnings ignored are about styles and charts, which are not read.
        with path.open("rb") as file, warnings.catch_warnings(action="ignore"):
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                return _only_table(book.worksheets, path, cells)
            finally:
                book.close()
    except CatbenchError:
        raise
    except Exception as error:  # a foreign file breaks its reader in as many ways as there are
        why = error.__cause__ or error.__context__ or error
        raise SuiteError(
            f"{path}: not readable as a workbook: {type(why).__name__}: {why}: is it altered, or locked by a "
            "password?"
        ) from error


def _only_table(sheets: Iterable[Any], path: Path, cells: int) -> pd.DataFrame:
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for sheet in sheets:
        sheet.reset_dimensions()  # what a file says of its size need not be so
        if rows := list(_rows(sheet, path, cells)):
            tables[sheet.title] = rows
    if not tables:
        raise SuiteError(f"{path}: no sheet holds anything")
    if len(tables) > 1:
        raise SuiteError(
            f"{path}: {len(tables)} sheets hold something ({', '.join(tables)}), and one table is read: save "
            "it in a workbook of its own, or as .csv"
        )
    whole = pd.DataFrame(next(iter(tables.values())), dtype=object).dropna(axis="columns", how="all")
    names = ["" if name is None else str(name) for name in whole.iloc[0]]
    return whole[1:].reset_index(drop=True).set_axis(names, axis="columns")


def _rows(sheet: Any, path: Path, most: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a sheet that hold anything; raises SuiteError beyond so many cells."""
    seen = 0
    for row in sheet.iter_rows(values_only=True):
        seen += max(1, len(row))
        if seen > most:
            raise SuiteError(
                f"{path}, sheet {sheet.title!r}: more than {most:,} cells: save the table as .csv or .parquet"
            )
        if any(cell is not None for cell in row):
            yield tuple(row)
