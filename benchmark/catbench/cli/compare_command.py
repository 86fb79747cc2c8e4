"""`catbench compare`: paired differences between two reports, or one report beside others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catbench.cli.shared_options import CostAxis


def compare(
    reports: Annotated[
        list[Path],
        typer.Argument(
            metavar="REPORT...",
            help="Reports of `catbench evaluate --json`, on one suite, pool, cost and seed.",
        ),
    ],
    suite: Annotated[
        str | None, typer.Option(help="Of two: the suite's folder. Default: by the name in the reports.")
    ] = None,
    train_on: Annotated[
        str | None,
        typer.Option(metavar="SUITE", help="Of two: folder of the suite that a report was trained on."),
    ] = None,
    show_all: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Of one report: set it beside every shipped router. Of two: show every measure, and the "
            "differences at each candidate's cost.",
        ),
    ] = False,
    axis: Annotated[CostAxis, typer.Option(help="Of two: cost axis of the areas shown.")] = "log",
    json: Annotated[Path | None, typer.Option(help="Of two: write the differences here.")] = None,
) -> None:
    """Take one router's numbers from another's, with paired intervals; or set one beside several.

    Of two reports every measure is compared. Of more, or of one with --all, there is a row a router: what it
    saves, its gain, and that gain less the first report's.
    """
    from catbench.errors import UsageError
    from catbench.report.report import Report

    if len(reports) == 1 and not show_all:
        raise UsageError("give another report, or --all to set this one beside every shipped router")
    if len(reports) != 2:
        if suite or train_on or json or axis != "log":
            raise UsageError("--suite, --train-on, --axis and --json go with two reports")
        _side_by_side(reports[0], reports[1:])
        return
    from catbench.cli.difference_table import print_differences
    from catbench.cli.progress import progress_bar
    from catbench.files import check_writable, write_json
    from catbench.report.comparison import compare
    from catbench.report.suite_of import suite_of_report, suite_trained_on

    check_writable(json)
    first, second = map(Report.read, reports)
    matrix = suite_of_report(first, suite)
    trained = next(filter(None, (suite_trained_on(report, train_on) for report in (first, second))), None)
    with progress_bar() as progress:
        differences = compare(first, second, matrix, progress, trained)
    if json:
        write_json(json, {"schema": 2, "differences": [one.model_dump(mode="json") for one in differences]})
    print_differences(differences, first, second, linear=axis == "linear", every=show_all)


def _side_by_side(file: Path, others: list[Path]) -> None:
    """Print a report beside others, or beside those of the shipped routers where none is given."""
    from catbench.cli.difference_table import print_side_by_side
    from catbench.errors import UsageError
    from catbench.report.places import report_files, shipped_folders
    from catbench.report.report import Report
    from catbench.report.side_by_side import side_by_side

    mine, paths = Report.read(file), others
    if not others:
        folders = [folder for folder in shipped_folders() if folder.name == "reports" and folder.is_dir()]
        paths = [path for folder in folders for path in report_files(folder)]
    found = side_by_side(mine, ((path, Report.read(path)) for path in paths), file=file, strict=bool(others))
    if not others and all(len(rows) == 1 for rows in found.values()):
        first = mine.results[0]
        raise UsageError(
            f"no shipped report is of suite {first.suite!r} in this version, pool {first.pool!r}, cost "
            f"{first.cost!r} and the same draws; they lie in baselines/reports of a clone of catbench"
        )
    print_side_by_side(found)
