"""The sessions of a submission: one whose answers count, one where they come again, and the canaries' own.

Every round has a session of its own, which keeps nothing of the others; a session that repeats, and those of
the canaries, go side by side in an order that is drawn anew. Test scores are used once all answers that count
are there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from catbench.report.submission_record import Check
from catbench.score.answer import Answer
from catbench.score.rounds import Rounds
from catbench.submit.canaries import MIXED, REWORDED, SHUFFLED, Altered, canary_checks, mixed, shuffled
from catbench.submit.checks import check_alone, check_order, check_repeats
from catbench.submit.noise import check_noise
from catbench.submit.rewording import reworded
from catbench.submit.sandbox.launch import Inside
from catbench.submit.sandbox.session import Sandbox, Usage, open_sandbox
from catbench.submit.submitted import Session, answer_all, ask_all, ask_alone, ask_reordered, digest_of
from catbench.suite.pool import Pool

Scored = TypeVar("Scored")
Answers: TypeAlias = dict[str, Answer]
"""By metric."""
TOGETHER = 2
"""Sessions that go side by side."""


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
    inside: Inside,
    rounds: Rounds,
    pools: Sequence[Pool],
    score: Callable[[Answers], Scored],
    *,
    timed: bool = True,
) -> Judged[Scored]:
    """Run a submission for its answers, to see them repeat, and as each canary.

    Where it is `timed`, the run whose answers count comes first and has the machine for itself. `score` is
    called with its answers once their digest is taken, while the others go on.
    """
    begun: dict[str, Future[Any]] = {}
    with open_sandbox(inside) as first, open_sandbox(inside) as second, _threads(inside) as executor:
        runs = _Runs(first, second, rounds, pools)
        jobs: dict[str, Callable[[], Any]] = {"counts": runs.count, "repeats": runs.repeat, **runs.canaries()}
        if timed:
            first.wait()
            second.wait()
            begun["counts"] = executor.submit(jobs.pop("counts"))
            begun["counts"].result()
        names = list(jobs)
        for place in runs.random.permutation(len(names)):
            begun[names[place]] = executor.submit(jobs[names[place]])
        counted, checks = begun.pop("counts").result()
        answers = runs.joined(counted)
        digest = digest_of(answers, rounds)
        scored = score(answers)
        again, other_words = begun.pop("repeats").result()
        canaries = {name: one.result() for name, one in begun.items()}
    canaries = {SHUFFLED: canaries[SHUFFLED], MIXED: canaries[MIXED], REWORDED: other_words}
    test = rounds.each[runs.tried].test
    checks = [
        check_repeats(rounds, pools, answers, runs.joined(again)),
        *checks,
        *canary_checks(test, pools, counted[runs.tried], canaries),
        check_noise(answers, rounds.test, pools),
    ]
    return Judged(scored, answers, digest, checks, runs.usage())


def _threads(inside: Inside) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1 if inside.sandbox == "none" else TOGETHER)


class _Runs:
    """The runs of a submission, each in sessions of its own: one a round, for a canary one in all.

    What repeats does so in another sandbox, which has nothing in common with the first, the order of sets
    included.
    """

    def __init__(self, first: Sandbox, second: Sandbox, rounds: Rounds, pools: Sequence[Pool]) -> None:
        self._first, self._second, self._rounds, self._pools = first, second, rounds, pools
        self._usages: list[Usage] = []
        self.random = np.random.default_rng()
        self._drawn = self.random.spawn(3)
        self.tried = int(self.random.integers(len(rounds.each)))
        """Position of the round that the canaries are of."""

    def count(self) -> tuple[list[Answers], list[Check]]:
        """Return the answers that count, by round, and what the first round's routers are asked besides."""
        found: list[Answers] = []
        checks: list[Check] = []
        for one in self._rounds.each:
            with self._session(self._first) as session:
                found.append(answer_all(session, one, self._pools))
                if not checks:
                    test, first = one.test, found[0]
                    again = ask_reordered(session, one, self._pools)
                    sampled, alone = ask_alone(session, one, self._pools)
                    checks = [
                        check_order(test, self._pools, first, again),
                        check_alone(test, self._pools, first, sampled, alone),
                    ]
        return found, checks

    def repeat(self) -> tuple[list[Answers], Answers]:
        """Return the answers again, by round, and those about the reworded prompts of one, asked before."""
        found: list[Answers] = []
        other_words: Answers = {}
        for place, one in enumerate(self._rounds.each):
            with self._session(self._second) as session:
                if place == self.tried:
                    prompts = reworded(one.test.texts(), self._drawn[0])
                    other_words = answer_all(session, one, self._pools, prompts)
                    found.append(ask_all(session, one, self._pools, one.test.texts()))
                else:
                    found.append(answer_all(session, one, self._pools))
        return found, other_words

    def canaries(self) -> dict[str, Callable[[], Answers]]:
        """Return the runs of those canaries that are fitted to altered qualities."""
        one, other = shuffled(self._drawn[1]), mixed(self._drawn[2])
        return {
            SHUFFLED: lambda: self._altered(self._first, one),
            MIXED: lambda: self._altered(self._second, other),
        }

    def _altered(self, sandbox: Sandbox, alter: Altered) -> Answers:
        one = self._rounds.each[self.tried]
        with self._session(sandbox) as session:
            return answer_all(session, one, self._pools, alter=alter)

    def joined(self, found: Sequence[Answers]) -> Answers:
        """Return answers by round as one."""
        return {
            pool.metric: self._rounds.joined([answers[pool.metric] for answers in found])
            for pool in self._pools
        }

    def usage(self) -> Usage:
        """Return the most that a session used."""
        return Usage(
            max(usage.seconds for usage in self._usages),
            max(usage.memory_bytes for usage in self._usages),
            max(usage.processes for usage in self._usages),
            all(usage.control_group for usage in self._usages),
        )

    @contextmanager
    def _session(self, sandbox: Sandbox) -> Generator[Session]:
        """Begin a session, and note what it used when it has ended."""
        with sandbox.session() as session:
            yield session
        self._usages.append(session.usage)
