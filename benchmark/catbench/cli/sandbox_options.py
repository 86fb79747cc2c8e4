"""Options of every command that runs a submission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from catbench.submit.run import How

Sandbox = Annotated[
    Literal["bwrap", "process", "none"],
    typer.Option(
        help="bwrap: bubblewrap, contains it. process: bounds time and memory only. none: your own code."
    ),
]
Wall = Annotated[
    float | None, typer.Option("--wall", metavar="SECONDS", help="Wall time besides what the suite warrants.")
]
Memory = Annotated[float | None, typer.Option("--memory", metavar="GIB", help="Memory of all its processes.")]


def how_to_run(sandbox: Literal["bwrap", "process", "none"], wall: float | None, memory: float | None) -> How:
    """Return how submissions are run; says on stderr what a weaker sandbox does not protect from."""
    from catbench.errors import UsageError
    from catbench.report.limits import Limits
    from catbench.submit.run import How
    from catbench.submit.sandbox.launch import NOT_PROTECTED

    given = {"wall_seconds": wall, "memory_bytes": int(memory * 1024**3) if memory else None}
    if any(value is not None and value <= 0 for value in (wall, memory)):
        raise UsageError("--wall and --memory must be positive")
    if sandbox != "bwrap":
        typer.echo(f"catbench: sandbox {sandbox}: {NOT_PROTECTED[sandbox]}", err=True)
    return How(sandbox, Limits.model_validate({k: v for k, v in given.items() if v is not None}))
