"""Options that say how to take a table of scores, the same in every command that reads one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class SamplesAre(StrEnum):
    """What the samples of a prompt and candidate differ in."""

    images = "images"
    raters = "raters"


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
Samples = Annotated[SamplesAre, typer.Option(help="What the samples of a prompt and candidate differ in.")]
DropPrompts = Annotated[
    bool, typer.Option("--drop-prompts", help="Leave out blank prompts, and those that lack a score.")
]
DropCandidates = Annotated[
    bool, typer.Option("--drop-candidates", help="Leave out candidates that lack a score.")
]
