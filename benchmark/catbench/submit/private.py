"""A test split that only a host has: part of a suite's test prompts, with their scores in the host's folder.

    public folder   the suite without the scores of the withheld prompts, whose texts stay (and are listed in
                    the manifest): what submissions are made with
    host's folder   a suite whose test split are the withheld prompts; `private.json` with the host's secret
                    and what was scored; `reports/` with whole reports, predictions included

A submission is scored at most so many times as the host allows: each score, however rounded, tells a little.
Whoever can draw the withheld prompts again, by the same models and seeds, has their scores; whoever has the
whole suite already has them anyway.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, PositiveInt, ValidationError

from catbench.download import Progress
from catbench.errors import SubmissionError, SuiteError, UsageError, first_fault
from catbench.files import write_text
from catbench.report.report import Report
from catbench.report.submission_record import today
from catbench.score.bootstrap import Bootstrap
from catbench.submit.coarse import FEWEST, coarse
from catbench.submit.run import How, run_submission
from catbench.suite.info import InfoRecord
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import share_of
from catbench.suite.store import load, save

RECORD, REPORTS = "private.json", "reports"
DRAWS = 2**32
"""Seeds that a host's secret is drawn from."""


class Scored(InfoRecord):
    """One scoring of a submission."""

    slug: str
    date: str
    files: dict[str, str]
    """Path in the submission's folder -> SHA-256."""


class Record(InfoRecord):
    """`private.json`."""

    schema_version: Literal[1] = Field(1, alias="schema")
    suite: str
    """Id of the public suite."""
    seed: int
    """Of the bootstrap's draws: whoever knows it learns more from a score."""
    most: PositiveInt
    """How often a submission may be scored."""
    scored: tuple[Scored, ...] = ()

    def times(self, slug: str, files: Mapping[str, str]) -> int:
        """Return how often a submission was scored, under its name or with the same files."""
        return sum(one.slug == slug or one.files == dict(files) for one in self.scored)


def split_private(matrix: ScoreMatrix, share: float, seed: int, public: Path, host: Path, most: int) -> int:
    """Write the public suite and the host's folder; return how many test prompts are withheld.

    `share` of the groups of test prompts, above 0 and below 1, are chosen by `seed`. Raises UsageError where
    a part is too small or a folder cannot be written.
    """
    if not 0 < share < 1:
        raise UsageError(f"--share {share:g}: a part of the test prompts, above 0 and below 1, is withheld")
    for folder in (public, host):
        if folder.exists():
            raise UsageError(f"{folder} is there already: give another folder")
    test = matrix.prompts["split"].to_numpy() == "test"
    chosen = np.array([share_of(f"private {seed} {group}") < share for group in matrix.prompts["group"]])
    withheld: npt.NDArray[np.bool_] = test & chosen
    count = int(withheld.sum())
    if count < FEWEST or count == test.sum():
        raise UsageError(
            f"--share {share:g} of {int(test.sum())} test prompts would withhold {count}: at least {FEWEST} "
            "are needed for an average to tell little of each, and some must stay public"
        )
    kept = _part(matrix, ~withheld, "public", "its test split in part withheld")
    features = {name: values[withheld] for name, values in matrix.features.items()}
    save(kept, public, withheld=(matrix.prompts[withheld], features))
    save(_part(matrix, ~test | withheld, "private", "the withheld test split, for the host"), host)
    _write(Record(schema=1, suite=kept.suite.id, seed=secrets.randbelow(DRAWS), most=most), host)
    return count


def run_private(
    folder: Path, host: Path, how: How, *, replicates: int, seed: int, progress: Progress
) -> Report:
    """Score a submission on a host's private split; return what may be published of it.

    The whole report, with its predictions, is kept in the host's folder. Raises as a run does, and
    SubmissionError where the submission was scored as often as it may be.
    """
    record = read_record(host)
    if not replicates:
        raise UsageError("--replicates 0: private numbers are rounded to their standard errors")
    matrix = load(host)
    slug = folder.resolve().name
    _check_times(record, slug, {})
    drawn = Bootstrap(replicates, record.seed)
    whole = run_submission(folder, matrix, how.hiding(host), bootstrap=drawn, seed=seed, progress=progress)
    assert whole.submission is not None
    files = whole.submission.files
    record = read_record(host)
    _check_times(record, slug, files)
    scored = (*record.scored, Scored(slug=slug, date=today(), files=files))
    _write(record.model_copy(update={"scored": scored}), host)
    (host / REPORTS).mkdir(exist_ok=True)
    whole.save(host / REPORTS / f"{slug}-{record.times(slug, files) + 1}.json")
    return coarse(whole)


def read_record(host: Path) -> Record:
    """Return the record of a host's folder. Raises SuiteError where it is none."""
    path = host / RECORD
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(
            f"{host} is no host's folder, for it has no {RECORD} (catbench split-private makes one): {error}"
        ) from error
    except ValidationError as error:
        raise SuiteError(f"{path}: {first_fault(error)} (is it altered or cut short?)") from error


def _check_times(record: Record, slug: str, files: Mapping[str, str]) -> None:
    if (times := record.times(slug, files)) >= record.most:
        raise SubmissionError(
            f"{slug}: it was scored {times} times on the private split of {record.suite!r}, and the host "
            f"allows {record.most}: each score tells a little of the test set"
        )


def _part(matrix: ScoreMatrix, kept: npt.NDArray[np.bool_], name: str, says: str) -> ScoreMatrix:
    """Return the matrix of some prompts, under an id that says which."""
    title = f"{matrix.suite.title} ({says})".strip()
    suite = matrix.suite.model_copy(update={"id": f"{matrix.suite.id}-{name}", "title": title})
    return replace(matrix.take(np.flatnonzero(kept)), suite=suite)


def _write(record: Record, host: Path) -> None:
    write_text(host / RECORD, record.model_dump_json(indent=1, by_alias=True) + "\n")
