"""Reports that were derived and run again before a release: a list of their SHA-256s.

catbench ships one (`data/verified.json`), of the baselines' reports and the example submissions; a host's own
is `$CATBENCH_HOME/verified.json`, or the same file in the platform's data folder. Both are made by

    catbench verify --all --index FILE

A report is in it by the digests of all its files together, so none of them can be exchanged. It counts as
verified wherever it lies, whether its suite is there or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from catbench import __version__
from catbench.errors import SubmissionError, UsageError
from catbench.files import sha256_of, write_text
from catbench.home import DATA, home
from catbench.report.report import Report
from catbench.suite.info import InfoRecord

NAME = "verified.json"
SHIPPED = DATA / NAME
SHA256 = r"^[0-9a-f]{64}$"


class Files(InfoRecord):
    """SHA-256 of a report and of the tables beside it."""

    report: str = Field(pattern=SHA256)
    predictions: str = Field(pattern=SHA256)
    replicates: str = Field(pattern=SHA256)


class Index(InfoRecord):
    """`verified.json`."""

    schema_version: Literal[1] = Field(1, alias="schema")
    catbench: str
    """Version that derived and reran the reports."""
    reports: dict[str, Files]
    """By folder and file: `submissions/tfidf-ridge/report.json`."""


def own_index() -> Path:
    """Return where this user's own index lies, which counts as the shipped one does."""
    return home().parent / NAME


def verified_as(digests: Mapping[str, str]) -> str:
    """Return what an index calls the report with these digests, empty where none has it.

    `digests` are the SHA-256 of `report`, `predictions` and `replicates`; others are not looked at. Raises
    UsageError for an index that is none.
    """
    sought = tuple(digests.get(name, "") for name in Files.model_fields)
    names = (_names(path, path.stat().st_mtime_ns) for path in (SHIPPED, own_index()) if path.is_file())
    return next((known[sought] for known in names if sought in known), "")


def digests_of(path: Path, report: Report) -> dict[str, str]:
    """Return the SHA-256 of a saved report and its tables, "" for one that does not lie beside it."""
    places = {"predictions": report.predictions_file, "replicates": report.replicates_file}
    found = {name: path.parent / file for name, file in places.items() if file}
    tables = {name: sha256_of(place) for name, place in found.items() if place.is_file()}
    return {"report": sha256_of(path), "predictions": "", "replicates": ""} | tables


def write_index(target: Path, paths: Iterable[Path], root: Path) -> int:
    """Write the index of verified reports, named by their place below `root`; return how many it has.

    Raises SubmissionError for a report that lacks a table.
    """
    reports: dict[str, Files] = {}
    for path in paths:
        found = digests_of(path, Report.read(path))
        if missing := [name for name, digest in found.items() if not digest]:
            raise SubmissionError(f"{path}: its {missing[0]} do not lie beside it, so it cannot be indexed")
        place = path.resolve()
        name = place.relative_to(root) if place.is_relative_to(root) else place.name
        reports[Path(name).as_posix()] = Files(**found)
    index = Index(schema=1, catbench=__version__, reports=dict(sorted(reports.items())))
    write_text(target, index.model_dump_json(indent=1, by_alias=True) + "\n")
    return len(reports)


def read_index(path: Path) -> Index:
    """Return an index; raises UsageError where the file is none."""
    try:
        return Index.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise UsageError(
            f"{path} is no index of verified reports ({type(error).__name__}): make it again with "
            f"`catbench verify --all --index {path}`, or take it away"
        ) from error


@lru_cache(maxsize=4)
def _names(path: Path, changed: int) -> Mapping[tuple[str, ...], str]:
    return {tuple(files.model_dump().values()): name for name, files in read_index(path).reports.items()}
