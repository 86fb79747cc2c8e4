"""`catbench import`: make a suite from scores, or a cost table from measurements, that exist elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from catbench.matrix import ScoreMatrix

app = typer.Typer(
    help="Make a suite from scores that exist elsewhere, or a cost table from measurements.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Out = Annotated[
    Path | None, typer.Option(help="The suite's folder; without it the suite can be named afterwards.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it is there.")]


@app.command("cems")
def cems(
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder with the eight CSV files; without it they are fetched."),
    ] = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """CEMS: 10,000 prompts x 4 real text-to-image models, CLIP score, NIMA and seconds."""
    from catbench.suites.cems import import_cems

    _save(import_cems(source), out, force)


@app.command("table")
def table(
    scores: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet: prompt, candidate, [prompt_id, sample, split, source], metrics."
        ),
    ],
    costs: Annotated[Path, typer.Option(help="CSV or Parquet: candidate, unit, value.")],
    name: Annotated[str, typer.Option(help="The suite's id: lower-case letters, digits, - and _.")],
    out: Out = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME:lower; repeat for several. Without: every other numeric column."),
    ] = None,
    title: Annotated[str, typer.Option(help="One line about the suite.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of prompts and scores.")] = "",
    force: Force = False,
) -> None:
    """Any tidy table of scores, with a table of costs."""
    from pydantic import ValidationError

    from catbench.errors import UsageError
    from catbench.matrix import SuiteInfo
    from catbench.suites.table import choose_metrics, matrix_from_table, read_costs, read_table

    try:
        info = SuiteInfo(id=name, title=title or name, licence=licence, source=scores.name)
    except ValidationError as error:
        raise UsageError(f"--name {name!r}: use lower-case letters, digits, '-', '_', '.' and '+'") from error
    rows = read_table(scores)
    metrics = choose_metrics(rows, metric or [], str(scores))
    matrix = matrix_from_table(
        rows, read_costs(costs), metrics, info, where=str(scores), costs_where=str(costs)
    )
    _save(matrix, out, force)


@app.command("costs")
def costs(
    table: Annotated[
        Path,
        typer.Argument(
            help="ML.ENERGY's text-to-image.json or a folder of its runs, CEMS's folder, or a CSV or Parquet "
            "with candidate, unit, value."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The cost table to write, as Parquet.")],
    candidate: Annotated[
        list[str] | None,
        typer.Option(help="ID to keep, or NEW=ID to rename it; repeat for several. Default: all."),
    ] = None,
    hardware: Annotated[
        str, typer.Option(help="The machine to keep; of a table that names none, what it was measured on.")
    ] = "",
    batch: Annotated[int, typer.Option(help="Batch size of the runs to keep (ML.ENERGY).")] = 1,
    source: Annotated[str, typer.Option(help="What to record as the source. Default: file and digest.")] = "",
) -> None:
    """Measured seconds and joules of real models, from public tables."""
    from catbench.generate.candidates import find_run
    from catbench.generate.costs.table import write_costs
    from catbench.suites.measured import Run, import_costs

    def known(run: Run) -> str | None:
        return find_run(run.model, run.steps, run.width, run.height)

    imported = import_costs(
        table, candidates=candidate or (), hardware=hardware, batch=batch, source=source, name_of=known
    )
    write_costs(imported, out)
    width = max(len(cost.candidate) for cost in imported)
    for cost in imported:
        on = f"  on {cost.hardware}, batch {cost.batch_size}" if cost.hardware else ""
        typer.echo(f"{cost.candidate:{width}}  {cost.value:12.6g} {cost.unit}{on}")
    typer.echo(f"next: catbench import table SCORES --costs {out} --name NAME")


def _save(matrix: ScoreMatrix, out: Path | None, force: bool) -> None:
    from catbench.store import home, save

    folder = out or home() / matrix.suite.id
    save(matrix, folder, force=force)
    typer.echo(
        f"{len(matrix.prompts)} prompts x {len(matrix.candidates)} candidates, "
        f"{', '.join(metric.name for metric in matrix.metrics)}, in {folder}"
    )
    typer.echo(f"next: catbench evaluate ridge --suite {out or matrix.suite.id}")
