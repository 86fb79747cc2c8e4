"""Verify a report: every number derived again from the stored predictions, or the submission run again.

That numbers follow from predictions proves arithmetic. That predictions come from the submission is proven
by a rerun. That the submission does not remember the test prompts is proven by prompts made after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import hypot, isclose
from pathlib import Path
from statistics import NormalDist
from typing import Any, cast

import numpy as np

from catbench.errors import SubmissionError
from catbench.report.evaluation import evaluate
from catbench.report.numbers import Estimate
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.stored import pool_arguments, pool_of_report, rounds_of_report, stored_answers
from catbench.report.submission_record import CHECKS, Check, Fresh, Interval, Rerun, Submission
from catbench.report.verdict import verdict
from catbench.route.routing import NamedRouter
from catbench.score.bootstrap import LEVEL, Bootstrap
from catbench.score.measures import MEASURES
from catbench.submit.checks import compare_answers
from catbench.submit.duplicates import find_duplicates
from catbench.submit.folder import Settings
from catbench.submit.judging import judge
from catbench.submit.noise import check_noise
from catbench.submit.run import How, beside_baselines, run_submission, staged
from catbench.submit.submitted import digest_of
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import normalise

EQUAL = 1e-5
"""Relative difference up to which two numbers of six digits agree: the last one may be rounded either way."""
LEAST = 1e-9
"""Difference up to which they agree in any case: other versions of NumPy add up in another order."""
REPLICATES = 1e-5
"""Difference up to which replicates agree, of their own largest size."""
ELSEWHERE = ("trials:", "hold-out:", "catbench:")
"""Parts of a signature that predictions do not show: what was done in training, and by which version."""
SETTINGS = ("name", "authors", "paper", "licence", "unseen_candidates", "needs_gpu", "requirements")
"""What a report says in the words of `submission.toml`."""
MEASURED = ("fit_seconds", "seconds_per_prompt", "hardware", "win_rate", "verdict")
"""What predictions do not give: it was measured, or needs refits. A verdict is held to its own result."""


def verify_report(
    report: Report, matrix: ScoreMatrix, name: str, train_on: ScoreMatrix | None = None
) -> None:
    """Derive every number of a report again. Raises SubmissionError naming the first that differs.

    `train_on` is the suite that the router was trained on, where the report says that it is another one.
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
        _compare(name, "submission.predictions_sha256", report.submission.predictions_sha256, derived)
        for metric, answer in answers.items():
            pool = pool_of_report(report, rounds, metric)
            stands = beside_baselines(answer, rounds, pool).model_dump(mode="json")
            stored = report.submission.standing.get(metric)
            held = stored.model_dump(mode="json") if stored else None
            _compare(name, f"submission.standing.{metric}", held, stands)
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
    _compare(name, "signature", _of_predictions(report.signature), _of_predictions(again.signature))
    _compare(name, "simulated", report.simulated, again.simulated)
    _compare(name, "router.kind", report.router.kind, again.router.kind)
    _compare(name, "number of results", len(report.results), len(again.results))
    for position, (stored, derived) in enumerate(zip(report.results, again.results, strict=True)):
        _compare(name, f"results[{position}]", _derivable(stored), _derivable(derived))
        _compare(name, f"results[{position}].verdict", stored.verdict, verdict(stored))
    _compare_replicates(name, report, again)


def noise(report: Report, matrix: ScoreMatrix, train_on: ScoreMatrix | None = None) -> Check:
    """Return the check whether a report's predictions know the noise (`catbench.submit.noise`)."""
    rounds = rounds_of_report(report, matrix, train_on)
    answers = stored_answers(report, rounds)
    pools = [pool_of_report(report, rounds, metric) for metric in answers]
    return check_noise(answers, rounds.test, pools)


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


def rerun(report: Report, folder: Path, matrix: ScoreMatrix, how: How) -> Rerun:
    """Run a report's submission and its checks again, and compare what it predicts. Raises as a run does.

    Raises SubmissionError too where the folder is not what the report says of it.
    """
    said = _submission(report, folder)
    rounds = rounds_of_report(report, matrix)
    stored = stored_answers(report, rounds)
    pools = [pool_of_report(report, rounds, metric) for metric in stored]
    with staged(folder, matrix, how) as ready:
        _check_folder(said, ready.files, ready.settings, folder)
        paths = [ready.inside.folder / file for file in ready.files]
        derived = find_duplicates(paths, rounds.test.texts()).model_dump(mode="json")
        _compare(str(folder), "submission.duplicates", said.duplicates.model_dump(mode="json"), derived)
        judged = judge(ready.inside, rounds, pools, lambda answers: None)
    same = compare_answers("rerun", "run again", rounds.test, pools, stored, judged.answers)
    failed = tuple(check.name for check in judged.checks if not check.passed)
    return Rerun(
        passed=same.passed and not failed,
        date=_today(),
        sandbox=how.sandbox,
        largest_difference=same.value or 0.0,
        identical=judged.digest == said.predictions_sha256,
        failed_checks=failed,
    )


def fresh(report: Report, folder: Path, known: ScoreMatrix, matrix: ScoreMatrix, how: How) -> Fresh:
    """Run a report's submission on a suite with new test prompts; compare its gains with the claimed ones.

    `known` is the suite of the report. Raises as a run does, and SubmissionError where one of its prompts is
    tested again, where the folder is not the report's, or where the report has no standard errors.
    """
    said = _submission(report, folder)
    old = {normalise(str(text)) for text in known.prompts["text"]}
    tested = matrix.prompts["text"].iloc[matrix.rows("test")]
    if met := sum(normalise(str(text)) in old for text in tested):
        raise SubmissionError(
            f"{met} test prompts of {matrix.suite.id!r} stand in {known.suite.id!r} too: they are not new "
            "(catbench generate SUITE --fresh-test SEED makes new ones)"
        )
    found = run_submission(folder, matrix, how, seed=report.router.seed)
    ran = _submission(found, folder)
    _check_folder(said, ran.files, ran, folder)
    claimed = {result.metric: result.estimate("gain") for result in report.results if result.slice == "all"}
    gains = {result.metric: result.estimate("gain") for result in found.results}
    if missing := set(claimed) - set(gains):
        raise SubmissionError(f"suite {matrix.suite.id!r} has no metric {min(missing)!r}, and the report has")
    difference = {
        metric: _difference(claim, gains[metric], len(claimed), f"{folder}, {metric}")
        for metric, claim in claimed.items()
    }
    failed = tuple(check.name for check in ran.checks if not check.passed)
    return Fresh(
        holds=not failed and all(high >= 0 for _, _, high in difference.values()),
        date=_today(),
        suite=matrix.suite.id,
        suite_digest=matrix.digest,
        gain={metric: _interval(gains[metric], f"{folder}, {metric}") for metric in claimed},
        difference=difference,
        failed_checks=failed,
    )


def _difference(claimed: Estimate, found: Estimate, metrics: int, place: str) -> Interval:
    """Return how much larger a gain on new prompts is than the claimed one, as a two-sample interval.

    Both are near enough normal and of different prompts, so their variances add up. Its level is 95% for all
    metrics together (Bonferroni).
    """
    before, now = (_interval(estimate, place)[0] for estimate in (claimed, found))
    errors = claimed.standard_error, found.standard_error
    if errors[0] is None or errors[1] is None:
        raise SubmissionError(f"{place}: its gain has no standard error, so nothing can be held against it")
    width = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / metrics) * hypot(errors[0], errors[1])
    return now - before, now - before - width, now - before + width


def _interval(estimate: Estimate, place: str) -> Interval:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        raise SubmissionError(
            f"{place}: its gain has no interval; run it with bootstrap replicates (--replicates)"
        )
    return estimate.value, estimate.low, estimate.high


def _submission(report: Report, folder: Path) -> Submission:
    if report.submission is None:
        raise SubmissionError(f"{folder}: the report is of no submission, so there is nothing to run again")
    return report.submission


def _check_folder(said: Submission, files: dict[str, str], ran: Settings | Submission, folder: Path) -> None:
    """Raise SubmissionError where files (path -> SHA-256) or settings are not those that the report names."""
    for path in sorted({*files, *said.files}):
        held, here = said.files.get(path), files.get(path)
        if held != here:
            how_so = "is new" if held is None else "is gone" if here is None else "was changed"
            raise SubmissionError(f"{folder}: {path} {how_so} since the report was made; run it again")
    for name in SETTINGS:
        _compare(str(folder), f"submission.{name}", getattr(said, name), getattr(ran, name))


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


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


def _compare(name: str, place: str, stored: object, derived: object) -> None:
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
