"""What a submission answers on all metrics of a suite, in one process, and the digest of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from catbench.arrays import Ints
from catbench.matrix import ScoreMatrix
from catbench.pool import Pool
from catbench.routing import Answer, Labelled, ask_at
from catbench.sandbox.session import Session


def labelled(matrix: ScoreMatrix, pool: Pool) -> tuple[Labelled, Labelled]:
    """Return the training and the validation split's prompts with their qualities (n, M)."""
    train, validation = (
        (matrix.texts(matrix.rows(split)), matrix.qualities(pool.metric, split, pool).mean(axis=2))
        for split in ("train", "validation")
    )
    return train, validation


def answer_all(session: Session, matrix: ScoreMatrix, pools: Sequence[Pool]) -> dict[str, Answer]:
    """Return the answers on every metric (that each pool names), for test prompts in stored order.

    All routers are fitted before the first test prompt is shown; test prompts are shown in another order.
    """
    fitted = [fit_one(session, matrix, pool) for pool in pools]
    order = np.random.default_rng(pools[0].seed).permutation(len(matrix.rows("test")))
    return {
        pool.metric: ask_in_order(session, matrix, pool, router, order, seconds)
        for pool, (router, seconds) in zip(pools, fitted, strict=True)
    }


def fit_one(session: Session, matrix: ScoreMatrix, pool: Pool) -> tuple[int, float]:
    """Make and fit the router for a pool; return its number and the seconds that it took."""
    start = time.perf_counter()
    router = session.make(pool)
    train, validation = labelled(matrix, pool)
    session.fit(router, train, validation)
    return router, time.perf_counter() - start


def ask_in_order(
    session: Session, matrix: ScoreMatrix, pool: Pool, router: int, order: Ints, fit_seconds: float = 0.0
) -> Answer:
    """Return the answer about test prompts, shown in an order (positions in the split) and put back."""
    asked_at = ask_at(labelled(matrix, pool)[0][1], pool.cost)
    prompts = matrix.texts(matrix.rows("test")).take(order)
    start = time.perf_counter()
    answer = session.ask(router, prompts, asked_at)
    seconds = time.perf_counter() - start
    asks = 1 if answer.choices is None else len(answer.trade_offs)
    back = np.argsort(order)
    return replace(
        answer,
        predicted=None if answer.predicted is None else answer.predicted[back],
        choices=None if answer.choices is None else answer.choices[:, back],
        fit_seconds=fit_seconds,
        seconds_per_prompt=seconds / (len(order) * asks),
    )


def digest_of(answers: Mapping[str, Answer], matrix: ScoreMatrix) -> str:
    """Return the SHA-256 of answers' bytes: prompt ids, then metric, kind, shape and numbers of each.

    Numbers are little-endian, 8 bytes, row by row; -0.0 counts as 0.0.
    """
    digest = hashlib.sha256("\n".join(matrix.prompts["prompt_id"].iloc[matrix.rows("test")]).encode())
    for metric, answer in answers.items():
        numbers = (
            answer.predicted.astype("<f8") + 0.0
            if answer.predicted is not None
            else np.asarray(answer.choices).astype("<i8")
        )
        digest.update(f"\n{metric} {answer.kind} {numbers.shape}\n".encode())
        digest.update(np.ascontiguousarray(numbers).tobytes())
    return digest.hexdigest()


def difference(one: Answer, other: Answer) -> float:
    """Return how far two answers are apart: the largest, relative to the largest number of each candidate.

    For choices, the share that differ; infinite where one predicts and the other chooses.
    """
    if one.kind != other.kind:
        return inf
    if one.predicted is None or other.predicted is None:
        return float(np.mean(np.asarray(one.choices) != np.asarray(other.choices)))
    scale = np.maximum(np.abs(one.predicted).max(axis=0), np.finfo(np.float64).tiny)
    return float((np.abs(one.predicted - other.predicted) / scale).max())
