"""Reports found in folders, read with all that lies beside them."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from catbench.errors import CatbenchError
from catbench.report.host_key import signature_path
from catbench.report.index import verified_as
from catbench.report.places import report_files
from catbench.report.report import Report, parse
from catbench.report.submission_record import Proofs, proofs, verification_path
from catbench.score.bootstrap import ends
from catbench.terminal import one_line

LARGEST = 64 * 2**20
"""Bytes of one file that are read; a stranger's may be of any size."""
CELLS = 50_000_000
"""Cells of a table that are read: a small file can unfold to any size."""
TABLES = ("predictions", "replicates")
UNRERUN = "nobody reran it: these are the predictions that lie beside it"
"""Why a report whose numbers hold has no rank: whoever wrote its predictions may have known the answers."""
CLAIMED = "its folder says that it was rerun, and anybody can write that"
"""Why a claim that no host signed gives no rank."""
AREAS = ("audc", "audc_linear")
"""Columns of replicates that ranks are made of, by cost axis: logarithmic, linear."""


@dataclass(frozen=True)
class Unranked:
    """A report that is not on the board, or not ranked, and why. What it says of itself is not verified."""

    report: str
    why: str
    router: str = ""
    suite: str = ""
    says: str = ""


@dataclass(frozen=True, eq=False)
class Entry:
    """One report that holds."""

    id: str
    """Its place below the folder that was given."""
    path: Path
    report: Report
    """Without its tables: they are read when they are needed."""
    digests: Mapping[str, str]
    """SHA-256 of `report`, `predictions`, `replicates`, `verification` and its `signature`; "" for what does
    not lie there."""
    proofs: Proofs
    areas: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 2, 0), np.float32))
    """(results, 2, R): replicates of the areas on both axes, higher is better."""
    bands: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 2, 0), np.float32))
    """(results, 2, G): ends of the gain over the mixture along the costs, of the same replicates."""

    @cached_property
    def released(self) -> str:
        """What an index calls it (`catbench.report.index`), empty where none has it."""
        return verified_as(self.digests)

    @property
    def reran(self) -> bool:
        """Whether its predictions came again when a host whose key is known, or a release, ran the router."""
        return bool(self.released) or bool(self.proofs.by and self.proofs.rerun and self.proofs.rerun.passed)

    @property
    def verified(self) -> str:
        """In a word or two who ran it again, empty where nobody did whom this board believes."""
        fresh = self.proofs.fresh is not None and self.proofs.fresh.holds and bool(self.proofs.by)
        by = "for a release" if self.released else f"by {one_line(self.proofs.by, 40)}"
        return f"rerun {by}{', holds on new prompts' * fresh}" if self.reran else ""

    @property
    def unranked(self) -> str:
        """Why nobody ranks it, though its numbers hold."""
        said, rerun, fresh = self.report.submission, self.proofs.rerun, self.proofs.fresh
        if said and not said.prompt_only:
            return "reads more than the prompt"
        failed = [check.name for check in said.checks if not check.passed] if said else []
        failed += [*(rerun.failed_checks if rerun else ()), *(fresh.failed_checks if fresh else ())]
        if failed:
            return one_line(f"failed checks: {', '.join(dict.fromkeys(failed))}", 200)
        if rerun and not rerun.passed:
            return "run again, it predicts something else"
        if fresh and not fresh.holds:
            return f"does not hold on new prompts ({one_line(fresh.suite, 60)})"
        return "" if self.reran else CLAIMED if rerun else UNRERUN

    def table(self, name: str) -> pd.DataFrame:
        """Return `predictions` or `replicates`; raises CatbenchError where they have changed since."""
        place = _beside(self.path, self.report, name)
        content = _read(place) if place else b""
        if not content or digest(content) != self.digests[name]:
            raise CatbenchError(f"{name} of {self.id} have changed; reload the page")
        return _table(content, name)


def find_reports(folders: Iterable[Path]) -> dict[Path, str]:
    """Return the files that may be reports (`catbench.report.places`), with a name for each.

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


def fingerprint(folders: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a report or a table of one is added, removed or written again.

    Paths, sizes and times of all JSON, Parquet and signature files in these folders and below them.
    """
    stamps: list[tuple[str, int, int]] = []
    waiting: list[str | Path] = list(folders)
    while waiting:  # a visitor waits for this: one look a folder, and no path is made that is not needed
        with suppress(OSError), os.scandir(waiting.pop()) as files:
            for one in files:
                if one.is_dir(follow_symlinks=False):
                    waiting += [] if one.name.startswith(".") else [one.path]
                elif one.name.endswith((".json", ".parquet", ".sig")):
                    found = one.stat()
                    stamps.append((one.path, found.st_size, found.st_mtime_ns))
    return tuple(sorted(stamps))


def read_entry(path: Path, name: str, before: Entry | None = None) -> Entry:
    """Return what a file holds, without its areas; `before`, where nothing of it has changed.

    Raises CatbenchError where it is no report.
    """
    text = _read(path)
    same = before is not None and before.digests["report"] == digest(text)
    report = before.report if before and same else parse(text, "it")
    tables = {one: _beside(path, report, one) for one in TABLES}
    proof = verification_path(path)
    lying = {**tables, "verification": proof, "signature": signature_path(proof)}
    digests = {one: digest(_read(place)) if place and place.is_file() else "" for one, place in lying.items()}
    digests["report"] = digest(text)
    if before is not None and before.digests == digests:
        return before
    return Entry(name, path, report, digests, proofs(path, report.submission))


def with_areas(entry: Entry) -> Entry:
    """Return a report that holds with the replicates of its areas, and the bands of its gains."""
    table = entry.table("replicates")
    signs = [result.sign for result in entry.report.results]
    parts = table[list(AREAS)].to_numpy(np.float32).reshape(len(signs), -1, len(AREAS))
    areas = parts.transpose(0, 2, 1) * np.array(signs, np.float32)[:, None, None]
    gains = table.filter(like="gain_").to_numpy(np.float32).reshape(len(signs), areas.shape[2], -1)
    bands = np.stack([np.stack(ends(draws)[:2]) for draws in gains])
    return replace(entry, areas=areas, bands=bands)


def unranked(entry: Entry, why: str) -> Unranked:
    """Return what is shown of a report that is not on the board."""
    first = entry.report.results[0]
    return Unranked(
        one_line(entry.id),
        one_line(why, 400),
        one_line(entry.report.router.name),
        one_line(first.suite),
        one_line(first.verdict, 400),
    )


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> bytes:
    if (size := path.stat().st_size) > LARGEST:
        raise CatbenchError(f"{path.name}: {size / 1e6:.0f} MB are too many for a file of a report")
    return path.read_bytes()


def _beside(path: Path, report: Report, name: str) -> Path | None:
    """Return where a table of a report would lie, None where it has none."""
    file = getattr(report, f"{name}_file")
    if not file:
        return None
    place = (path.parent / file).resolve()
    if not place.is_relative_to(path.parent.resolve()):
        raise CatbenchError(f"its {name} lie outside its folder: {file!r}")
    return place


def _table(content: bytes, name: str) -> pd.DataFrame:
    """Return a table from a file's content. Raises CatbenchError where it is broken, or too large."""
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        if (cells := file.metadata.num_rows * file.metadata.num_columns) > CELLS:
            raise CatbenchError(f"{name}: {cells:,} cells are too many for a report")
        return file.read().to_pandas()
    except CatbenchError:
        raise
    except Exception as error:  # pyarrow raises whatever a broken file leads it to
        raise CatbenchError(f"its {name} are not readable as Parquet: {error}") from error
