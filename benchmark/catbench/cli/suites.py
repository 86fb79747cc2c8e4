"""`catbench suites`: the suites that can be named, and those that can be made."""

from __future__ import annotations

from pathlib import Path

import typer

WIDTH = 22
"""Of the column of names."""


def suites() -> None:
    """List the suites that can be named, those that a command fetches, and what the paper's take."""
    from catbench.prompt_sets.sources import DATASETS
    from catbench.store import known_suites
    from catbench.suites.recipes import RECIPES

    found = known_suites()
    for name, folder in found.items():
        _print_found(name, folder)
    for name in RECIPES:
        if name not in found:
            _print_recipe(name)
    for name in DATASETS:
        if name not in found:
            _print_absent(name)


def _print_found(name: str, folder: Path) -> None:
    from catbench.errors import SuiteError
    from catbench.store import read_manifest

    try:
        manifest = read_manifest(folder)
    except SuiteError as error:
        typer.echo(f"{name:{WIDTH}} broken: {error}")
    else:
        prompts = sum(manifest.splits.values())
        typer.echo(f"{name:{WIDTH}} {prompts:7d} prompts  {manifest.suite.title}")
        if "scores.parquet" not in manifest.files:
            typer.echo(f"{'':{WIDTH}} no scores yet: {_scores(name, prompts)}")
        typer.echo(f"{'':{WIDTH}} licence: {manifest.suite.licence or 'not stated'}")
    typer.echo(f"{'':{WIDTH}} {folder}")


def _print_recipe(name: str) -> None:
    from catbench.store import WAYS
    from catbench.suites.recipes import find_recipe

    recipe = find_recipe(name)
    files = f"{len(recipe.files)} file{'s' if len(recipe.files) > 1 else ''}, {recipe.bytes / 1e6:,.0f} MB"
    typer.echo(f"{name:{WIDTH}} not installed  {recipe.suite.title}")
    typer.echo(f"{'':{WIDTH}} licence: {recipe.suite.licence}")
    typer.echo(f"{'':{WIDTH}} {WAYS[name]}  ({files} of github.com/{recipe.repository})")


def _print_absent(name: str) -> None:
    from catbench.prompt_sets.sources import DATASETS
    from catbench.store import WAYS

    dataset = DATASETS[name]
    size = dataset.paper_prompts
    typer.echo(f"{name:{WIDTH}} not made  {dataset.record.name}, in the paper {size:,} prompts")
    typer.echo(f"{'':{WIDTH}} prompts: {WAYS[name]} --limit {size} (minutes, once CLIP runs on a GPU)")
    typer.echo(f"{'':{WIDTH}} scores: {_scores(name, size)}")


def _scores(name: str, prompts: int) -> str:
    from catbench.prompt_sets.paper import drawing_bill
    from catbench.prompt_sets.sources import DATASETS

    command = f"catbench generate {name} --out RUN"
    if name not in DATASETS:
        return command
    due = drawing_bill(prompts)
    rate = f"{due.attained_tflops:.0f} TFLOP/s, an assumed third of the peak"
    hours = f"about {due.total:,.0f} {due.device}-hours for {len(due.hours)} candidates"
    return f"{command}\n{'':{WIDTH + 8}} ({hours} at {rate})"
