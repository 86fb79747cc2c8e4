"""`catbench import costs`: a cost table from measurements that exist elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def costs(
    table: Annotated[
        Path,
        typer.Argument(
            help="ML.ENERGY's text-to-image.json or a folder of its runs, co2_inference's tti_*.csv, CEMS's "
            "folder, or a table with candidate, unit, value."
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
    from catbench.errors import listed
    from catbench.suite.tables.prices import without_price
    from catbench_make.costs.flop_table import write_costs
    from catbench_make.costs.price_tables import import_costs
    from catbench_make.plan.candidates import find_run
    from catbench_make.verbs.measure_command import print_costs

    imported = import_costs(
        table,
        candidates=candidate or (),
        hardware=hardware,
        batch=batch,
        source=source,
        name_of=lambda run: find_run(run.model, run.steps, run.width, run.height),
        tell=typer.echo,
    )
    write_costs(imported, out)
    print_costs(imported)
    for key, missing in without_price(imported, list(dict.fromkeys(c.candidate for c in imported))).items():
        if missing:
            typer.echo(f"no price in {key} for {listed(missing, 8)}")
    typer.echo(f"next: catbench import table SCORES --costs {out} --name NAME")
