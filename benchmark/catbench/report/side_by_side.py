"""One router beside others on the same problem, by what lies beside their reports.

A gain is over the mixture, which all share, so the difference of two gains is that of two areas. Its interval
is of the bootstrap replicates that both reports keep, on common draws (`catbench.report.report`): nothing is
scored again, and the suite is not needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catbench.arrays import Floats
from catbench.errors import CatbenchError
from catbench.report.numbers import Estimate
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.score.bootstrap import ends


@dataclass(frozen=True)
class Beside:
    """A router on one metric."""

    name: str
    result: Result
    against: Estimate | None
    """Its gain less that of the first router, positive is better; None of the first itself."""


def side_by_side(
    mine: Report, others: Iterable[tuple[Path, Report]], *, file: Path, strict: bool
) -> dict[str, tuple[Beside, ...]]:
    """Return, by metric, a router beside those of other reports, the greatest gain first.

    `file` is the path of the first report; routers of one name are distinguished by their files.
    What was scored on another suite, pool, cost, folds or draws is passed over, with `strict` refused. Raises
    CatbenchError for replicates that are missing.
    """
    kept = {file: mine}
    for path, other in others:
        why = apart(mine, other)
        if why and strict:
            raise CatbenchError(f"{path} cannot be set beside the first report: {why}")
        if not why and _identity(other) not in map(_identity, kept.values()):
            kept[path] = other
    names = _distinguished({path: report.router.name for path, report in kept.items()})
    found: dict[str, tuple[Beside, ...]] = {}
    for metric in mine.whole:
        rows = [
            Beside(
                names[path],
                report.result(metric),
                None if report is mine else _less(mine, report, metric),
            )
            for path, report in kept.items()
            if metric in report.whole
        ]
        found[metric] = tuple(sorted(rows, key=_rank))
    return found


def _distinguished(names: Mapping[Path, str]) -> dict[Path, str]:
    """Return names, with as much of its path behind each that is another's too as tells them apart."""
    found = dict(names)
    for name in set(names.values()):
        paths = [path for path, other in names.items() if other == name]
        if len(paths) > 1:
            most = max(len(path.parts) for path in paths)
            tails = ([Path(*path.parts[-size:]) for path in paths] for size in range(1, most + 1))
            shortest = next(tried for tried in tails if len(set(tried)) == len(paths))
            found |= {path: f"{name} ({tail.as_posix()})" for path, tail in zip(paths, shortest, strict=True)}
    return found


def apart(one: Report, other: Report) -> str:
    """Return why two reports are not of one problem, "" where they are."""
    mine, its = one.results[0], other.results[0]
    named = {
        "suite": (mine.suite, its.suite),
        "version of the suite": (mine.suite_digest[:12], its.suite_digest[:12]),
        "pool": (mine.pool, its.pool),
        "candidates": (", ".join(mine.candidates), ", ".join(its.candidates)),
        "cost": (mine.cost, its.cost),
        "split": tuple("folds" if report.folds else "the suite's own" for report in (one, other)),
        "draws": (one.bootstrap, other.bootstrap),
    }
    differing = (f"{what} is {b}, not {a}" for what, (a, b) in named.items() if a != b)
    none = "" if one.whole.keys() & other.whole.keys() else f"no metric of it is among {', '.join(one.whole)}"
    return next(differing, none)


def _rank(row: Beside) -> float:
    gain = row.result.estimate("gain").value
    return np.inf if gain is None else -gain


def _identity(report: Report) -> tuple[object, ...]:
    """Return what is the same of two reports of one run of one router."""
    areas = tuple(result.estimate("audc").value for result in report.results)
    return report.router.name, report.router.seed, report.signature, areas


def _less(mine: Report, other: Report, metric: str) -> Estimate:
    values = [report.result(metric).estimate("gain").value for report in (other, mine)]
    drawn = [areas_of(report, metric) for report in (other, mine)]
    if values[0] is None or values[1] is None:
        return Estimate(value=None)
    low, high, error = ends((drawn[0] - drawn[1])[:, None])
    return Estimate(
        value=values[0] - values[1], low=float(low[0]), high=float(high[0]), standard_error=float(error[0])
    )


def areas_of(report: Report, metric: str) -> Floats:
    """Return replicates (R,) of the area, higher is better. Raises CatbenchError where there are none."""
    result = report.result(metric)
    table = report.beside("replicates")
    rows = table.loc[table["result"] == report.results.index(result), "audc"]
    return rows.to_numpy(np.float64) * result.sign
