"""`catbench inspect`: is there anything to route?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.cli.shared_options import (
    Cell,
    Columns,
    CostUnit,
    DropCandidates,
    DropPrompts,
    Ignore,
    PoolName,
    Renames,
    Samples,
    SamplesAre,
    Wide,
)

if TYPE_CHECKING:
    from catbench.suite.matrix import ScoreMatrix
    from catbench.suite.tables.from_files import TableOptions

TABLES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".xlsx")
"""Endings of what is a table of scores and no suite."""


def inspect(
    suite: Annotated[
        str, typer.Argument(metavar="SUITE", help="A suite's name or folder, or a table of scores.")
    ],
    costs: Annotated[
        Path | None, typer.Option(help="Of a table of scores: the table of its candidates' costs.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="A quality metric (of a table also NAME:lower); repeat for several. Default: all."),
    ] = None,
    cost: CostUnit = None,
    pool: PoolName = None,
    ignore: Ignore = None,
    columns: Columns = None,
    wide: Wide = None,
    cell: Cell = None,
    candidate: Renames = None,
    samples: Samples = "images",
    drop_prompts: DropPrompts = False,
    drop_candidates: DropCandidates = False,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every candidate, not only those on the Pareto front.")
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Draws the prompts, where a suite has more than 5,000.")
    ] = 0,
    json: Annotated[Path | None, typer.Option(help="Write what was found here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it: .png or .svg.")] = None,
) -> None:
    """Tell whether there is anything to route in a suite, or in a table before it is imported.

    Looks at 5,000 prompts at most, in seconds to a minute a metric. A table is taken as `catbench import
    table` takes it, by the same options.
    """
    from catbench.cli.inspect_tables import print_inspections
    from catbench.cli.progress import progress_bar
    from catbench.files import check_writable, write_json
    from catbench.inspect.inspection import inspect
    from catbench.inspect.inspection_plot import FORMATS, write_inspection_plot
    from catbench.report.axes import check_format
    from catbench.suite.tables.complete import Drops
    from catbench.suite.tables.from_files import TableOptions

    if plot:
        check_format(plot, FORMATS)
    check_writable(json, plot)
    how = TableOptions(
        metrics=metric or (),
        ignore=ignore or (),
        columns=columns or (),
        wide=wide or (),
        cell=cell or (),
        candidates=candidate or (),
        drops=Drops(prompts=drop_prompts, candidates=drop_candidates),
    )
    matrix, names = _matrix(suite, costs, how, samples)
    with progress_bar() as progress:
        found = [
            inspect(matrix, metric=name, cost=cost, pool=pool, seed=seed, progress=progress) for name in names
        ]
    if json:
        write_json(json, {"schema": 1, "inspections": [one.model_dump(mode="json") for one in found]})
    if plot:
        write_inspection_plot(found, plot)
    print_inspections(found, every=show_all)


def _matrix(
    source: str, costs: Path | None, how: TableOptions, samples: SamplesAre
) -> tuple[ScoreMatrix, list[str]]:
    """Return the matrix of a suite or of a table, and the metrics to look at."""
    from dataclasses import replace

    from catbench.errors import UsageError
    from catbench.suite.info import SuiteInfo
    from catbench.suite.store import load
    from catbench.suite.tables.from_files import TableOptions, matrix_from_files

    path = Path(source)
    if path.is_file() or (path.suffix in TABLES and not path.is_dir()):
        if costs is None:
            raise UsageError(f"{source} is a table of scores: give its candidates' costs with --costs FILE")
        name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "table"
        info = SuiteInfo(id=name, title=path.name, source=path.name, samples_are=samples)
        matrix = matrix_from_files(path, costs, info, how, typer.echo)
        return matrix, [metric.name for metric in matrix.metrics]
    if costs is not None:
        raise UsageError(f"--costs goes with a table of scores; suite {source!r} has costs of its own")
    if replace(how, metrics=()) != TableOptions() or samples != "images":
        raise UsageError(f"options that say how to take a table of scores change nothing of suite {source!r}")
    matrix = load(source)
    names = how.metrics or [metric.name for metric in matrix.metrics]
    return matrix, [matrix.metric(name).name for name in dict.fromkeys(names)]
