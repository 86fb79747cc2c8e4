"""How the commands of this package start: an error that catbench raises on purpose is one line and exit 2."""

from __future__ import annotations

from collections.abc import Callable

import typer

from catbench.errors import CatbenchError, UsageError, first_line, missing_extra
from catbench.terminal import print_in_any_encoding


def check_device(device: str) -> None:
    """Raise UsageError where torch knows no such device, or this machine has none."""
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"no device {device!r} here: {first_line(error)}") from error


def run_command(function: Callable[..., None]) -> None:
    """Run a function as a command line of its own, its annotations being the options."""
    print_in_any_encoding()
    try:
        typer.run(function)
    except (CatbenchError, ModuleNotFoundError) as error:
        said = missing_extra(error, "the nano suite", "generate") or error
        if not isinstance(said, CatbenchError):
            raise
        typer.echo(f"error: {said}", err=True)
        raise SystemExit(2) from error
