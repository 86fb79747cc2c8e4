"""Routers of one submission in this process: inside a sandbox, or here, for one's own code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catbench.arrays import Floats
from catbench.route.router_loader import load_router
from catbench.route.routing import NamedRouter, ask, fit, make
from catbench.score.answer import Answer, Labelled
from catbench.submit.sandbox.group import Usage
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts


class Routers:
    """The routers of one submission in this process, one for each `make`, which returns its number."""

    def __init__(self, name: str, folder: Path, entry: str) -> None:
        self._name, self._folder, self._entry = name, folder, entry
        self.usage = Usage()
        self._named: NamedRouter | None = None
        self._made: list[tuple[Pool, Any]] = []

    def make(self, pool: Pool) -> int:
        """Make a router for a pool; return its number."""
        if self._named is None:
            file, _, factory = self._entry.partition(":")
            self._named = load_router(self._name, self._folder / file, factory, self._folder)
        self._made.append((pool, make(self._named, pool)))
        return len(self._made) - 1

    def fit(self, router: int, train: Labelled, validation: Labelled) -> None:
        """Fit a router."""
        fit(self._name, self._made[router][1], train, validation)

    def ask(self, router: int, prompts: Prompts, trade_offs: Floats) -> Answer:
        """Ask a fitted router about prompts."""
        pool, made = self._made[router]
        return ask(self._name, made, prompts, pool, trade_offs)

    def end(self) -> None:
        """Do nothing: what runs in this process goes on to its end."""

    def predicts(self, router: int) -> bool:
        """Whether a router predicts, and does not choose itself."""
        return hasattr(self._made[router][1], "predict")
