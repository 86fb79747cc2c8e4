"""A router is fitted on a suite's training split, and asked about its validation split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catbench.arrays import Floats
from catbench.route.routing import NamedRouter, ask, ask_at, fit, make, no_progress
from catbench.score.rounds import Part, rounds_of
from catbench.score.truth import best_position
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts
from catbench.use.calibration import Calibration
from catbench.use.familiar import Familiar, familiar


def fit_for_use(
    named: NamedRouter,
    matrix: ScoreMatrix,
    pool: Pool,
    progress: Callable[[int, int], None] = no_progress,
) -> tuple[Calibration, Familiar, Any]:
    """Return a router fitted to texts alone, with its calibration and the words that it was trained on.

    Test prompts stay unseen, so what is expected of the router can be checked on them. Raises RouterError
    where it fails or answers wrongly.
    """
    one = rounds_of(matrix, 0).each[0]
    train, validation = (_texts_alone(part, pool) for part in (one.train, one.validation))
    made = make(named, pool)
    fit(named.name, made, train, validation, progress)
    answer = ask(named.name, made, validation[0], pool, ask_at(train[1], pool.cost))
    groups = matrix.prompts["group"].to_numpy()[one.validation.rows]
    best = best_position(train[1].mean(axis=0), pool.cost)
    known = Calibration(pool, matrix.metric(pool.metric), answer, validation[1], groups, best)
    return known, familiar(train[0], validation[0]), made


def _texts_alone(part: Part, pool: Pool) -> tuple[Prompts, Floats]:
    prompts, quality = part.labelled(pool)
    return Prompts(list(prompts)), quality
