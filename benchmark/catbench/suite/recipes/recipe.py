"""What a recipe is.

A recipe names a repository, a commit, and the digest of each file that it reads; `build` gets the paths of
these files, which have been checked by then, and returns the matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from catbench.home import DATA
from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Cost
from catbench.suite.tables.columns import Tell
from catbench.suite.tables.prices import read_costs


class Pinned(NamedTuple):
    """A file as it must be."""

    sha256: str
    bytes: int


Build = Callable[[Mapping[str, Path], Tell], ScoreMatrix]
"""From the local path of each file, by its path in the repository, to the matrix; tells what was left out."""


@dataclass(frozen=True)
class Recipe:
    """How a suite is made of published files."""

    suite: SuiteInfo
    repository: str
    """`owner/name` on GitHub."""
    commit: str
    files: Mapping[str, Pinned]
    """Path in the repository -> what the file must be."""
    build: Build
    variants: Mapping[str, Build] = field(default_factory=dict[str, Build])
    """Name of an option's value -> the build that it takes instead."""
    host: str = "https://raw.githubusercontent.com"

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.files.values())

    @property
    def by_hand(self) -> str:
        """How to have the files without catbench's own download."""
        name = self.repository.rpartition("/")[2]
        return (
            f"by hand: `git clone https://github.com/{self.repository}`, `git -C {name} checkout "
            f"{self.commit}`, `catbench import {self.suite.id} --from {name}`"
        )


def pinned(suite: str) -> dict[str, Pinned]:
    """Return what the files of a recipe must be, by their paths in the repository, as catbench ships it."""
    found: dict[str, Pinned] = {}
    for line in (DATA / "recipes" / f"{suite}.txt").read_text(encoding="utf-8").splitlines():
        sha256, size, path = line.split("  ", 2)
        found[path] = Pinned(sha256, int(size))
    return found


@cache
def shipped_prices(name: str) -> tuple[Cost, ...]:
    """Return a table of prices that catbench ships (`data/costs/NAME.csv`); see `docs/prices.md`."""
    return tuple(read_costs(DATA / "costs" / f"{name}.csv"))
