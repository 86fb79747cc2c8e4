"""The sessions of a submission: one whose answers count, one where they come again, and the canaries' own.

Every round has a session of its own, which keeps nothing of the others; a session that repeats, and those of
the canaries, go side by side in an order that is drawn anew. Test scores are used once all answers that count
are there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from catbench.arrays import Floats, Ints
from catbench.report.submission_record import Check
from catbench.route.routing import ask_at, processor_name
from catbench.score.answer import Answer, joined, restrict
from catbench.score.rounds import Round, Rounds
from catbench.submit.canaries import MIXED, REWORDED, SHUFFLED, Altered, canary_checks, mixed, shuffled
from catbench.submit.checks import compare_answers, digest_of
from catbench.submit.noise import check_noise
from catbench.submit.rewording import reworded
from catbench.submit.sandbox.group import Usage
from catbench.submit.sandbox.session import Session
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts

Scored = TypeVar("Scored")
Found = TypeVar("Found")
Answers: TypeAlias = dict[str, Answer]
"""By metric."""
Begin: TypeAlias = Callable[[], AbstractContextManager[Session]]
ALONE = 64
"""Prompts that are shown alone."""
SIDE_BY_SIDE = 2
"""Sessions that are begun at once."""


@dataclass(frozen=True)
class Judged(Generic[Scored]):
    """What came out of running a submission."""

    scored: Scored
    answers: Answers
    digest: str
    """Of the answers, taken before any score was used."""
    checks: list[Check]
    usage: Usage


def judge(
    begin: Begin,
    rounds: Rounds,
    pools: Sequence[Pool],
    score: Callable[[Answers], Scored],
    *,
    timed: bool = True,
) -> Judged[Scored]:
    """Run a submission for its answers, to see them repeat, and as each canary.

    `begin` gives a session. Where it is `timed`, the run whose answers count comes first and has the machine
    for itself. `score` is called with its answers once their digest is taken, while the others go on. Where
    one fails, or this is interrupted, all of them end.
    """
    begun: dict[str, Future[Any]] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as executor, closing(_Runs(begin, rounds, pools)) as runs:
        jobs: dict[str, Callable[[], Any]] = {
            "counts": runs.count,
            "repeats": runs.repeat,
            SHUFFLED: lambda: runs.altered(shuffled(runs.draws[SHUFFLED])),
            MIXED: lambda: runs.altered(mixed(runs.draws[MIXED])),
        }
        if timed:
            begun["counts"] = executor.submit(runs.or_end, jobs.pop("counts"))
            begun["counts"].result()
        names = list(jobs)
        for place in runs.random.permutation(len(names)):
            begun[names[place]] = executor.submit(runs.or_end, jobs[names[place]])
        counted, asked_besides = begun["counts"].result()
        answers = runs.joined(counted)
        digest = digest_of(answers, rounds)
        scored = score(answers)
        again, other_words = begun["repeats"].result()
        canaries = {name: begun[name].result() for name in (SHUFFLED, MIXED)} | {REWORDED: other_words}
    how = "fitted anew in a second process"
    checks = [
        compare_answers("repeats", how, rounds.test, pools, answers, runs.joined(again)),
        *asked_besides,
        *canary_checks(rounds.each[runs.tried].test, pools, counted[runs.tried], canaries),
        check_noise(answers, rounds.test, pools),
    ]
    return Judged(scored, answers, digest, checks, runs.usage())


class _Runs:
    """The runs of a submission, each in sessions of its own: one a round, for a canary one in all."""

    def __init__(self, begin: Begin, rounds: Rounds, pools: Sequence[Pool]) -> None:
        self._begin, self._rounds, self._pools = begin, rounds, pools
        self._usages: list[Usage] = []
        self._open: list[Session] = []
        self._is_over = False
        self._failed: BaseException | None = None
        self.random = np.random.default_rng()
        self.draws = dict(zip((REWORDED, SHUFFLED, MIXED), self.random.spawn(3), strict=True))
        self.tried = int(self.random.integers(len(rounds.each)))
        """Position of the round that the canaries are of."""

    def or_end(self, job: Callable[[], Found]) -> Found:
        """Do a job; where it fails all others end, with what it raised: nobody asks for them any more."""
        try:
            return job()
        except BaseException as error:
            self._failed = self._failed or error
            self.close()
            raise self._failed from None

    def close(self) -> None:
        """End what still runs, and let nothing more begin."""
        self._is_over = True
        for session in list(self._open):
            session.end()

    def count(self) -> tuple[list[Answers], list[Check]]:
        """Return the answers that count, by round, and what the first round's routers are asked besides."""
        found: list[Answers] = []
        checks: list[Check] = []
        for one in self._rounds.each:
            with self._fitted(one) as routers:
                found.append(routers.answers())
                checks = checks or routers.ask_besides(found[0])
        return found, checks

    def repeat(self) -> tuple[list[Answers], Answers]:
        """Return the answers again, by round, and those about the reworded prompts of one, asked before."""
        found: list[Answers] = []
        other_words: Answers = {}
        for place, one in enumerate(self._rounds.each):
            with self._fitted(one) as routers:
                if place == self.tried:
                    other_words = routers.answers(reworded(one.test.texts(), self.draws[REWORDED]))
                found.append(routers.answers())
        return found, other_words

    def altered(self, alter: Altered) -> Answers:
        """Return the answers of a canary, about one round."""
        with self._fitted(self._rounds.each[self.tried], alter) as routers:
            return routers.answers()

    def joined(self, found: Sequence[Answers]) -> Answers:
        return {metric: self._rounds.joined([answers[metric] for answers in found]) for metric in found[0]}

    def usage(self) -> Usage:
        return Usage(
            max(usage.wall_seconds for usage in self._usages),
            max(usage.peak_memory_bytes for usage in self._usages),
            max(usage.peak_processes for usage in self._usages),
            all(usage.control_group for usage in self._usages),
        )

    @contextmanager
    def _fitted(self, one: Round, alter: Altered = lambda quality: quality) -> Generator[_RoutersOfRound]:
        """Begin a session with the routers of a round, and note what it used when it has ended."""
        with self._begin() as session:
            self._open.append(session)
            if self._is_over:
                raise CancelledError
            yield _RoutersOfRound(session, one, self._pools, alter)
        self._open.remove(session)
        self._usages.append(session.usage)


class _RoutersOfRound:
    """The routers of a round, one for every pool and in their order, in a session of their own."""

    def __init__(self, session: Session, one: Round, pools: Sequence[Pool], alter: Altered) -> None:
        """Fit all before the first prompt is shown. A canary alters the qualities (n, M) that are given."""
        self._session, self._round, self._pools = session, one, pools
        self._texts = one.test.texts()
        self._seconds, self._asked_at = list[float](), list[Floats]()
        for pool in pools:
            (train, quality), (validation, held) = one.train.labelled(pool), one.validation.labelled(pool)
            given = (train, alter(quality)), (validation, alter(held))
            made = session.make(pool)
            start = time.perf_counter()
            session.fit(made, *given)
            self._seconds.append(time.perf_counter() - start)
            self._asked_at.append(ask_at(quality, pool.cost))

    def answers(self, test: Prompts | None = None) -> Answers:
        """Return the answers on every metric, in the stored order of prompts; they are shown in another.

        `test` is what stands for the round's test prompts, where it is not they.
        """
        order = self._random().permutation(len(self._texts))
        answers: Answers = {}
        for router, pool in enumerate(self._pools):
            answer = self._ask(router, self._texts if test is None else test, order)
            validation = self._session.ask(router, self._round.validation.texts(), answer.trade_offs)
            answers[pool.metric] = replace(
                answer, validation=(validation,), fit_seconds=self._seconds[router]
            )
        return answers

    def ask_besides(self, answers: Answers) -> list[Check]:
        """Return the checks of answers in another order, and about at most ALONE prompts shown alone."""
        texts, count = self._texts, len(self._texts)
        order, sampled = self._random(1).permutation(count), self._random(2).permutation(count)[:ALONE]
        again = {pool.metric: self._ask(router, texts, order) for router, pool in enumerate(self._pools)}
        alone: Answers = {}
        for router, pool in enumerate(self._pools):
            each = [self._session.ask(router, texts.take([row]), self._asked_at[router]) for row in sampled]
            alone[pool.metric] = joined(each)
        of_sampled = {metric: restrict(answer, sampled) for metric, answer in answers.items()}
        test, how = self._round.test, f"{len(sampled)} sampled prompts asked one at a time"
        return [
            compare_answers("order", "asked in another order", test, self._pools, answers, again),
            compare_answers("one at a time", how, test, self._pools, of_sampled, alone, sampled),
        ]

    def _ask(self, router: int, prompts: Prompts, order: Ints) -> Answer:
        """Return the answer about prompts, shown in an order (positions among them) and put back."""
        shown = prompts.take(order)
        start = time.perf_counter()
        answer = self._session.ask(router, shown, self._asked_at[router])
        seconds = time.perf_counter() - start
        asks = 1 if answer.choices is None else len(answer.trade_offs)
        return replace(
            restrict(answer, np.argsort(order)),
            seconds_per_prompt=seconds / (len(order) * asks),
            hardware=processor_name(),
        )

    def _random(self, *more: int) -> np.random.Generator:
        return np.random.default_rng([self._pools[0].seed, *more])
