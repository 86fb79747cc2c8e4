"""`catbench verify`: check a suite's files and rules."""

from __future__ import annotations

from typing import Annotated

import typer


def verify(suite: Annotated[str, typer.Argument(help="A suite's name or folder.")]) -> None:
    """Check every digest and every rule of a suite."""
    from catbench import store
    from catbench.prompts import SPLITS

    matrix = store.verify(suite)
    sizes = ", ".join(f"{len(matrix.rows(s))} {s} (x{matrix.samples[s]})" for s in SPLITS)
    typer.echo(f"{matrix.suite.id} {matrix.suite.version}: {matrix.suite.title}")
    typer.echo(f"prompts     {len(matrix.prompts)}: {sizes}, samples in brackets")
    typer.echo(f"candidates  {', '.join(matrix.candidate_ids)}")
    typer.echo(f"pools       {', '.join([*matrix.pools, 'all'])}")
    typer.echo(f"metrics     {', '.join(f'{m.name} ({m.direction} is better)' for m in matrix.metrics)}")
    typer.echo(f"costs       {', '.join(matrix.cost_keys)}")
    typer.echo(f"features    {', '.join(matrix.features) or 'none'}")
    typer.echo(f"licence     {matrix.suite.licence}")
    typer.echo(f"digest      {matrix.digest}")
    typer.echo("every file and every rule holds")
