"""The board: reports that hold, sorted into problems, and what is known of those that do not.

What is worked out once for a board is `kept`, and forgotten with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

from catbench.download import Progress
from catbench.errors import UsageError
from catbench.report import stored
from catbench.report.suite_of import suite_trained_on
from catbench.score.rounds import Rounds
from catbench.submit.door import held_reports
from catbench.submit.entries import Entry, Unranked
from catbench.submit.paired_ranks import MEAN
from catbench.submit.problems import Axis, Problem, Row, problems_of
from catbench.suite.here import matrix_of
from catbench_leaderboard.suite_words import KNOWN, about

EVERY = "All real suites"
"""What is chosen instead of a suite: routers are ranked over all suites of real images."""
Given = ParamSpec("Given")
Found = TypeVar("Found")
_FORGET: list[Callable[[], None]] = []


def kept(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """Return a function that remembers its last 256 answers until `forget` is called."""
    cached = lru_cache(maxsize=256)(function)
    _FORGET.append(cached.cache_clear)
    return cached  # pyright: ignore[reportReturnType]  # the cache asks for hashable arguments, and gets them


def forget() -> None:
    """Forget what belongs to a board that is gone."""
    for clear in _FORGET:
        clear()


def quiet(what: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class View:
    """What a page shows, as it stands in an address."""

    suite: str
    pool: str
    cost: str
    metric: str
    slice: str = "all"
    by: str = MEAN
    """What routers are ranked by: the mean over metrics, or a metric."""
    axis: Axis = "log"
    every: bool = False
    """Whether routers are ranked over all real suites, of which this is the first."""


@dataclass(frozen=True, eq=False)
class Board:
    """Everything that pages show."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    """Simulated ones last, then by verified reports, reports and candidates."""
    unranked: tuple[Unranked, ...]

    @cached_property
    def suites(self) -> tuple[str, ...]:
        """The suites in the order of their tabs."""
        found = dict.fromkeys(problem.suite for problem in self.problems)
        return (*(name for name in KNOWN if name in found), *(name for name in found if name not in KNOWN))

    @property
    def real(self) -> tuple[str, ...]:
        """The suites of real images."""
        return tuple(suite for suite in self.suites if about(suite).real)

    def main(self, suite: str) -> Problem:
        """Return the problem that a suite is ranked by: its first."""
        return next(problem for problem in self.problems if problem.suite == suite)

    @cached_property
    def _suites_by_router(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for problem in self.problems:
            for row in (row for rows in problem.rows.values() for row in rows):
                found.setdefault(row.label, set()).add(problem.suite)
        return found

    def suites_with(self, label: str) -> list[str]:
        """Return the suites that a router has results on."""
        return [suite for suite in self.suites if suite in self._suites_by_router.get(label, ())]

    def view(self, suite: str = EVERY) -> View:
        """Return the view of a suite that is shown where nothing is chosen."""
        every = suite == EVERY and len(self.real) > 1
        problem = self.main(suite if suite in self.suites else [*self.real, *self.suites][0])
        return View(problem.suite, problem.pool, problem.cost, problem.metrics[0], every=every)

    def problem(self, view: View) -> Problem:
        """Return the problem of a view; raises UsageError where there is none."""
        for problem in self.problems:
            if (problem.suite, problem.pool, problem.cost) == (view.suite, view.pool, view.cost):
                return problem
        raise UsageError(f"no report on suite {view.suite!r}, pool {view.pool!r} and cost {view.cost!r}")

    def ranked_over(self, view: View) -> tuple[Problem, ...]:
        """Return the problems whose mean ranks order a view's routers."""
        own = self.problem(view)
        return tuple(self.main(suite) for suite in self.real) if view.every else (own,)

    def rows(self, view: View) -> tuple[Row, ...]:
        """Return the routers of a view, unordered; none where no report has its metric on its slice."""
        return self.problem(view).rows.get((view.metric, view.slice), ())

    def row(self, view: View, label: str) -> Row:
        """Return one router by its label; raises UsageError where it has no result in this view."""
        for row in self.rows(view):
            if row.label == label:
                return row
        raise UsageError(f"{label!r} has no result here")

    def names(self, column: Literal["suite", "pool", "cost"], **chosen: str) -> list[str]:
        """Return what can be chosen of a column, where other columns are chosen already."""
        fits = [p for p in self.problems if all(getattr(p, name) == value for name, value in chosen.items())]
        return list(dict.fromkeys(getattr(problem, column) for problem in fits))


def open_board(
    folders: Sequence[Path], *, cache: Path | None = None, progress: Progress = quiet,
    before: Board | None = None,
) -> Board:  # fmt: skip
    """Return the board of the reports in these folders; what is as it was `before` is not read again.

    Raises UsageError where a folder does not exist.
    """
    known = before.entries if before else ()
    entries, outside = held_reports(folders, cache=cache, progress=progress, before=known)
    return Board(tuple(entries), problems_of(entries), tuple(outside))


@kept
def chosen(row: Row) -> stored.Chosen:
    """Return what a router chose. Raises CatbenchError where its predictions are gone, or have changed."""
    report = row.entry.report.model_copy(update={"predictions": row.entry.table("predictions")})
    return stored.chosen(report, row.result, rounds_of(row.entry))


def rounds_of(entry: Entry) -> Rounds:
    """Return the rounds of a report. Raises CatbenchError where its suite is not here."""
    matrix = matrix_of(entry.report.results[0].suite_digest)
    return stored.rounds_of_report(entry.report, matrix, suite_trained_on(entry.report))
