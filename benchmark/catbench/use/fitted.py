"""A router that is fitted, and then used: prompts and a budget in, a candidate for each prompt out.

    router = catbench.fit("ridge", catbench.load("nano"), metric="clip_score", cost="tflops")
    router.choose(["a red bus", "two dogs at a lake"], budget=0.5).candidates
    router.save("my-router")
    catbench.FittedRouter.load("my-router")

It is fitted on the training split and calibrated on the validation split (`catbench.use.calibration`). In
use there are texts and nothing else, so the embeddings that a suite ships are not used: a router on prompt
vectors reads TF-IDF, or the text encoder that its name gives (`ridge:minilm`). A loaded router may be asked
from several threads.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from catbench import __version__
from catbench.arrays import Floats, frozen
from catbench.errors import CatbenchError, RouterError, UsageError
from catbench.route.router_loader import find_router
from catbench.route.routing import ask, call, make, no_progress
from catbench.score.answer import Answer
from catbench.score.deployment import chosen_at
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts
from catbench.suite.store import load
from catbench.use import fitted_folder
from catbench.use.calibration import Calibration, Expected, Setting, fit_for_use, places
from catbench.use.familiar import Familiar, unlike_warning
from catbench.use.fitted_folder import FittedRecord
from catbench.use.router_state import TREE, is_estimator, read_state

SAME = 1e-6
"""Answers that differ by no more, of the largest of them, are the same."""
PROBES, PROBE_WORDS = 4, 8
"""Probes that are stored, and words of each."""


@dataclass(frozen=True, eq=False)
class Choices:
    """Which candidate draws each of n prompts."""

    candidates: tuple[str, ...]
    cost: Floats
    """(n,), of one image, in the pool's unit."""
    predicted: Floats | None
    """(n, M), on the metric's own scale, columns in the pool's order; None where nothing is predicted."""
    unlike: npt.NDArray[np.bool_]
    """(n,): which prompts have more unknown words than is usual."""

    def __len__(self) -> int:
        return len(self.candidates)


@dataclass(frozen=True, eq=False)
class FittedRouter:
    """A fitted router, calibrated on validation prompts."""

    name: str
    installed: bool
    """Whether the name alone finds it: an entry point, and no file or object of the user's."""
    suite: str
    suite_digest: str
    calibration: Calibration
    familiar: Familiar
    router: Any
    """What was fitted: it has `predict` or `route`."""

    @property
    def pool(self) -> Pool:
        """The candidates, with their costs."""
        return self.calibration.pool

    @property
    def digest(self) -> str:
        """SHA-256 of what it was fitted to and how: by it, and a prompt's text, trade-offs are mixed."""
        pool = self.pool
        said = [self.name, self.suite_digest, pool.metric, pool.unit, pool.ids, pool.cost.tolist(), pool.seed]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def choose(
        self,
        prompts: Sequence[str],
        *,
        budget: float | None = None,
        match: str | None = None,
        save: float | None = None,
        trade_off: float | None = None,
    ) -> Choices:
        """Return which candidate draws each prompt; equal prompts go the same way, at any time.

        Exactly one of these is given: `budget`, a mean cost in the pool's unit, met on average; `match`, a
        candidate whose quality is reached at the least cost; `save`, a share of the best single candidate's
        cost; `trade_off`, λ. Warns where many prompts are unlike those of training. Raises UsageError for
        what is not possible, with what is; RouterError where the router fails.
        """
        setting = self.calibration.setting(budget=budget, match=match, save=save, trade_off=trade_off)
        found = self.choose_at(prompts, setting)
        if (line := unlike_warning(int(found.unlike.sum()), len(found))) is not None:
            warnings.warn(line, stacklevel=2)
        return found

    def choose_at(self, prompts: Sequence[str], setting: Setting) -> Choices:
        """Return the same at a setting that is known already; nothing is warned of."""
        texts = [prompts] if isinstance(prompts, str) else list(prompts)
        for row, text in enumerate(texts):
            if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UsageError(f"prompt {row} is a {type(text).__name__}, and prompts are texts")
        if not texts:
            return self._chosen(np.empty(0, np.int64), None, np.empty(0, np.bool_))
        answer = self._ask(texts, np.unique(setting.trade_offs)[::-1])
        below, above = chosen_at(answer, self.pool.cost, setting.trade_offs)
        chosen, open_ = below.copy(), np.flatnonzero(below != above)
        if setting.share > 0 and len(open_):
            up = places([texts[row] for row in open_], self.digest) < setting.share
            chosen[open_[up]] = above[open_[up]]
        return self._chosen(chosen, answer.predicted, self.familiar.unlike(texts))

    def answer(self, prompts: Sequence[str]) -> Answer:
        """Return all that the router says about prompts, at the trade-offs that it was calibrated at."""
        return self._ask(prompts, self.calibration.answer.trade_offs)

    def plan(
        self,
        *,
        budget: float | None = None,
        match: str | None = None,
        save: float | None = None,
        trade_off: float | None = None,
        prompts: int | None = None,
    ) -> Expected:
        """Return mean cost and quality to be expected, with 95% intervals for means over so many prompts.

        `prompts` is by default the number of validation prompts. Prompts like those of the suite are meant.
        """
        setting = self.calibration.setting(budget=budget, match=match, save=save, trade_off=trade_off)
        return self.calibration.plan(setting, prompts)

    def save(self, folder: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write it as a folder (`catbench.use.fitted_folder`); one that is there is replaced with `force`.

        A router without `state()`, or a pipeline that skops does not take, is not saved itself: it is fitted
        again from its suite when loaded. Raises UsageError where the folder cannot be written.
        """
        known, pool = self.calibration, self.pool
        probes = self._probes()
        record = FittedRecord(
            schema=2,
            catbench=__version__,
            router=self.name,
            installed=self.installed,
            seed=pool.seed,
            suite=self.suite,
            suite_digest=self.suite_digest,
            metric=known.metric,
            pool=pool.name,
            unit=pool.unit,
            candidates=pool.candidates,
            costs=tuple(pool.cost.tolist()),
            best_single=known.best_single,
            trade_offs=tuple(known.answer.trade_offs.tolist()),
            policy=known.answer.predicted is None,
            unlike_above=self.familiar.limit,
            probes=probes,
            answers=tuple(map(tuple, self._answered(probes).tolist())),
            files={},
        )
        fitted_folder.write_folder(folder, record, known, self.familiar, self._state(), force=force)

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        *,
        router: object = None,
        trusted: Sequence[str] = (),
        tell: Callable[[str], None] = lambda line: warnings.warn(line, stacklevel=3),
    ) -> FittedRouter:
        """Return the router of a folder that `save` wrote.

        No code of the folder is run: a router that came from a user's file or object is given again as
        `router`, and types of its scikit-learn pipeline that catbench does not list are named as `trusted`.
        One that could not be saved is fitted again from its suite, which is said in one line. Raises
        RouterError for a folder that is none or is altered, for an unknown router, or where the suite is
        missing or another version.
        """
        place = Path(folder)
        record = fitted_folder.read_record(place)
        pool = record.pool_of()
        fitted_to = record.router, record.installed, record.suite, record.suite_digest
        made = state = read_state(place, trusted) if TREE in record.files else None
        if not is_estimator(state):
            named = fitted_folder.router_of(record, router, place)
            made = make(named, pool)
            if state is None or not hasattr(made, "restore"):
                tell(f"router {record.router!r} is not saved: it is fitted again from suite {record.suite!r}")
                known, words, made = fit_for_use(named, _suite_of(record, place), pool)
                return cls(*fitted_to, known, words, made)._checked(record, place)
            call(record.router, "restore", made.restore, state)
        known, words = fitted_folder.read_calibration(place, record), fitted_folder.read_words(place, record)
        return cls(*fitted_to, known, words, made)._checked(record, place)

    def _checked(self, record: FittedRecord, place: Path) -> FittedRouter:
        """Return itself; raise RouterError where it answers the probes otherwise than when it was saved."""
        then, now = np.array(record.answers), self._answered(record.probes)
        if then.shape != now.shape or np.abs(now - then).max() > SAME * max(1.0, np.abs(then).max()):
            raise RouterError(
                f"{place}: router {self.name!r} answers otherwise than when it was saved by catbench "
                f"{record.catbench}: is it, its text encoder or scikit-learn another version? Fit it again"
            )
        return self

    def _probes(self) -> tuple[str, ...]:
        words = sorted(self.familiar.words)
        chosen = [words[i] for i in np.linspace(0, len(words) - 1, PROBES * PROBE_WORDS).astype(int)]
        return tuple(" ".join(chosen[start::PROBES]) for start in range(PROBES))

    def _answered(self, probes: Sequence[str]) -> Floats:
        answer = self.answer(probes)
        return np.asarray(answer.choices if answer.predicted is None else answer.predicted, np.float64)

    def _ask(self, texts: Sequence[str], trade_offs: Floats) -> Answer:
        """Return the router's answer; a policy's at those of the trade-offs that are finite."""
        return ask(self.name, self.router, Prompts(texts), self.pool, trade_offs[np.isfinite(trade_offs)])

    def _chosen(
        self, chosen: npt.NDArray[np.integer[Any]], predicted: Floats | None, unlike: npt.NDArray[np.bool_]
    ) -> Choices:
        ids, cost = self.pool.ids, self.pool.cost
        own = None if predicted is None else frozen(predicted * self.calibration.metric.sign)
        return Choices(tuple(ids[m] for m in chosen), frozen(cost[chosen]), own, frozen(unlike))

    def _state(self) -> Any:
        if is_estimator(self.router):
            return self.router
        if not hasattr(self.router, "state") or not hasattr(self.router, "restore"):
            return None
        return call(self.name, "state", self.router.state)


def fit(
    router: object,
    matrix: ScoreMatrix,
    *,
    metric: str,
    cost: str | None = None,
    pool: str | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = no_progress,
) -> FittedRouter:
    """Fit a router for use: on a suite's training split, calibrated on its validation split.

    `router` is a router, a factory `make_router(pool)`, or a text that names one (`catbench.find_router`).
    `cost` is a cost key (default: the suite's first that prices the whole pool), `pool` a pool's name
    (default `all`). Raises UsageError for unknown names, RouterError where the router fails.
    """
    named = find_router(router)
    installed = router == named.name and not fitted_folder.names_a_path(named.name)
    given = matrix.pool(pool, cost=cost, metric=matrix.metric(metric).name, seed=seed)
    known, words, made = fit_for_use(named, matrix, given, progress)
    return FittedRouter(named.name, installed, matrix.suite.id, matrix.digest, known, words, made)


def _suite_of(record: FittedRecord, folder: Path) -> ScoreMatrix:
    """Return the suite that a router was fitted to. Raises RouterError where it is missing or another."""
    try:
        matrix = load(record.suite)
    except CatbenchError as error:
        raise RouterError(f"{folder}: suite {record.suite!r} is needed: {error}") from error
    if matrix.digest != record.suite_digest:
        raise RouterError(
            f"{folder}: suite {record.suite!r} has the digest {matrix.digest[:12]}…, and the router was "
            f"fitted to {record.suite_digest[:12]}…: install that version, or fit again"
        )
    return matrix
