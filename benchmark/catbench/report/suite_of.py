"""The suites that a saved report is about, found on this machine; none is fetched."""

from __future__ import annotations

from catbench.errors import UsageError
from catbench.report.report import Report
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.store import load


def suite_of_report(report: Report, given: str | None = None) -> ScoreMatrix:
    """Return the suite that a report is about; `given` is its name or folder, where that is not the report's.

    Raises UsageError where there is none; none is fetched because a report says where from.
    """
    name = given or report.results[0].suite
    try:
        return load(name)
    except UsageError as error:
        if where := report.fetched.get(name):
            raise UsageError(f"{error}; the report's was fetched: give --suite {where}") from error
        raise


def suite_trained_on(report: Report, given: str | None = None) -> ScoreMatrix | None:
    """Return the suite that a report's router was trained on, None where it is the tested one.

    `given` is its name or folder, where that is not the report's. Raises UsageError where there is none.
    """
    if not report.train_on:
        return None
    try:
        return load(given or report.train_on)
    except UsageError as error:
        raise UsageError(
            f"{report.router.name!r} was trained on suite {report.train_on!r}: give its folder with "
            f"--train-on ({error})"
        ) from error
