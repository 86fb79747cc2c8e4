"""A fitted router on disk: a folder without pickles, of which no code is ever run.

    fitted.json         the router's name, its pool with costs, the suite's digest, SHA-256 of every file
    validation.parquet  a row a validation prompt: group, quality:CANDIDATE, and what the router answered,
                        predicted:CANDIDATE, or of a policy choice:NUMBER at each trade-off; no texts
    words.txt           words of the training prompts, one a line
    router.*            what the router answers by, where it can be saved (`catbench.use.router_state`)

Digests find copies that are cut short or altered by mistake; who can write the folder can also write its
digests. So nothing in it is believed that would run code: a router is made by its name only where that is an
installed one, without a file or a folder in it, whatever the record says.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from catbench.errors import RouterError, UsageError, first_fault
from catbench.files import atomic_folder, readable, sha256_of
from catbench.route.router_loader import find_router, router_names
from catbench.route.routing import NamedRouter
from catbench.score.answer import Answer
from catbench.suite.info import Metric
from catbench.suite.pool import Candidate, Pool
from catbench.use.calibration import Calibration
from catbench.use.familiar import Familiar
from catbench.use.router_state import ARRAYS, SKOPS, TREE, is_estimator, write_state

SCHEMA = 2
RECORD, VALIDATION, WORDS = "fitted.json", "validation.parquet", "words.txt"


class FittedRecord(BaseModel):
    """What fitted.json holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal[2] = Field(2, alias="schema")
    catbench: str
    """Version that fitted it."""
    router: str
    """Its name, with the option."""
    installed: bool
    """Whether the name alone finds it: an entry point, and no file or object of the user's."""
    seed: int
    suite: str
    suite_digest: str
    metric: Metric
    pool: str
    unit: str
    candidates: tuple[Candidate, ...]
    costs: tuple[float, ...]
    best_single: int
    """Position of the candidate with the best training mean."""
    trade_offs: tuple[float, ...]
    """At which a policy was asked."""
    policy: bool
    unlike_above: float
    """Share of unknown words from which on a prompt is unlike those of training."""
    probes: tuple[str, ...]
    """Texts of training words, to see that a router still answers as it did."""
    answers: tuple[tuple[float, ...], ...]
    """To the probes."""
    files: dict[str, str]
    """File -> SHA-256."""
    digest: str = ""
    """SHA-256 of all the rest of this record."""

    @model_validator(mode="after")
    def _consistent(self) -> FittedRecord:
        count = len(self.candidates)
        if len(self.costs) != count or not 0 <= self.best_single < count:
            costs = len(self.costs)
            raise ValueError(f"{count} candidates, {costs} costs and best_single {self.best_single}")
        if not self.probes or not self.trade_offs:
            raise ValueError("no probes, or no trade-offs")
        return self

    def content(self) -> str:
        """Return the digest that the record should have."""
        return hashlib.sha256(self.model_dump_json(exclude={"digest"}).encode()).hexdigest()

    def pool_of(self) -> Pool:
        """Return the pool."""
        costs = np.array(self.costs)
        return Pool(self.pool, self.candidates, costs, self.unit, self.metric.name, self.seed)


def write_folder(
    folder: str | os.PathLike[str],
    record: FittedRecord,
    known: Calibration,
    words: Familiar,
    state: Any,
    *,
    force: bool = False,
) -> None:
    """Write a fitted router, whole or not at all; `record` without its digests, `state` None if not saved.

    Raises UsageError where it cannot be written, RouterError where a state holds what is none of its types.
    """
    target = Path(folder)
    if force and target.is_dir() and any(target.iterdir()) and not (target / RECORD).is_file():
        raise UsageError(f"{target} holds no fitted router (no {RECORD}), so it is not replaced by one")
    with atomic_folder(target, force=force) as draft:
        _validation_table(known).to_parquet(draft / VALIDATION, index=False)
        (draft / WORDS).write_text("".join(f"{w}\n" for w in sorted(words.words)), encoding="utf-8")
        if state is not None:
            try:
                write_state(draft, state)
            except RouterError:
                if not is_estimator(state):
                    raise
        files = {path.name: sha256_of(path) for path in sorted(draft.iterdir())}
        whole = record.model_copy(update={"files": files})
        whole = whole.model_copy(update={"digest": whole.content()})
        text = whole.model_dump_json(indent=2, by_alias=True)
        (draft / RECORD).write_text(text + "\n", encoding="utf-8")


def read_record(folder: Path) -> FittedRecord:
    """Return the record of a fitted router, every file's digest checked. Raises RouterError."""
    path = folder / RECORD
    if not path.is_file():
        raise RouterError(f"{folder} is no fitted router: it has no {RECORD}; `catbench fit` makes one")
    try:
        text = path.read_text(encoding="utf-8")
        schema = json.loads(text)["schema"]
        if schema != SCHEMA:
            raise RouterError(
                f"{path} is of schema {schema!r}, and this catbench reads schema {SCHEMA}: fit it again"
            )
        record = FittedRecord.model_validate_json(text)
    except ValidationError as error:
        raise RouterError(f"{path}: {first_fault(error)} (is it altered or cut short?)") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RouterError(f"{path}: not readable as a fitted router ({error})") from error
    if record.digest != record.content():
        raise RouterError(f"{path} is altered: its content is not that of its digest; fit the router again")
    if not {VALIDATION, WORDS} <= record.files.keys() <= {VALIDATION, WORDS, TREE, ARRAYS, SKOPS}:
        raise RouterError(f"{path}: files {', '.join(record.files)}: not those of a fitted router")
    for name, digest in record.files.items():
        if not (folder / name).is_file():
            raise RouterError(f"{folder / name} is missing; is the copy complete?")
        if (found := sha256_of(folder / name)) != digest:
            raise RouterError(
                f"{folder / name}: SHA-256 {found[:12]}… is not {digest[:12]}… of {RECORD}: the file is "
                "altered or cut short; fit the router again"
            )
    return record


def read_words(folder: Path, record: FittedRecord) -> Familiar:
    """Return the words of the training prompts."""
    with readable(folder / WORDS, "text"):
        words = (folder / WORDS).read_text(encoding="utf-8").split("\n")
    return Familiar(frozenset(words) - {""}, record.unlike_above)


def read_calibration(folder: Path, record: FittedRecord) -> Calibration:
    """Return what the router said about the validation prompts, and what is true. Raises RouterError."""
    path, pool = folder / VALIDATION, record.pool_of()
    with readable(path, "Parquet"):
        table = pd.read_parquet(path)
    true, said = _columns(pool, record.policy, len(record.trade_offs))
    if lacking := [name for name in ("group", *true, *said) if name not in table]:
        raise RouterError(f"{path}: no column {lacking[0]!r}, which {RECORD} needs; fit the router again")
    with readable(path, "numbers"):
        quality, found = (table[names].to_numpy(dtype=np.float64) for names in (true, said))
    within = (found >= 0) & (found < len(pool)) if record.policy else np.isfinite(found)
    if not len(table) or not np.isfinite(quality).all() or not within.all():
        raise RouterError(f"{path} is empty or holds numbers that cannot be; fit the router again")
    predicted, choices = (None, found.T.astype(np.int64)) if record.policy else (found, None)
    answer = Answer(predicted, choices, np.array(record.trade_offs))
    return Calibration(pool, record.metric, answer, quality, table["group"].to_numpy(), record.best_single)


def _validation_table(known: Calibration) -> pd.DataFrame:
    answer = known.answer
    true, said = _columns(known.pool, answer.predicted is None, len(answer.trade_offs))
    answered = answer.choices if answer.predicted is None else answer.predicted.T
    assert answered is not None
    numbers = zip([*true, *said], [*known.quality.T, *answered], strict=True)
    return pd.DataFrame({"group": known.groups, **dict(numbers)})


def _columns(pool: Pool, policy: bool, trade_offs: int) -> tuple[list[str], list[str]]:
    """Return the columns of qualities, and of what a router answered."""
    predicted, chosen = [f"predicted:{name}" for name in pool.ids], [f"choice:{t}" for t in range(trade_offs)]
    return [f"quality:{name}" for name in pool.ids], chosen if policy else predicted


def names_a_path(name: str) -> bool:
    """Return whether part of a router's name is a file, which would be run, or a folder, to be read.

    The option after a colon may be one: `guarded:./mine.py`, `knn:/models/clip`.
    """
    others = set(name.split(":")) - set(router_names())
    return any(".py" in one or "/" in one or os.sep in one or Path(one).exists() for one in others if one)


def router_of(record: FittedRecord, router: object, folder: Path) -> NamedRouter:
    """Return a record's router: by its name where that is enough, else the one that the user gives.

    Raises RouterError where neither is there, or another one is given.
    """
    if router is None and (not record.installed or names_a_path(record.router)):
        raise RouterError(
            f"{folder}: router {record.router!r} is of a file or a folder of yours, and what a fitted router "
            "names is not run: name it yourself (--router FILE.py or NAME:FOLDER, in Python router=...)"
        )
    try:
        named = find_router(record.router if router is None else router)
    except UsageError as error:
        raise RouterError(f"{folder}: {error}") from error
    # The folder of a text encoder may have moved.
    was, given = ([Path(part).name for part in name.split(":")] for name in (record.router, named.name))
    if was != given:
        raise RouterError(f"{folder} is of router {record.router!r}, and {named.name!r} was given")
    return named
