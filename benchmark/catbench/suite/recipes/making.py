"""A recipe is found by its suite's name, and a suite is made by it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from catbench.download import Progress
from catbench.errors import unknown_name
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.recipes import RECIPES
from catbench.suite.recipes.recipe import Recipe
from catbench.suite.recipes.recipe_files import opened
from catbench.suite.tables.columns import Tell


def find_recipe(suite: str) -> Recipe:
    """Return the recipe of a suite; raises UsageError for a name that has none."""
    if suite not in RECIPES:
        raise unknown_name("recipe", suite, RECIPES)
    module = import_module(f"catbench.suite.recipes.{suite.partition('-')[0]}_recipe")
    return {recipe.suite.id: recipe for recipe in module.RECIPES}[suite]


def make(
    recipe: Recipe,
    source: Path | None = None,
    *,
    variant: str = "",
    tell: Tell = lambda line: None,
    progress: Progress = lambda what, done, total: None,
) -> ScoreMatrix:
    """Return the matrix of a recipe, its files fetched, or read from a folder or an archive.

    `variant` is one of the recipe's. Raises UsageError where a file is missing or cannot be fetched,
    SuiteError where one is not what it must be.
    """
    build = recipe.variants[variant] if variant else recipe.build
    with opened(recipe, source, progress) as paths:
        return build(paths, tell)
