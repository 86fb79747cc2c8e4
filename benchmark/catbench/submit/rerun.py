"""Run a report's submission again: on its own suite, or on prompts that were made after it.

That predictions come from the submission is proven by a rerun. That it does not remember the test prompts is
proven by new ones.
"""

from __future__ import annotations

from math import hypot
from pathlib import Path
from statistics import NormalDist

from catbench.errors import SubmissionError
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.stored import pool_of_report, rounds_of_report, stored_answers
from catbench.report.submission_record import Fresh, Interval, Rerun, Submission, today
from catbench.score.bootstrap import LEVEL
from catbench.submit.checks import compare_answers
from catbench.submit.duplicates import find_duplicates
from catbench.submit.folder import Settings
from catbench.submit.judging import judge
from catbench.submit.run import DECLARED, How, run_submission, session_of, staged
from catbench.submit.verify import compare_records
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import normalise


def rerun(report: Report, folder: Path, matrix: ScoreMatrix, how: How) -> Rerun:
    """Run a report's submission and its checks again, and compare what it predicts. Raises as a run does.

    Raises SubmissionError too where the folder is not what the report says of it.
    """
    said = _submission(report, folder)
    rounds = rounds_of_report(report, matrix)
    stored = stored_answers(report, rounds)
    pools = [pool_of_report(report, rounds, metric) for metric in stored]
    with staged(folder, matrix, how) as (inside, settings, files):
        _check_folder(said, files, settings, folder)
        paths = [inside.folder / file for file in files]
        derived = find_duplicates(paths, rounds.test.texts()).model_dump(mode="json")
        compare_records(
            str(folder), "submission.duplicates", said.duplicates.model_dump(mode="json"), derived
        )
        judged = judge(lambda: session_of(inside), rounds, pools, lambda answers: None)
    same = compare_answers("rerun", "run again", rounds.test, pools, stored, judged.answers)
    failed = tuple(check.name for check in judged.checks if not check.passed)
    return Rerun(
        passed=same.passed and not failed,
        date=today(),
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
    if missing := set(report.whole) - set(found.whole):
        raise SubmissionError(f"suite {matrix.suite.id!r} has no metric {min(missing)!r}, and the report has")
    claimed = {metric: _gain(result, folder) for metric, result in report.whole.items()}
    gains = {metric: _gain(found.whole[metric], folder) for metric in claimed}
    difference = {
        metric: _difference(claim, gains[metric], len(claimed)) for metric, claim in claimed.items()
    }
    failed = tuple(check.name for check in ran.checks if not check.passed)
    return Fresh(
        holds=not failed and all(high >= 0 for _, _, high in difference.values()),
        date=today(),
        suite=matrix.suite.id,
        suite_digest=matrix.digest,
        gain={metric: gain for metric, (gain, _) in gains.items()},
        difference=difference,
        failed_checks=failed,
    )


def _gain(result: Result, folder: Path) -> tuple[Interval, float]:
    """Return a result's gain with its interval, and its standard error."""
    found = result.estimate("gain")
    if found.value is None or found.low is None or found.high is None or found.standard_error is None:
        raise SubmissionError(
            f"{folder}, {result.metric}: its gain has no interval; run it with bootstrap replicates "
            "(--replicates)"
        )
    return (found.value, found.low, found.high), found.standard_error


def _difference(claimed: tuple[Interval, float], found: tuple[Interval, float], metrics: int) -> Interval:
    """Return how much larger a gain on new prompts is than the claimed one, as a two-sample interval.

    Both are near enough normal and of different prompts, so their variances add up. Its level is 95% for all
    metrics together (Bonferroni).
    """
    (own, error), (other, other_error) = found, claimed
    more = own[0] - other[0]
    width = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / metrics) * hypot(other_error, error)
    return more, more - width, more + width


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
    for name in DECLARED:
        compare_records(str(folder), f"submission.{name}", getattr(said, name), getattr(ran, name))
