"""Options that several commands have, the same in each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

if TYPE_CHECKING:
    from catbench.submit.run import How

Suite = Annotated[str, typer.Option(help="A suite's name or folder.")]
CostUnit = Annotated[
    str | None, typer.Option(help="Cost unit, as UNIT or UNIT@HARDWARE. Default: the suite's first.")
]
Metrics = Annotated[
    list[str] | None, typer.Option(help="A quality metric; repeat for several. Default: all of the suite.")
]
RouterName = Annotated[
    str,
    typer.Argument(
        help="A router's name (knn, ridge:tfidf, fixed:ID, ...; an unknown one lists all), a folder, or "
        "file.py:factory."
    ),
]
PoolName = Annotated[
    str | None, typer.Option(help="A pool of the suite, `all` (default), `homogeneous` or `priced:UNIT`.")
]
Out = Annotated[
    Path | None, typer.Option(help="The suite's folder; without it the suite can be named afterwards.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it is there.")]
CostAxis: TypeAlias = Literal["log", "linear"]
"""Of an area: each doubling of a budget counts alike, or each unit of cost."""

# How a table of scores is taken.
Ignore = Annotated[
    list[str] | None, typer.Option(help="Column of a table to leave out; repeat, or separate by commas.")
]
Columns = Annotated[
    list[str] | None, typer.Option(help="Columns under other names: prompt=best_caption,candidate=Algorithm.")
]
Wide = Annotated[
    list[str] | None,
    typer.Option(help="A,B,C: the columns that are candidates, in a table with one column each."),
]
Cell = Annotated[
    list[str] | None,
    typer.Option(help="NAME,NAME:lower: the metrics of the list in a cell, as in [1,0.5]."),
]
Renames = Annotated[
    list[str] | None, typer.Option(help="NEW=OLD: another id for a candidate; repeat for several.")
]
SamplesAre: TypeAlias = Literal["images", "raters"]
Samples = Annotated[SamplesAre, typer.Option(help="What the samples of a prompt and candidate differ in.")]
DropPrompts = Annotated[
    bool, typer.Option("--drop-prompts", help="Leave out blank prompts, and those that lack a score.")
]
DropCandidates = Annotated[
    bool, typer.Option("--drop-candidates", help="Leave out candidates that lack a score.")
]

# How a submission is run.
SandboxKind: TypeAlias = Literal["bwrap", "process", "none"]
Sandbox = Annotated[
    SandboxKind,
    typer.Option(
        help="bwrap: bubblewrap, contains it. process: bounds time and memory only. none: your own code."
    ),
]
Wall = Annotated[
    float | None, typer.Option("--wall", metavar="SECONDS", help="Wall time besides what the suite warrants.")
]
Memory = Annotated[float | None, typer.Option("--memory", metavar="GIB", help="Memory of all its processes.")]


def how_to_run(sandbox: SandboxKind, wall: float | None, memory: float | None) -> How:
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


def check_name(name: str, how: str) -> None:
    """Raise UsageError where a suite of this name would stand in for another; it says `how` to have both."""
    from catbench.errors import UsageError
    from catbench.home import shipped_suites
    from catbench.suite.store import WAYS

    if name in shipped_suites():
        raise UsageError(f"catbench ships a suite of the name {name!r}: {how}")
    if name in WAYS:
        raise UsageError(f"`{WAYS[name]}` makes a suite of the name {name!r}: {how}")
