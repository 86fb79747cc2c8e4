"""A report that gives little of the scores away: few numbers, rounded, and nothing that is drawn.

Each number is rounded to the least of 1, 2 or 5 x 10^k that is no smaller than its standard error; one whose
standard error is not known takes a quarter of its interval instead, or is left out. A difference of two
routers that choose alike but on one prompt has the standard error of that prompt alone: so no quality and no
gain is told more finely than the mean quality of one candidate.

Left out are replicates, predictions, the seed of the draws and what honesty checks measured; slices of few
prompts; and curves and the columns by candidate, each number of which a router could make the answer to a
question of its own (its choices at one trade-off).
"""

from __future__ import annotations

from math import floor, log10
from typing import TypeVar

import pandas as pd

from catbench.report.numbers import Curve, Estimate, Estimates
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.submission_record import BesideBaselines, Check, Submission
from catbench.report.verdict import verdict
from catbench.score.measures import MEASURES

FEWEST = 100
"""Prompts of a slice: of fewer, an average tells much of each."""
STEPS = (1, 2, 5, 10)
HIDDEN = "kept by the host"
SECRET = "seed=secret"
Columns = TypeVar("Columns", bound=Estimates)


def coarse(report: Report) -> Report:
    """Return what a host may publish of a report on his private test split."""
    seed = f"seed={report.bootstrap['seed']}"
    shown = [one for one in report.results if one.slice == "all" or one.prompts >= FEWEST]
    results = tuple(_result(result, seed) for result in shown)
    submission = report.submission
    return report.model_copy(
        update={
            "private": True,
            "signature": report.signature.replace(seed, SECRET),
            "bootstrap": {"replicates": report.bootstrap["replicates"]},
            "results": results,
            "predictions": pd.DataFrame(),
            "replicates": pd.DataFrame(),
            "submission": None if submission is None else _submission(submission, report),
        }
    )


def step_of(error: float) -> float:
    """Return the least of 1, 2 or 5 x 10^k that is no smaller than a standard error above 0."""
    unit = 10.0 ** floor(log10(error))
    return next(step * unit for step in STEPS if step * unit >= error * (1 - 1e-12))


def rounded(value: float | None, step: float | None) -> float | None:
    """Return a number rounded to a step, which is exact where it is 0; null for what has none or is null."""
    if value is None or step is None:
        return None
    return value if step == 0 else float(f"{round(value / step) * step:.12g}")


def _step(low: float | None, high: float | None, error: float | None) -> float | None:
    """Return the step of an estimate, None where nothing tells how certain it is."""
    if error is None and low is not None and high is not None:
        error = (high - low) / 4
    if error is None:
        return None
    return step_of(error) if error > 0 else 0.0


def _estimate(one: Estimate, least: float = 0.0) -> Estimate:
    """Return an estimate rounded to its step, and to one that is no smaller than `least`."""
    step = _step(one.low, one.high, one.standard_error)
    step = step if step is None else max(step, least)
    low, high = rounded(one.low, step), rounded(one.high, step)
    return Estimate(value=rounded(one.value, step), low=low, high=high, standard_error=step)


def _columns(found: Columns) -> Columns:
    each = [_estimate(found.at(position)) for position in range(len(found.value))]
    columns = {name: [getattr(one, name) for one in each] for name in Estimate.model_fields}
    extra = {"deviation": [None] * len(each)} if "deviation" in type(found).model_fields else {}
    return found.model_copy(update=columns | extra)


def _result(result: Result, seed: str) -> Result:
    best = result.best_single
    least = _least(result)
    found = result.model_copy(
        update={
            "signature": result.signature.replace(seed, SECRET),
            "best_single": best.model_copy(update={"quality": _estimate(best.quality)}),
            "fixed_quality": _columns(result.fixed_quality),
            "measures": {
                name: _estimate(one, least.get(MEASURES[name].kind, 0.0))
                if isinstance(one, Estimate)
                else _nothing(one)
                for name, one in result.measures.items()
            },
            "references": {
                name: {measure: _estimate(one) for measure, one in found.items()}
                for name, found in result.references.items()
            },
            "curve": Curve(cost=[], quality=[]),
            "reference_curves": {},
        }
    )
    return found.model_copy(update={"verdict": verdict(found)})


def _least(result: Result) -> dict[str, float]:
    """Return the least step of measures by their kind."""
    of_mean = _step(None, None, result.best_single.quality.standard_error) or 0.0
    ends = [result.references[name]["audc"].value or 0.0 for name in ("oracle", "mixture")]
    room = abs(ends[0] - ends[1])
    share = step_of(of_mean / room) if of_mean and room else 0.0
    return {"quality": of_mean, "gain": of_mean, "error": of_mean, "share": share}


def _nothing(found: Columns) -> Columns:
    """Return columns that tell nothing."""
    nothing: list[float | None] = [None] * len(found.value)
    return found.model_copy(update=dict.fromkeys(type(found).model_fields, nothing))


def _submission(submission: Submission, report: Report) -> Submission:
    standing = {
        metric: _standing(one, _least(report.result(metric))["quality"])
        for metric, one in submission.standing.items()
    }
    checks = tuple(Check(name=check.name, passed=check.passed, says=HIDDEN) for check in submission.checks)
    return submission.model_copy(update={"standing": standing, "checks": checks})


def _standing(one: BesideBaselines, step: float) -> BesideBaselines:
    numbers = {name: rounded(getattr(one, name), step) for name in ("audc", "mixture", "best_constant_audc")}
    beside = {"mixture": numbers["mixture"], "best constant candidate": numbers["best_constant_audc"]}
    below = tuple(what for what in one.below if beside[what] != numbers["audc"])
    return one.model_copy(update={**numbers, "below": below})
