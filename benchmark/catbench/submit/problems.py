"""Which results stand in one table, and what tables and routers are called.

A problem is one suite, pool and cost, under one set of conventions: results of one problem, metric and slice
stand in one table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from catbench.arrays import Floats
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.submit.entries import Entry
from catbench.terminal import one_line

Axis: TypeAlias = Literal["log", "linear"]
AXES: tuple[Axis, Axis] = ("log", "linear")
"""Of costs, under areas and figures; the headline is on the first."""
OWN = (
    "bootstrap:", "trials:", "catbench:", "metric:", "slice:", "suite:", "pool:", "cost:", "best:", "compact"
)  # fmt: skip
"""Parts of a signature that may differ within a table, or that a result has as fields."""
COMMON = ("SIMULATED", "split:", "curve:", "axis:")
"""Parts of a signature that go without saying where a pool is named."""
PREFERRED = ("image_reward", "scene_accuracy")
"""Metrics that come before the others of their suite."""


def on_axis(measure: str, axis: Axis) -> str:
    """Return what a measure of areas is called on an axis."""
    return measure if axis == "log" else f"{measure}_linear"


@dataclass(frozen=True, eq=False)
class Row:
    """One router on one metric and slice of a problem."""

    entry: Entry
    number: int
    """Position of the result in its report."""
    label: str

    @property
    def result(self) -> Result:
        """What was measured."""
        return self.entry.report.results[self.number]

    def areas(self, axis: Axis) -> Floats:
        """Return replicates (R,) of the area on an axis, higher is better."""
        return self.entry.areas[self.number, AXES.index(axis)].astype(np.float64)


class Key(NamedTuple):
    """What tells problems apart."""

    suite: str
    digest: str
    pool: str
    cost: str
    candidates: tuple[str, ...]
    conventions: tuple[str, ...]
    """The rest of the signature."""
    simulated: bool

    @property
    def short(self) -> str:
        """A short name that differs where anything above does."""
        return hashlib.sha256(repr(tuple(self)).encode()).hexdigest()[:6]

    @property
    def spoken(self) -> str:
        """The pool's name, with what must be said of it: folds, another suite to train on."""
        special = [part for part in self.conventions if not part.startswith(COMMON)]
        return one_line(self.pool, 60) + (f" ({one_line(', '.join(special), 60)})" if special else "")


@dataclass(frozen=True, eq=False)
class Problem:
    """One suite, pool and cost, with the routers on it."""

    key: Key
    suite: str
    pool: str
    cost: str
    """What it is called: no two problems are called alike."""
    metrics: tuple[str, ...]
    """Those that any of the reports has, the preferred first."""
    rows: Mapping[tuple[str, str], tuple[Row, ...]]
    """By metric and slice."""

    def slices(self, metric: str) -> list[str]:
        """Return the slices that any report has a metric on: all prompts first."""
        return sorted(
            (slice for name, slice in self.rows if name == metric), key=lambda slice: slice != "all"
        )


def key_of(report: Report, result: Result) -> Key:
    """Return what a result is about."""
    rest = tuple(part for part in result.signature.split("|") if not part.startswith(OWN))
    named = (result.suite, result.suite_digest, result.pool, result.cost)
    return Key(*named, tuple(result.candidates), rest, report.simulated)


def problems_of(entries: Sequence[Entry]) -> tuple[Problem, ...]:
    """Return the problems of some reports.

    Suites of one name but other digests, and pools of one name but other candidates or conventions, are told
    apart in what they are called.
    """
    rows: dict[Key, dict[tuple[str, str], list[Row]]] = {}
    for entry, label in zip(entries, _labels(entries), strict=True):
        for number, result in enumerate(entry.report.results):
            parts = rows.setdefault(key_of(entry.report, result), {})
            parts.setdefault((result.metric, result.slice), []).append(Row(entry, number, label))

    def place(key: Key) -> tuple[Any, ...]:
        reports = {row.entry for part in rows[key].values() for row in part}
        verified = sum(bool(one.verified) for one in reports)
        return key.simulated, -verified, -len(reports), key.cost != "tflops", -len(key.candidates)

    def metrics(key: Key) -> tuple[str, ...]:
        scored = dict.fromkeys(metric for metric, _ in rows[key])
        return tuple(sorted(scored, key=lambda name: name not in PREFERRED))

    order = sorted(rows, key=place)
    suites = _distinct(order, lambda key: key.suite, lambda key: key.digest[:8])
    pools = _distinct(order, lambda key: (key.digest, key.cost, key.spoken), lambda key: key.short)
    return tuple(
        Problem(
            key=key,
            suite=key.suite + suites[key],
            pool=key.spoken + pools[key],
            cost=key.cost,
            metrics=metrics(key),
            rows={part: tuple(found) for part, found in rows[key].items()},
        )
        for key in order
    )


def _distinct(
    order: Sequence[Key], name: Callable[[Key], Any], identity: Callable[[Key], str]
) -> dict[Key, str]:
    """Return what is added to a name: nothing for the first that has it, its identity for others."""
    first: dict[Any, str] = {}
    return {
        key: "" if first.setdefault(name(key), identity(key)) == identity(key) else f" @{identity(key)}"
        for key in order
    }


def _labels(entries: Sequence[Entry]) -> list[str]:
    """Return each router's name, with the report's place where two reports of it stand in one table.

    The only verified one of a name keeps it alone: no stranger can take it away. Where a name is another's
    label, both get their numbers, until no two are alike.
    """
    places = [
        {(key_of(entry.report, r), r.metric, r.slice) for r in entry.report.results} for entry in entries
    ]
    verified = [bool(entry.verified) for entry in entries]
    labels = [one_line(entry.report.router.name) for entry in entries]
    endings = [f" ({one_line(entry.id, 80)})" for entry in entries]
    while clashing := _clashing(labels, places, verified):
        labels = [label + endings[k] if k in clashing else label for k, label in enumerate(labels)]
        endings = [f" #{k + 1}" for k in range(len(labels))]
    return labels


def _clashing(labels: Sequence[str], places: Sequence[Iterable[Any]], verified: Sequence[bool]) -> set[int]:
    """Return the positions of labels that appear twice in one table, but for a label's only verified one."""
    seen: dict[tuple[Any, ...], set[int]] = {}
    for position, (label, where) in enumerate(zip(labels, places, strict=True)):
        for place in where:
            seen.setdefault((label, place), set()).add(position)
    found: set[int] = set()
    for positions in (some for some in seen.values() if len(some) > 1):
        known = {position for position in positions if verified[position]}
        found |= positions - known if len(known) == 1 else positions
    return found
