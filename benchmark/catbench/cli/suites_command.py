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
    lines_of = {name: _found(name, folder) for name, folder in found.items()}
    lines_of |= {name: _recipe(name) for name in RECIPES if name not in found}
    lines_of |= {name: _absent(name, suite) for name, suite in _makeable().items() if name not in found}
    for name, lines in lines_of.items():
        for number, line in enumerate(lines):
            typer.echo(f"{'' if number else name:{WIDTH}} {line}")


def _found(name: str, folder: Path) -> list[str]:
    from catbench.errors import SuiteError
    from catbench.suite.store import read_manifest

    try:
        manifest = read_manifest(folder)
    except SuiteError as error:
        return [f"broken: {error}", f"{folder}"]
    prompts = sum(manifest.splits.values())
    scored = "scores.parquet" in manifest.files
    return [
        f"{prompts:7d} prompts  {manifest.suite.title}",
        *([] if scored else [f"no scores yet: {_scores(name, prompts)}"]),
        f"licence: {manifest.suite.licence or 'not stated'}",
        f"{folder}",
    ]


def _recipe(name: str) -> list[str]:
    from catbench.errors import counted
    from catbench.suite.recipes.making import find_recipe
    from catbench.suite.store import WAYS

    recipe = find_recipe(name)
    files = f"{counted(len(recipe.files), 'file')}, {recipe.bytes / 1e6:,.0f} MB"
    return [
        f"not installed  {recipe.suite.title}",
        f"licence: {recipe.suite.licence}",
        f"{WAYS[name]}  ({files} of github.com/{recipe.repository})",
    ]


def _absent(name: str, suite: Makeable) -> list[str]:
    from catbench.suite.store import WAYS

    size = suite.prompts
    return [
        f"not made  {suite.title}, in the paper {size:,} prompts",
        f"prompts: {WAYS[name]} --limit {size} (minutes, once CLIP runs on a GPU)",
        f"scores: {_scores(name, size)}",
    ]


def _scores(name: str, prompts: int) -> str:
    command = f"catbench generate {name} --out RUN"
    suite = _makeable().get(name)
    return command if suite is None else f"{command}\n{'':{WIDTH + 8}} ({suite.drawing(prompts)})"


def _makeable() -> dict[str, Makeable]:
    """Return the suites that other packages can make, by the entry points of MAKEABLE."""
    return {point.name: point.load() for point in sorted(entry_points(group=MAKEABLE), key=lambda p: p.name)}
