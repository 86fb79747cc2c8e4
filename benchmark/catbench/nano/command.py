"""How the commands of this package start: an error that catbench raises on purpose is one line and exit 2."""

from __future__ import annotations

from collections.abc import Callable

import typer

from catbench.errors import CatbenchError


def run_command(function: Callable[..., None]) -> None:
    """Run a function as a command line of its own, its annotations being the options."""
    try:
        typer.run(function)
    except CatbenchError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from error
