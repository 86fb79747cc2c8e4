"""Paired replicates of what routers gain, and their choices: made once a report, kept in a folder.

A file is named by the digest of what it was made from and written whole or not at all, so that it is
right or absent. Where the folder cannot be written, nothing is kept and all is made again.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from catbench import __version__
from catbench.arrays import Floats
from catbench.bootstrap import blocks_of
from catbench.errors import CatbenchError, UsageError
from catbench.files import atomic_file
from catbench.predictions import restrict
from catbench.report import Result
from catbench.scoring import Scorer
from catbench.sweep import EstimatorSweep, Sweep, mixture_curves
from catbench_leaderboard.agreement import check_interval, check_numbers
from catbench_leaderboard.answers import (
    BOOTSTRAP,
    Ground,
    budgets_of,
    choices_within,
    ground_of,
    mask_of,
    read_answer,
    weights_of,
)
from catbench_leaderboard.problems import problem_of
from catbench_leaderboard.reports import Entry
from catbench_leaderboard.suites import matrix_of

Stored: TypeAlias = npt.NDArray[Any]
FORMAT = "2"
"""Changes with what the files hold, and with what a report must agree in to have one."""
LEAST = 1e-12
"""Headroom below this share of the oracle's area is none, as for `catbench.measures.headroom`."""


def captured(gains: Floats, room: Floats) -> Floats:
    """Return gains (R,) as shares of the headroom (R,), nan where there is none."""
    return np.divide(gains, room, out=np.full(room.shape, np.nan), where=room > 0)


class Draws:
    """Replicates of the routers of a board; row 0 of each array is the value itself, without resampling."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._rooms: dict[str, dict[str, Stored]] = {}
        self._weights: dict[str, Floats] = {}

    def of_entry(
        self, digest: str, read: Callable[[], Entry], progress: Callable[[], None] = lambda: None
    ) -> dict[str, Stored]:
        """Return `gain_<i>` (1 + R,) of each result i, and `choices_<i>` (B, n) of those on all prompts.

        `read` is called where the entry with this digest has not been scored before. Raises CatbenchError
        where predictions are missing, do not fit, or are not what the report reports.
        """
        return self._kept(digest, lambda: self._make(read(), progress))

    def room(self, result: Result, simulated: bool) -> Floats:
        """Return (1 + R,): how much the oracle gains over the mixture, 0 where that is rounding."""
        areas = self._references(result, simulated)
        room = areas["oracle"] - areas["mixture"]
        return np.where(room > LEAST * np.maximum(1.0, np.abs(areas["oracle"])), room, 0.0)

    def _make(self, entry: Entry, progress: Callable[[], None]) -> dict[str, Stored]:
        if entry.predictions is None:
            raise CatbenchError("no predictions beside the report")
        arrays: dict[str, Stored] = {}
        for number, result in enumerate(entry.report.results):
            matrix = matrix_of(result.suite_digest)
            if entry.report.simulated != matrix.suite.simulated:
                raise CatbenchError(f"whether scores are simulated is not as in {result.suite!r}: not ranked")
            ground = ground_of(matrix, result.metric, list(result.fixed), result.cost)
            answer = read_answer(entry.predictions, matrix, ground.pool, entry.report.router.name)
            inside = mask_of(matrix, result.slice)
            sliced = ground.part(inside)
            samples = matrix.qualities(result.metric, "test", ground.pool)[inside]
            scorer = Scorer(restrict(answer, inside), samples, ground.pool)
            check_numbers(result, scorer, matrix.metric(result.metric), ground.pool, sliced.groups)
            references = self._references(result, entry.report.simulated)
            gains = self._areas(scorer.sweep, sliced, result) - references["mixture"]
            room = self.room(result, entry.report.simulated)
            check_interval(result, entry.report.bootstrap, captured(gains, room)[1:])
            arrays[f"gain_{number}"] = gains.astype(np.float32)
            if result.slice == "all":
                cost = ground.pool.cost
                choices = choices_within(answer, cost, budgets_of(cost))
                arrays[f"choices_{number}"] = choices.astype(np.int16)
            progress()
        return arrays

    def _references(self, result: Result, simulated: bool) -> dict[str, Stored]:
        """Return the areas of mixture and oracle, each (1 + R,)."""
        key = f"references {problem_of(result, simulated).id} {result.metric} {result.slice}"

        def make() -> dict[str, Stored]:
            matrix = matrix_of(result.suite_digest)
            whole = ground_of(matrix, result.metric, list(result.fixed), result.cost)
            ground = whole.part(mask_of(matrix, result.slice))
            weights, cost = self._weights_of(ground, result), ground.pool.cost
            means = (weights @ ground.quality) / weights.sum(axis=1, keepdims=True)
            low, high = float(cost.min()), float(cost.max())
            mixture = mixture_curves(means, cost).area(low, high)
            oracle = EstimatorSweep(ground.quality, ground.quality, cost)
            return {"mixture": mixture, "oracle": self._areas(oracle, ground, result)}

        if key not in self._rooms:
            self._rooms[key] = self._kept(key, make)
        return self._rooms[key]

    def _areas(self, sweep: Sweep, of: Ground, result: Result) -> Floats:
        low, high = float(of.pool.cost.min()), float(of.pool.cost.max())
        weights = self._weights_of(of, result)
        blocks = blocks_of(weights)
        with threadpool_limits(1):
            if isinstance(sweep, EstimatorSweep):
                return np.concatenate([sweep.area(block) for block in blocks])
            return np.concatenate([sweep.curve(block).area(low, high) for block in blocks])

    def _weights_of(self, of: Ground, result: Result) -> Floats:
        key = f"{result.suite_digest} {result.slice}"
        if key not in self._weights:
            if len(self._weights) > 16:
                self._weights.clear()
            self._weights[key] = weights_of(of.groups)
        return self._weights[key]

    def _kept(self, what: str, make: Callable[[], dict[str, Stored]]) -> dict[str, Stored]:
        key = hashlib.sha256(f"{what} {FORMAT} {__version__} {BOOTSTRAP}".encode()).hexdigest()[:32]
        path = self._folder / f"{key}.npz" if self._folder else None
        if path and path.is_file():
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    return {name: stored[name] for name in stored.files}
            except (OSError, ValueError, EOFError, zipfile.BadZipFile):
                path.unlink(missing_ok=True)
        arrays = make()
        if path:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with atomic_file(path) as draft, draft.open("wb") as file:
                    np.savez(file, allow_pickle=False, **arrays)
            except (OSError, UsageError):
                self._folder = None  # a read-only place: go on without keeping anything
        return arrays
