"""`catbench import`: make a suite from scores that exist elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from catbench.matrix import ScoreMatrix

app = typer.Typer(
    help="Make a suite from scores that exist elsewhere.", no_args_is_help=True, rich_markup_mode=None
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


def _save(matrix: ScoreMatrix, out: Path | None, force: bool) -> None:
    from catbench.store import home, save

    folder = out or home() / matrix.suite.id
    save(matrix, folder, force=force)
    typer.echo(
        f"{len(matrix.prompts)} prompts x {len(matrix.candidates)} candidates, "
        f"{', '.join(metric.name for metric in matrix.metrics)}, in {folder}"
    )
    typer.echo(f"next: catbench evaluate ridge --suite {out or matrix.suite.id}")
