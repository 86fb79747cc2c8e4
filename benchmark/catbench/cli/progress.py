"""A progress bar that shows only where the work takes over a second, and lines where there is no terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

PATIENCE = 1.0
"""Seconds before the bar appears."""
SILENCE = 30.0
"""Seconds without a line after which a long step says how far it is."""


@contextmanager
def progress_bar() -> Generator[Callable[[str, int, int], None]]:
    """Yield a function of (what, steps done, steps in all) that draws on stderr; cleared at the end."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=None)
    timer = threading.Timer(PATIENCE, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
    finally:
        timer.cancel()
        timer.join()
        if bar.live.is_started:
            bar.stop()


@contextmanager
def progress_lines() -> Generator[Callable[[str, int, int], None]]:
    """Yield such a function for work of minutes: where stderr is no terminal, each step is a line there."""
    if Console(stderr=True).is_terminal:
        with progress_bar() as progress:
            yield progress
        return
    last, since = "", 0.0

    def line(what: str, done: int, total: int) -> None:
        nonlocal last, since
        if what != last or time.monotonic() > since + SILENCE:
            sys.stderr.write(f"{what}\n" if what != last else f"{what}: {done:,} of {total:,}\n")
            sys.stderr.flush()
            last, since = what, time.monotonic()

    yield line
