"""`catbench compare`: paired differences between two reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catbench.cli.axis import Axis


def compare(
    first: Annotated[Path, typer.Argument(help="A report of `catbench evaluate --json`.")],
    second: Annotated[Path, typer.Argument(help="Another, on the same suite, pool, cost and seed.")],
    suite: Annotated[
        str | None, typer.Option(help="The suite's folder. Default: by the name in the reports.")
    ] = None,
    train_on: Annotated[
        str | None, typer.Option(metavar="SUITE", help="Folder of the suite that a report was trained on.")
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every measure, and the differences at each candidate's cost.")
    ] = False,
    axis: Annotated[Axis, typer.Option(help="Cost axis of the areas shown.")] = Axis.LOG,
    json: Annotated[Path | None, typer.Option(help="Write the differences here.")] = None,
) -> None:
    """Take one router's numbers from another's, with paired intervals."""
    from catbench.cli.difference_table import print_differences
    from catbench.cli.progress import progress_bar
    from catbench.files import check_writable
    from catbench.report.comparison import compare, write_differences
    from catbench.report.report import Report
    from catbench.report.stored import suite_trained_on
    from catbench.suite.store import load

    if json:
        check_writable(json)
    reports = Report.read(first), Report.read(second)
    matrix = load(suite or reports[0].results[0].suite)
    trained = next(filter(None, (suite_trained_on(report, train_on) for report in reports)), None)
    with progress_bar() as progress:
        differences = compare(*reports, matrix, progress, trained)
    if json:
        write_differences(differences, json)
    print_differences(differences, *reports, linear=axis is Axis.LINEAR, every=show_all)
