"""What the board's routers chose, from the predictions beside their reports: read when it is asked for."""

from __future__ import annotations

from catbench.report import choices
from catbench.report.choices import Chosen
from catbench.report.stored import rounds_of_report
from catbench.report.suite_of import suite_trained_on
from catbench.score.rounds import Rounds
from catbench.submit.entries import Entry
from catbench.submit.problems import Row
from catbench.suite.here import matrix_of
from catbench_leaderboard.remembered import kept


@kept
def chosen(row: Row) -> Chosen:
    """Return what a router chose. Raises CatbenchError where its predictions are gone, or have changed."""
    report = row.entry.report.model_copy(update={"predictions": row.entry.table("predictions")})
    return choices.chosen(report, row.result, rounds_of(row.entry))


def rounds_of(entry: Entry) -> Rounds:
    """Return the rounds of a report. Raises CatbenchError where its suite is not here."""
    matrix = matrix_of(entry.report.results[0].suite_digest)
    return rounds_of_report(entry.report, matrix, suite_trained_on(entry.report))
