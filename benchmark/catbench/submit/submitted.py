"""What a submission answers on all metrics of a suite, in one process: its digest, and where it stands."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, Protocol

import numpy as np

from catbench.arrays import Floats, Ints
from catbench.report.submission_record import BesideBaselines
from catbench.route.routing import ask_at, processor_name
from catbench.score.answer import Answer, Labelled
from catbench.score.answer_sweep import sweep_of
from catbench.score.measures import audc
from catbench.score.rounds import Round, Rounds
from catbench.score.sweep import mixture_curve
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts

ALONE = 64
"""Prompts that are shown alone."""


class Session(Protocol):
    """Routers of one submission in one process. `router` counts those that were made."""

    def make(self, pool: Pool) -> int:
        """Make a router for a pool; return its number."""
        ...

    def fit(self, router: int, train: Labelled, validation: Labelled) -> None:
        """Fit a router."""
        ...

    def ask(self, router: int, prompts: Prompts, trade_offs: Floats) -> Answer:
        """Ask a fitted router about prompts."""
        ...


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


def ask_reordered(session: Session, one: Round, pools: Sequence[Pool]) -> dict[str, Answer]:
    """Return the answers of fitted routers (in the order of `pools`) about test prompts in another order."""
    order = np.random.default_rng([pools[0].seed, 1]).permutation(len(one.test))
    return {
        pool.metric: ask_in_order(session, one, pool, router, order, one.test.texts())
        for router, pool in enumerate(pools)
    }


def ask_alone(session: Session, one: Round, pools: Sequence[Pool]) -> tuple[Ints, dict[str, Answer]]:
    """Return positions of at most ALONE test prompts, drawn, and the answers where each is shown alone."""
    prompts = one.test.texts()
    sampled = np.random.default_rng([pools[0].seed, 2]).permutation(len(prompts))[:ALONE]
    alone: dict[str, Answer] = {}
    for router, pool in enumerate(pools):
        asked_at = ask_at(one.train.labelled(pool)[1], pool.cost)
        alone[pool.metric] = _joined([session.ask(router, prompts.take([row]), asked_at) for row in sampled])
    return sampled, alone


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


def beside_baselines(answer: Answer, rounds: Rounds, pool: Pool) -> BesideBaselines:
    """Return where an answer stands beside the best constant candidate and the mixture, by AUDC."""
    test, of_prompt = rounds.test, rounds.of_prompt
    quality = test.labelled(pool)[1]
    sign = test.matrix.metric(pool.metric).sign

    def area(one: Answer) -> float:
        return float(audc(sweep_of(one, quality, pool, of_prompt).curve(), pool.cost))

    constants = [
        area(
            replace(answer, predicted=None, choices=np.full((len(answer.trade_offs), len(quality)), position))
        )
        for position in range(len(pool))
    ]
    mixture = float(audc(mixture_curve(quality, pool.cost), pool.cost))
    best, own = max(constants), area(answer)
    below: list[Literal["mixture", "best constant candidate"]] = []
    if own < mixture:
        below.append("mixture")
    if own < best:
        below.append("best constant candidate")
    return BesideBaselines(
        audc=own * sign,
        mixture=mixture * sign,
        best_constant=pool.ids[int(np.argmax(constants))],
        best_constant_audc=best * sign,
        below=tuple(below),
    )


def _joined(answers: Sequence[Answer]) -> Answer:
    if answers[0].predicted is not None:
        return replace(answers[0], predicted=np.concatenate([np.asarray(a.predicted) for a in answers]))
    return replace(answers[0], choices=np.concatenate([np.asarray(a.choices) for a in answers], axis=1))
