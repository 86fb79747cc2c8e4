"""A progress bar that shows only where the work takes over a second, and lines where there is no terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from catbench.download import Progress

PATIENCE = 1.0
"""Seconds before the bar, or the first line, appears."""
SILENCE = 30.0
"""Seconds after which the next line says how far it is."""


def progress_bar(*, each_step: bool = False) -> AbstractContextManager[Progress]:
    """Return what yields a function that draws on stderr; cleared at the end.

    Where that is no terminal, work of minutes is one line at its start and one each half a minute; with
    `each_step`, for work of long steps, each has a line at once.
    """
    return _bar() if Console(stderr=True).is_terminal else _lines(each_step=each_step)


@contextmanager
def _bar() -> Generator[Progress]:
    bar = Bar(
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
def _lines(*, each_step: bool) -> Generator[Progress]:
    now, start, ended = ("", 0, 0), time.monotonic(), threading.Event()

    def show(what: str, done: int, total: int) -> None:
        nonlocal now
        if each_step and what != now[0]:
            typer.echo(what, err=True)
        now = what, done, total

    def watch() -> None:
        first = not each_step
        while not ended.wait(PATIENCE if first else SILENCE):
            what, done, total = now
            if what:
                far = f", {done:,} of {total:,}" if done and total > 1 else ""
                after = "" if first else f", after {time.monotonic() - start:.0f} s"
                typer.echo(f"{what}{far}{after}", err=True)
            first = False

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield show
    finally:
        ended.set()
        watcher.join()
