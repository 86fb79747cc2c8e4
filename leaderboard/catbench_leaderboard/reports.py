"""Reports found in folders, and what is wrong with the ones that cannot be shown."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from catbench.errors import CatbenchError
from catbench.files import sha256_of
from catbench.report import Report
from catbench.submission.places import report_files
from catbench.submission.record import Proofs, proofs, verification_path
from catbench_leaderboard.sound import check_report
from catbench_leaderboard.text import one_line

LARGEST = 64 * 2**20
"""Bytes of a report that is read; a foreign file may be of any size."""


@dataclass(frozen=True)
class Trouble:
    """A report, or a part of one, that is not on the board as it stands."""

    where: str
    what: str


@dataclass(frozen=True, eq=False)
class Entry:
    """One report on the board."""

    id: str
    """Its place below the folder that was given."""
    path: Path
    report: Report
    """Without its predictions: they are read when they are needed."""
    predictions: Path | None
    """Where these lie, if they do."""
    digest: str
    """SHA-256 of the report and its predictions."""
    proofs: Proofs


def find_reports(folders: Iterable[Path]) -> dict[Path, str]:
    """Return the files that may be reports (`catbench.submission.places`), with a name for each.

    No two have one name: that of a second one tells more of its path.
    """
    found: dict[Path, str] = {}
    taken: set[str] = set()
    for folder in folders:
        for path in report_files(folder):
            if path not in found:
                place = path.relative_to(folder)
                name = place.parent if place.name == "report.json" and place.parent.name else place
                names = (
                    name.as_posix().removesuffix(".json"),
                    f"{folder.absolute().name}/{place.as_posix()}",
                    str(path.absolute()),
                )
                found[path] = next(one for one in names if one not in taken)
                taken.add(found[path])
    return found


_TABLE = re.compile(r'"predictions_file": *"([^"/\\]+)"')
"""The name of a report's predictions, read without parsing it: a board looks at hundreds of them."""


def fingerprint(folders: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a report or its predictions are added, removed or written again.

    Paths, sizes and times of all JSON and Parquet files in these folders and below them.
    """
    stamps: list[tuple[str, int, int]] = []
    waiting: list[str | Path] = list(folders)
    while waiting:  # a visitor waits for this: one look a folder, and no path is made that is not needed
        with suppress(OSError), os.scandir(waiting.pop()) as files:
            for one in files:
                if one.is_dir(follow_symlinks=False):
                    waiting += [] if one.name.startswith(".") else [one.path]
                elif one.name.endswith((".json", ".parquet")):
                    found = one.stat()
                    stamps.append((one.path, found.st_size, found.st_mtime_ns))
    return tuple(sorted(stamps))


def digest_of(path: Path) -> str:
    """Return the digest of a report's bytes, and of its predictions' and its verification's."""
    digest = hashlib.sha256()
    try:
        if path.stat().st_size > LARGEST:
            return "too large"
        named = {path.parent / name for name in _TABLE.findall(path.read_text("utf-8", errors="replace"))}
        for one in (path, *sorted(named), verification_path(path)):
            if one.is_file():
                digest.update(f"{one.name} {sha256_of(one)}\n".encode())
    except OSError:
        return f"not readable: {path}"
    return digest.hexdigest()


def read_reports(found: Mapping[Path, str]) -> tuple[list[Entry], list[Trouble]]:
    """Return the entries of readable reports, and the trouble with the others; `found` names the files."""
    entries: list[Entry] = []
    troubles: list[Trouble] = []
    for path, name in found.items():
        shown = one_line(name)
        try:
            entry = read_report(path, name)
        except (CatbenchError, OSError, UnicodeDecodeError) as error:
            troubles.append(Trouble(shown, one_line(str(error), 400)))
            continue
        entries.append(entry)
        if entry.predictions is None:
            troubles.append(
                Trouble(shown, "no predictions beside it, so it is shown and not ranked: keep its .parquet")
            )
    return entries, troubles


def read_predictions(path: Path, metrics: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a report's predictions, of some metrics only. Raises CatbenchError where they are broken."""
    try:
        return pd.read_parquet(path, filters=[("metric", "in", list(metrics))] if metrics else None)
    except Exception as error:  # pyarrow raises whatever a broken file leads it to
        raise CatbenchError(f"{path.name}: not readable as predictions: {error}") from error


def read_report(path: Path, name: str) -> Entry:
    """Return one entry. Raises CatbenchError where the file is no report."""
    if (size := path.stat().st_size) > LARGEST:
        raise CatbenchError(f"{size / 1e6:.0f} MB is too large for a report")
    try:
        report = Report.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise CatbenchError(f"no report of this version: {place}: {first['msg']}") from error
    check_report(report)
    beside = (path.parent / report.predictions_file).resolve() if report.predictions_file else None
    if beside and not beside.is_relative_to(path.parent.resolve()):
        raise CatbenchError(f"its predictions lie outside its folder: {report.predictions_file!r}")
    return Entry(
        id=name,
        path=path,
        report=report,
        predictions=beside if beside and beside.is_file() else None,
        digest=digest_of(path),
        proofs=proofs(path, report.submission),
    )
