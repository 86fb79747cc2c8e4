"""Everything that the leaderboard shows, as tables made of reports.

Each table has the columns that its maker below gives it; `result` is a row of `results`. A value that does
not exist (a target never reached, an interval without replicates) is nan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import pandas as pd

from catbench.measures import MEASURES
from catbench.report import Estimate, Result
from catbench_leaderboard.problems import Problem, problem_of
from catbench_leaderboard.reports import Entry, Trouble
from catbench_leaderboard.text import one_line, web_address

SCALARS = tuple(name for name, measure in MEASURES.items() if not measure.per_candidate)
PER_CANDIDATE = tuple(name for name, measure in MEASURES.items() if measure.per_candidate)
ENDS = ("", "_low", "_high")
"""Suffixes of the columns of an estimate."""
MEAN = ""
"""In the column `by` of ranks: the headline, headroom captured as a mean over the suite's metrics."""

BASELINES = (
    "knn",
    "ridge",
    "transformer",
    "embedllm",
    "mlp",
    "trees",
    "uniroute",
    "cems",
    "routellm-mf",
    "adadiff",
    "routet2i",
    "mixture",
)
"""Routers that are shipped, in the order of their colours; a new one goes to the end."""

Part: TypeAlias = Literal["results", "fixed", "references"]
"""The tables that have a row for each problem, metric and slice."""


@dataclass(frozen=True, eq=False)
class Board:
    """The tables behind every page."""

    problems: pd.DataFrame
    """One row a suite, pool and cost: `id`, `suite`, `pool`, `cost` as they are shown, and more."""
    entries: pd.DataFrame
    """One row a report, by `id`: its label, its number for colours, who made it, what is proven of it."""
    results: pd.DataFrame
    """One row a report, metric and slice: every measure with its interval, and the curve."""
    per_candidate: pd.DataFrame
    """One row a result and candidate: measures against that candidate, selection rates by budget."""
    fixed: pd.DataFrame
    """One row a problem, metric, slice and candidate: its cost, and its quality with interval."""
    references: pd.DataFrame
    """One row a problem, metric, slice and reference: its area with interval, and its curve."""
    ranks: pd.DataFrame
    """One row a problem, slice, `by` and report: score, rank, and how certain both are."""
    troubles: pd.DataFrame
    """One row a thing that is wrong: `where`, `what`."""

    def find_problem(self, suite: str, pool: str, cost: str) -> pd.Series | None:
        """Return the row of `problems` that is shown by these names, or None."""
        return self._problems.get((suite, pool, cost))

    @cached_property
    def _problems(self) -> dict[tuple[str, str, str], pd.Series]:
        return {(row["suite"], row["pool"], row["cost"]): row for _, row in self.problems.iterrows()}

    def part(self, table: Part, problem: str, metric: str, slice: str) -> pd.DataFrame:
        """Return the rows of a table on one problem, metric and slice, with the table's own index."""
        found: pd.DataFrame = getattr(self, table)
        return found.take(self._parts.get(table, {}).get((problem, metric, slice), []))

    @cached_property
    def _parts(self) -> dict[Part, dict[Any, Any]]:
        """Positions of each part's rows, found once: tables are wide, and a visitor looks at few rows."""
        return {
            name: table.groupby(["problem", "metric", "slice"]).indices
            for name in get_args(Part)
            if len(table := getattr(self, name))
        }


TABLES = tuple(field.name for field in fields(Board))


def estimate(name: str, found: Estimate | None) -> dict[str, float]:
    """Return the three columns of an estimate, nan for what does not exist."""
    ends = (found.value, found.low, found.high) if found else (None, None, None)
    return {name + end: np.nan if v is None else v for end, v in zip(ENDS, ends, strict=True)}


def result_tables(entries: Sequence[Entry]) -> dict[str, pd.DataFrame]:
    """Return `results`, `per_candidate`, `fixed` and `references`; entries that come first are believed."""
    results: list[dict[str, Any]] = []
    per_candidate: list[dict[str, Any]] = []
    fixed: dict[tuple[str, ...], dict[str, Any]] = {}
    references: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in entries:
        for number, result in enumerate(entry.report.results):
            problem = problem_of(result, entry.report.simulated).id
            place = {"problem": problem, "metric": result.metric, "slice": result.slice}
            per_candidate += _per_candidate(len(results), result)
            results.append({"entry": entry.id, "number": number, **place, **_result(result)})
            for candidate, point in result.fixed.items():
                row = {**place, "candidate": candidate, "cost": point.cost}
                fixed.setdefault((*place.values(), candidate), row | estimate("quality", point.quality))
            for name, row in _references(result).items():
                references.setdefault((*place.values(), name), {**place, "reference": name, **row})
    return {
        "results": pd.DataFrame(results),
        "per_candidate": pd.DataFrame(per_candidate),
        "fixed": pd.DataFrame(list(fixed.values())),
        "references": pd.DataFrame(list(references.values())),
    }


def _result(result: Result) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(result, name)
        for name in ("direction", "metric_label", "prompts", "groups", "fit_seconds", "seconds_per_prompt")
    }
    row["flops_per_prompt"] = _number(result.flops_per_prompt)
    row["encoder_flops_per_prompt"] = _number(result.encoder_flops_per_prompt)
    row["signature"] = result.signature
    for name in SCALARS:
        found = result.measures.get(name)
        row |= estimate(name, found if isinstance(found, Estimate) else None)
    curve = result.curve
    row["curve_cost"], row["curve_quality"] = _array(curve.cost), _array(curve.quality)
    row["curve_low"], row["curve_high"] = _array(curve.low), _array(curve.high)
    row["selection_cost"] = _array(result.selection.cost)
    return row


def _per_candidate(position: int, result: Result) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for candidate in result.fixed:
        row: dict[str, Any] = {"result": position, "candidate": candidate}
        for name in PER_CANDIDATE:
            found = result.measures.get(name)
            row |= estimate(name, found.get(candidate) if isinstance(found, dict) else None)
        row["selection_rate"] = _array(result.selection.rate.get(candidate, []))
        rows.append(row)
    return rows


def _references(result: Result) -> dict[str, dict[str, Any]]:
    """Return what a result says of each reference: area and quality, and the curve where there is one."""
    nothing = np.empty(0)
    rows: dict[str, dict[str, Any]] = {}
    for name, found in result.references.items():
        curve = result.reference_curves.get(name)
        rows[name] = {
            **estimate("audc", found.get("audc")),
            **estimate("peak", found.get("quality") or found.get("peak")),
            "curve_cost": _array(curve.cost) if curve else nothing,
            "curve_quality": _array(curve.quality) if curve else nothing,
        }
    return rows


class Known(NamedTuple):
    """What is known of a suite that is at hand."""

    metrics: tuple[str, ...]
    costs: tuple[str, ...]
    """Its cost keys, the default first."""


def problem_table(entries: Sequence[Entry], known: dict[str, Known]) -> pd.DataFrame:
    """Return `problems`, simulated ones last, then by reports, costs and candidates.

    `known` has the suites at hand, by digest.
    Suites of one name but other digests, and pools of one name but other candidates or conventions, are
    told apart in what is shown of them.
    """
    problems: dict[Problem, set[str]] = {}
    metrics: dict[str, dict[str, None]] = {}
    slices: dict[str, dict[str, None]] = {}
    for entry in entries:
        for result in entry.report.results:
            problem = problem_of(result, entry.report.simulated)
            problems.setdefault(problem, set()).add(entry.id)
            metrics.setdefault(problem.id, {})[result.metric] = None
            slices.setdefault(problem.id, {"all": None})[result.slice] = None

    def place(problem: Problem) -> tuple[Any, ...]:
        costs = known[problem.digest].costs if problem.digest in known else ()
        later = costs.index(problem.cost) if problem.cost in costs else len(costs)
        size = len(problem.candidates)
        return problem.simulated, problem.digest not in known, -len(problems[problem]), later, -size

    order = sorted(problems, key=place)
    shown_suites = _distinct(order, lambda p: p.suite, lambda p: p.digest, lambda p: p.digest[:8])
    shown_pools = _distinct(
        order,
        lambda p: (p.suite, p.digest, p.cost, p.pool),
        lambda p: (p.candidates, p.conventions, p.simulated),
        lambda p: p.id[:6],
    )
    rows = [
        {
            "id": problem.id,
            "suite": problem.suite + shown_suites[problem],
            "pool": one_line(problem.pool, 60) + shown_pools[problem],
            "cost": problem.cost,
            "suite_id": problem.suite,
            "digest": problem.digest,
            "here": problem.digest in known,
            "simulated": problem.simulated,
            "candidates": list(problem.candidates),
            "metrics": list(
                known[problem.digest].metrics if problem.digest in known else metrics[problem.id]
            ),
            "slices": list(slices[problem.id]),
        }
        for problem in order
    ]
    return pd.DataFrame(rows)


Trait: TypeAlias = Callable[[Problem], Any]


def _distinct(order: Sequence[Problem], name: Trait, identity: Trait, suffix: Trait) -> dict[Problem, str]:
    """Return what is added to a name: nothing for the first that has it, a suffix for others."""
    first: dict[Any, Any] = {}
    return {
        problem: ""
        if first.setdefault(name(problem), identity(problem)) == identity(problem)
        else f" @{suffix(problem)}"
        for problem in order
    }


def entry_table(entries: Iterable[Entry]) -> pd.DataFrame:
    """Return `entries`; a router has one label and one number wherever it stands, by `_numbers`."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        said = entry.report.submission
        rows.append(
            {
                "id": entry.id,
                "router": one_line(entry.report.router.name),
                "kind": entry.report.router.kind,
                "seed": entry.report.router.seed,
                "digest": entry.digest,
                "places": tuple(
                    (problem_of(result, entry.report.simulated).id, result.metric, result.slice)
                    for result in entry.report.results
                ),
                "title": one_line(said.name) if said else "",
                "authors": one_line(", ".join(said.authors)) if said else "",
                "licence": one_line(said.licence) if said else "",
                "link": (web_address(said.paper) if said else None) or "",
                "date": one_line(said.date, 10) if said else "",
                "prompt_only": ("yes" if said.prompt_only else "no") if said else "",
                "proofs": ", ".join(_proofs(entry)),
                "below": ", ".join(sorted({what for one in said.standing.values() for what in one.below}))
                if said
                else "",
            }
        )
    table = pd.DataFrame(rows)
    table["label"] = _labels(table)
    number = _numbers(table)
    table["number"] = [number[router] for router in table["router"]]
    return table.drop(columns="places")


def _numbers(table: pd.DataFrame) -> dict[str, int]:
    """Return each router's number, by which it is coloured.

    Shipped baselines keep theirs whoever else is here. Then come routers with a date, in its order, so that
    a newer one changes the number of none of these; then those without, by name.
    """
    others = table[~table["router"].isin(BASELINES)]
    order = others.assign(undated=others["date"] == "").sort_values(["undated", "date", "router"])
    named = dict.fromkeys([*BASELINES, *order["router"]])
    return {router: number for number, router in enumerate(named)}


def _labels(table: pd.DataFrame) -> list[str]:
    """Return each router's name, with the report's place where two reports of it stand in one table.

    Where a stranger's name is another's label, both get their numbers, until no two are alike.
    """
    labels = list(table["router"])
    endings = [f" ({one_line(identity, 80)})" for identity in table["id"]]
    while clashing := _clashing(labels, list(table["places"])):
        labels = [label + endings[k] if k in clashing else label for k, label in enumerate(labels)]
        endings = [f" #{k + 1}" for k in range(len(labels))]
    return labels


def _clashing(labels: Sequence[str], places: Sequence[Any]) -> set[int]:
    """Return the positions of labels that stand twice in one table."""
    seen: dict[tuple[Any, ...], set[int]] = {}
    for position, (label, where) in enumerate(zip(labels, places, strict=True)):
        for place in where:
            seen.setdefault((label, *place), set()).add(position)
    return {position for positions in seen.values() if len(positions) > 1 for position in positions}


def _proofs(entry: Entry) -> list[str]:
    found = entry.proofs
    held = {
        "checked": found.checked,
        "arithmetic": found.arithmetic,
        "rerun": found.rerun is not None and found.rerun.passed,
        "fresh prompts": found.fresh is not None,
    }
    return [name for name, true in held.items() if true]


def trouble_table(troubles: Iterable[Trouble]) -> pd.DataFrame:
    """Return `troubles`."""
    return pd.DataFrame([(t.where, t.what) for t in troubles], columns=["where", "what"])


def _array(values: Sequence[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _number(value: float | None) -> float:
    return np.nan if value is None else value
