"""Long work counted, step by step, for a progress bar."""

from __future__ import annotations

from catbench.download import Progress


class Counter:
    """Counts the steps of long work for a progress bar."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done, self._what = progress, total, 0, ""

    def begin(self, what: str) -> None:
        """Say what is done from now on."""
        self._what = what
        self._progress(what, self._done, self._total)

    def part(self, done: int, total: int) -> None:
        """Say how far the step that is under way has come."""
        self._progress(f"{self._what} ({done}/{total})", self._done, self._total)

    def __call__(self) -> None:
        """Count a step."""
        self._done += 1
        self._progress(self._what, self._done, self._total)
