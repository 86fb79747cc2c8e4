"""A progress bar that shows only where the work takes over a second."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

PATIENCE = 1.0
"""Seconds before the bar appears."""


@contextmanager
def progress_bar() -> Generator[ProgressCallback]:
    """Yield a function of (what, done, total) that draws on stderr, and clears the bar at the end."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    callback = ProgressCallback(bar)
    try:
        yield callback
    finally:
        bar.stop()


class ProgressCallback:
    """Starts the bar late, and redraws it a few times a second."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)
        self._started = time.monotonic()
        self._drawn = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show what is being done and how much of it is."""
        now = time.monotonic()
        if now - self._started < PATIENCE or now - self._drawn < 0.1:
            return
        self._drawn = now
        self._bar.start()
        self._bar.update(self._task, description=what, completed=done, total=total)
