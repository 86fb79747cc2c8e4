"""`catbench suites`: the suites that can be named, and those that can be made."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import typer

WIDTH = 22
"""Of the column of names."""
MAKEABLE = "catbench.suites"
"""Entry points of other packages: suite -> a Makeable."""


class Makeable(Protocol):
    """A suite that a package can make: what is said of it before it is there."""

    title: str
    prompts: int
    """How many the whole suite has."""

    def drawing(self, prompts: int) -> str:
        """Return what drawing and scoring so many prompts takes."""
        ...


def suites() -> None:
    """List the suites that can be named, those that a command fetches, and what the paper's take."""
    from catbench.home import known_suites
    from catbench.suite.recipes import RECIPES

    found = known_suites()
    for name, folder in found.items():
        _print_found(name, folder)
    for name in RECIPES:
        if name not in found:
            _print_recipe(name)
    for name, suite in _makeable().items():
        if name not in found:
            _print_absent(name, suite)


def _print_found(name: str, folder: Path) -> None:
    from catbench.errors import SuiteError
    from catbench.suite.store import read_manifest

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
    from catbench.errors import counted
    from catbench.suite.recipes.making import find_recipe
    from catbench.suite.store import WAYS

    recipe = find_recipe(name)
    files = f"{counted(len(recipe.files), 'file')}, {recipe.bytes / 1e6:,.0f} MB"
    typer.echo(f"{name:{WIDTH}} not installed  {recipe.suite.title}")
    typer.echo(f"{'':{WIDTH}} licence: {recipe.suite.licence}")
    typer.echo(f"{'':{WIDTH}} {WAYS[name]}  ({files} of github.com/{recipe.repository})")


def _print_absent(name: str, suite: Makeable) -> None:
    from catbench.suite.store import WAYS

    size = suite.prompts
    typer.echo(f"{name:{WIDTH}} not made  {suite.title}, in the paper {size:,} prompts")
    typer.echo(f"{'':{WIDTH}} prompts: {WAYS[name]} --limit {size} (minutes, once CLIP runs on a GPU)")
    typer.echo(f"{'':{WIDTH}} scores: {_scores(name, size)}")


def _scores(name: str, prompts: int) -> str:
    command = f"catbench generate {name} --out RUN"
    suite = _makeable().get(name)
    return command if suite is None else f"{command}\n{'':{WIDTH + 8}} ({suite.drawing(prompts)})"


def _makeable() -> dict[str, Makeable]:
    """Return the suites that other packages can make, by the entry points of MAKEABLE."""
    return {point.name: point.load() for point in sorted(entry_points(group=MAKEABLE), key=lambda p: p.name)}
