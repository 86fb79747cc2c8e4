"""Verify a report: every number derived again from the stored predictions.

That numbers follow from predictions proves arithmetic. That predictions come from the submission is proven
by a rerun (`catbench.submit.rerun`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any, cast

import numpy as np

from catbench.errors import SubmissionError
from catbench.report.evaluation import evaluate
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.stored import pool_arguments, pool_of_report, rounds_of_report, stored_answers
from catbench.report.submission_record import CHECKS
from catbench.report.verdict import verdict
from catbench.route.routing import NamedRouter
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap
from catbench.score.measures import MEASURES
from catbench.score.rounds import Rounds
from catbench.submit.checks import beside_baselines, digest_of
from catbench.suite.matrix import ScoreMatrix

EQUAL = 1e-5
"""Relative difference up to which two numbers of six digits agree: the last one may be rounded either way."""
LEAST = 1e-9
"""Difference up to which they agree in any case: other versions of NumPy add up in another order."""
REPLICATES = 1e-5
"""Difference up to which replicates agree, of their own largest size."""
ELSEWHERE = ("trials:", "hold-out:", "catbench:")
"""Parts of a signature that predictions do not show: what was done in training, and by which version."""
MEASURED = ("fit_seconds", "seconds_per_prompt", "hardware", "win_rate", "verdict")
"""What predictions do not give: it was measured, or needs refits. A verdict is held to its own result."""


def verify_report(
    report: Report, matrix: ScoreMatrix, name: str, train_on: ScoreMatrix | None = None
) -> tuple[Rounds, dict[str, Answer]]:
    """Derive every number of a report again; return its rounds, and its answers by metric.

    `train_on` is the suite that the router was trained on, where the report says that it is another one.
    Raises SubmissionError naming the first number that differs.
    """
    first = report.results[0]
    if report.private:
        raise SubmissionError(
            f"{name}: scored on a host's private split, so only the host can verify it, by the whole report "
            "in the host's folder"
        )
    if report.predictions.empty:
        raise SubmissionError(
            f"{name}: its predictions ({report.predictions_file or '*.predictions.parquet'}) do not lie "
            "beside it, so nothing can be derived again"
        )
    if matrix.digest != first.suite_digest:
        raise SubmissionError(
            f"{name}: made on version {first.suite_digest[:12]} of suite {first.suite!r}; "
            f"the one here is {matrix.digest[:12]}"
        )
    rounds = rounds_of_report(report, matrix, train_on)
    answers = stored_answers(report, rounds)
    if report.submission is not None:
        if missing := CHECKS - {check.name for check in report.submission.checks}:
            raise SubmissionError(f"{name} does not hold: it lacks the check {min(missing)!r}")
        derived = digest_of(answers, rounds)
        compare_records(name, "submission.predictions_sha256", report.submission.predictions_sha256, derived)
        for metric, answer in answers.items():
            pool = pool_of_report(report, rounds, metric)
            stands = beside_baselines(answer, rounds, pool).model_dump(mode="json")
            stored = report.submission.standing.get(metric)
            held = stored.model_dump(mode="json") if stored else None
            compare_records(name, f"submission.standing.{metric}", held, stands)
    again = evaluate(
        NamedRouter(report.router.name, lambda pool: None),
        matrix,
        metric=list(answers),
        cost=first.cost,
        **pool_arguments(report),
        by=next((result.slice.partition("=")[0] for result in report.results if result.slice != "all"), None),
        folds=report.folds,
        train_on=train_on,
        bootstrap=Bootstrap(report.bootstrap["replicates"], report.bootstrap["seed"]),
        seed=report.router.seed,
        compact=report.compact,
        answers=answers,
    )
    compare_records(name, "signature", _of_predictions(report.signature), _of_predictions(again.signature))
    compare_records(name, "simulated", report.simulated, again.simulated)
    compare_records(name, "router.kind", report.router.kind, again.router.kind)
    compare_records(name, "number of results", len(report.results), len(again.results))
    for position, (stored, derived) in enumerate(zip(report.results, again.results, strict=True)):
        compare_records(name, f"results[{position}]", _derivable(stored), _derivable(derived))
        compare_records(name, f"results[{position}].verdict", stored.verdict, verdict(stored))
    _compare_replicates(name, report, again)
    return rounds, answers


def _compare_replicates(name: str, report: Report, again: Report) -> None:
    """Raise SubmissionError where the replicates beside a report are not those of its predictions."""
    stored, derived = report.replicates, again.replicates
    if derived.empty and stored.empty:  # it was made with --replicates 0
        return
    if stored.empty:
        raise SubmissionError(
            f"{name}: its replicates ({report.replicates_file or '*.replicates.parquet'}) do not lie "
            "beside it: fetch them, or make the report again (catbench submit run, catbench evaluate --json)"
        )
    if list(stored.columns) != list(derived.columns) or len(stored) != len(derived):
        raise SubmissionError(f"{name} does not hold: its replicates have another form than a report's")
    for column in derived.columns:
        one, other = (table[column].to_numpy(dtype=float) for table in (stored, derived))
        if not np.allclose(one, other, rtol=0, atol=REPLICATES * max(float(np.abs(other).max()), LEAST)):
            raise SubmissionError(f"{name} does not hold: replicates of {column!r} do not follow from it")


def _of_predictions(signature: str) -> str:
    """Return a signature without what predictions do not show."""
    return "|".join(part for part in signature.split("|") if not part.startswith(ELSEWHERE))


def _derivable(result: Result) -> dict[str, Any]:
    record = result.model_dump(mode="json")
    record = {name: value for name, value in record.items() if name not in MEASURED}
    record["signature"] = _of_predictions(record["signature"])
    order = [name for name in MEASURES if name in record["measures"] and name not in MEASURED]
    record["measures"] = {name: record["measures"][name] for name in order}
    return record


def compare_records(name: str, place: str, stored: object, derived: object) -> None:
    """Raise SubmissionError at the first place where two records differ."""
    for where, one, other in _differences(place, stored, derived):
        raise SubmissionError(f"{name} does not hold: {where} is {one!r} in the report, derived {other!r}")


def _differences(place: str, stored: object, derived: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(stored, Mapping) and isinstance(derived, Mapping):
        one, other = cast("Mapping[str, object]", stored), cast("Mapping[str, object]", derived)
        for key in dict.fromkeys([*other, *one]):
            if key not in one or key not in other:
                yield f"{place}.{key}", one.get(key, "absent"), other.get(key, "absent")
            else:
                yield from _differences(f"{place}.{key}", one[key], other[key])
    elif isinstance(stored, list) and isinstance(derived, list):
        one, other = cast("list[object]", stored), cast("list[object]", derived)
        if len(one) != len(other):
            yield f"length of {place}", len(one), len(other)
        for position, (left, right) in enumerate(zip(one, other, strict=False)):
            yield from _differences(f"{place}[{position}]", left, right)
    elif not _equal(stored, derived):
        yield place, stored, derived


def _equal(stored: object, derived: object) -> bool:
    numbers = (int, float)
    if isinstance(stored, numbers) and isinstance(derived, numbers):
        return isclose(stored, derived, rel_tol=EQUAL, abs_tol=LEAST)
    return stored == derived
