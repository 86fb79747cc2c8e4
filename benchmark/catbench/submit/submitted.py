"""What a submission answers on all metrics of a suite, in one process, and the digest of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf, isclose

import numpy as np

from catbench.arrays import Floats, Ints
from catbench.route.routing import ask_at
from catbench.score.answer import Answer
from catbench.score.measures import audc
from catbench.score.rounds import Round, Rounds
from catbench.score.scorer import sweep_of
from catbench.score.sweep import mixture_curve, oracle_curve
from catbench.submit.sandbox.session import Session
from catbench.suite.costs import processor_name
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts

ROUNDING = 1e-11
"""Of a prediction: differences below some digits of double precision are nobody's."""


def answer_all(
    session: Session,
    one: Round,
    pools: Sequence[Pool],
    test: Prompts | None = None,
    alter: Callable[[Floats], Floats] = lambda quality: quality,
) -> dict[str, Answer]:
    """Fit a router for every pool in a new session, and return what `ask_all` does.

    All are fitted before the first prompt is shown. A canary alters what stands for the test prompts, or the
    qualities (n, M) that are given.
    """
    seconds = [fit_one(session, one, pool, alter) for pool in pools]
    answers = ask_all(session, one, pools, one.test.texts() if test is None else test)
    return {
        metric: replace(answer, fit_seconds=took)
        for (metric, answer), took in zip(answers.items(), seconds, strict=True)
    }


def ask_all(session: Session, one: Round, pools: Sequence[Pool], test: Prompts) -> dict[str, Answer]:
    """Return the answers of a round on every metric (that each pool names), for prompts in stored order.

    `test` are the round's test prompts, or what stands for them; they are shown in another order. The
    session's routers were fitted in the order of `pools`.
    """
    order = np.random.default_rng(pools[0].seed).permutation(len(one.test))
    answers: dict[str, Answer] = {}
    for router, pool in enumerate(pools):
        answer = ask_in_order(session, one, pool, router, order, test)
        validation = session.ask(router, one.validation.texts(), answer.trade_offs)
        answers[pool.metric] = replace(answer, validation=(validation,))
    return answers


def fit_one(session: Session, one: Round, pool: Pool, alter: Callable[[Floats], Floats]) -> float:
    """Make and fit the router for a pool; return the seconds that it took."""
    (train, quality), (validation, held) = one.train.labelled(pool), one.validation.labelled(pool)
    given = (train, alter(quality)), (validation, alter(held))
    start = time.perf_counter()
    router = session.make(pool)
    session.fit(router, *given)
    return time.perf_counter() - start


def ask_in_order(session: Session, one: Round, pool: Pool, router: int, order: Ints, test: Prompts) -> Answer:
    """Return the answer about test prompts, shown in an order (positions among them) and put back."""
    asked_at = ask_at(one.train.labelled(pool)[1], pool.cost)
    prompts = test.take(order)
    start = time.perf_counter()
    answer = session.ask(router, prompts, asked_at)
    seconds = time.perf_counter() - start
    asks = 1 if answer.choices is None else len(answer.trade_offs)
    back = np.argsort(order)
    return replace(
        answer,
        predicted=None if answer.predicted is None else answer.predicted[back],
        choices=None if answer.choices is None else answer.choices[:, back],
        seconds_per_prompt=seconds / (len(order) * asks),
        hardware=processor_name(),
    )


def digest_of(answers: Mapping[str, Answer], rounds: Rounds) -> str:
    """Return the SHA-256 of answers' bytes: prompt ids, then metric, kind, shape and numbers of each.

    The answer about the tested prompts comes first, then those about each round's validation prompts. Numbers
    are little-endian, 8 bytes, row by row; -0.0 counts as 0.0.
    """
    digest = hashlib.sha256("\n".join(rounds.test.ids).encode())
    for metric, answer in answers.items():
        for said in (answer, *answer.validation):
            numbers = (
                said.predicted.astype("<f8") + 0.0
                if said.predicted is not None
                else np.asarray(said.choices).astype("<i8")
            )
            digest.update(f"\n{metric} {said.kind} {numbers.shape}\n".encode())
            digest.update(np.ascontiguousarray(numbers).tobytes())
    return digest.hexdigest()


def difference(one: Answer, other: Answer) -> float:
    """Return how far two answers are apart, the second relative to how far the first tells candidates apart.

    Predictions are compared as routing compares them, within a prompt: what is added to all candidates of a
    prompt, however large, changes nothing and hides nothing. The largest difference counts. For choices, the
    share that differ; infinite where one predicts and the other chooses.
    """
    if one.kind != other.kind:
        return inf
    if one.predicted is None or other.predicted is None:
        return float(np.mean(np.asarray(one.choices) != np.asarray(other.choices)))
    centred, again = (p - p.mean(axis=1, keepdims=True) for p in (one.predicted, other.predicted))
    spread = np.abs(centred).max(axis=1)
    # A prompt whose candidates are hardly told apart is held against the others, and against rounding.
    least = np.maximum(0.01 * np.median(spread), ROUNDING * np.abs(one.predicted).max(axis=1))
    scale = np.maximum(np.maximum(spread, least), np.finfo(np.float64).tiny)
    return float((np.abs(centred - again).max(axis=1) / scale).max())


def audc_gap(one: Answer, other: Answer, quality: Floats, pool: Pool) -> float:
    """Return how far the AUDCs of two answers about prompts of qualities (n, M) are apart.

    As a share of what the oracle gains over the mixture; infinite where they differ and nothing is to gain.
    """
    first, second = (float(audc(sweep_of(a, quality, pool).curve(), pool.cost)) for a in (one, other))
    curves = oracle_curve(quality, pool.cost), mixture_curve(quality, pool.cost)
    best, mixed = (float(audc(curve, pool.cost)) for curve in curves)
    if isclose(first, second, rel_tol=1e-12, abs_tol=1e-12):
        return 0.0
    return abs(first - second) / (best - mixed) if best > mixed else inf
