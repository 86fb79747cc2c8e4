"""`catbench import`: make a suite from scores, or a cost table from measurements, that exist elsewhere."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from catbench.cli.shared_options import (
    Cell,
    Columns,
    DropCandidates,
    DropPrompts,
    Force,
    Ignore,
    Out,
    Renames,
    Samples,
    Wide,
    check_name,
)
from catbench.suite.recipes import RECIPES

if TYPE_CHECKING:
    from catbench.suite.matrix import ScoreMatrix

app = typer.Typer(
    help="Make a suite from scores that exist elsewhere, or a cost table from measurements.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FEW = 100
"""Fewer test prompts than these are pointed out: their intervals are wide."""

From = Annotated[
    Path | None,
    typer.Option("--from", help="Folder or archive that has the files; without it they are fetched."),
]


def _by_recipe(suite: str) -> Callable[..., None]:
    """Return the command that makes a suite by its recipe."""

    def command(source: From = None, out: Out = None, force: Force = False) -> None:
        _make(suite, "", source, out, force)

    def flasheval(
        source: From = None,
        out: Out = None,
        force: Force = False,
        black: Annotated[
            Literal["leave-out", "keep"],
            typer.Option(help="Prompts of which a safety checker has blackened an image."),
        ] = "leave-out",
    ) -> None:
        _make(suite, "keep" if black == "keep" else "", source, out, force)

    return flasheval if suite.startswith("flasheval") else command


for _name, _about in RECIPES.items():
    app.command(_name, help=_about)(_by_recipe(_name))


def _make(suite: str, variant: str, source: Path | None, out: Path | None, force: bool) -> None:
    from catbench.cli.progress import progress_bar
    from catbench.files import check_free
    from catbench.home import home
    from catbench.suite.recipes.making import find_recipe, make

    recipe = find_recipe(suite)
    check_free(out or home() / (f"{suite}-black" if variant else suite), force=force)
    with progress_bar() as progress:
        matrix = make(recipe, source, variant=variant, tell=typer.echo, progress=progress)
    _save(matrix, out, force)


@app.command("table")
def table(
    scores: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, JSON, JSON lines, Parquet or .xlsx: prompt, candidate, metrics, and optionally "
            "prompt_id, sample, split, source, group."
        ),
    ],
    costs: Annotated[Path, typer.Option(help="A table, likewise: candidate, unit, value.")],
    name: Annotated[str, typer.Option(help="The suite's id: lower-case letters, digits, - and _.")],
    out: Out = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME, NAME:lower or NAME:higher; repeat for several. Default: every column of numbers."
        ),
    ] = None,
    ignore: Ignore = None,
    columns: Columns = None,
    wide: Wide = None,
    cell: Cell = None,
    candidate: Renames = None,
    samples: Samples = "images",
    drop_prompts: DropPrompts = False,
    drop_candidates: DropCandidates = False,
    title: Annotated[str, typer.Option(help="One line about the suite.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of prompts and scores.")] = "",
    force: Force = False,
) -> None:
    """A table of scores, with a table of costs."""
    from pydantic import ValidationError

    from catbench.errors import UsageError
    from catbench.files import check_free
    from catbench.home import home
    from catbench.suite.info import SuiteInfo
    from catbench.suite.tables.complete import Drops
    from catbench.suite.tables.from_files import TableOptions, matrix_from_files

    try:
        info = SuiteInfo(
            id=name, title=title or name, licence=licence, source=scores.name, samples_are=samples
        )
    except ValidationError as error:
        raise UsageError(f"--name {name!r}: use lower-case letters, digits, '-', '_', '.' and '+'") from error
    check_name(name, "give another --name")
    check_free(out or home() / name, force=force)
    options = TableOptions(
        metrics=metric or (),
        ignore=ignore or (),
        columns=columns or (),
        wide=wide or (),
        cell=cell or (),
        candidates=candidate or (),
        drops=Drops(prompts=drop_prompts, candidates=drop_candidates),
    )
    _save(matrix_from_files(scores, costs, info, options, typer.echo), out, force)


def _save(matrix: ScoreMatrix, out: Path | None, force: bool) -> None:
    from catbench.home import home
    from catbench.suite.store import save

    folder = out or home() / matrix.suite.id
    save(matrix, folder, force=force)
    metrics = ", ".join(metric.name for metric in matrix.metrics)
    typer.echo(f"{len(matrix.prompts)} prompts x {len(matrix.candidates)} candidates, {metrics}, in {folder}")
    tested, pool, folds = len(matrix.rows("test")), _priced_pool(matrix), ""
    if tested < FEW and len(set(matrix.samples.values())) == 1:
        folds = " --folds 5"
        typer.echo(
            f"only {tested} of {len(matrix.prompts)} prompts are for testing, so intervals are wide:{folds} "
            "tests on all of them, a fifth at a time"
        )
    typer.echo(f"next: catbench evaluate ridge --suite {out or matrix.suite.id}{pool}{folds}")


def _priced_pool(matrix: ScoreMatrix) -> str:
    """Return the option for the largest pool with prices, nothing where a unit prices all candidates."""
    from catbench.suite.pool import PRICED
    from catbench.suite.tables.prices import without_price

    lacking = without_price(matrix.costs, matrix.candidate_ids)
    key = min(lacking, key=lambda key: len(lacking[key]))
    return f" --pool {shlex.quote(PRICED + key)}" if lacking[key] else ""
