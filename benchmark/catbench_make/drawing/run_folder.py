"""A run's folder, held by one process, or by as many as it has parts."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from catbench.errors import UsageError
from catbench_make.plan.job import Job
from catbench_make.plan.shard_plan import Shard
from catbench_make.recorded import remove_drafts, remove_folder_drafts


@dataclass(frozen=True)
class RunPart:
    """One of several shares of a run, each made by a process of its own."""

    number: int
    """From 1."""
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the part that `I/N` names; raises UsageError for anything else."""
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise UsageError(f"--part {text!r}: it is I/N, such as 2/8, with I from 1 to N")
        return cls(int(number), int(of))

    def share(self, shards: tuple[Shard, ...]) -> tuple[Shard, ...]:
        """Return every N-th shard: all parts take about equally long, and each loads a model once."""
        return shards[self.number - 1 :: self.of]


@contextmanager
def owned_folder(job: Job, part: RunPart | None = None) -> Generator[None]:
    """Hold the run's folder for this process alone, cleared of what a killed one was writing.

    A part shares it with the other parts, and clears nothing. Raises UsageError where it cannot be written
    to, is or holds a suite that no run made, or another process holds it.
    """
    folder = job.folder
    if (folder / "manifest.json").exists():
        raise UsageError(f"--out {folder} is a suite's folder: give one of the run's own")
    is_its_source = job.root is not None and job.root.resolve() == job.suite.resolve()
    if is_its_source or (job.suite.exists() and not job.shards.is_dir()):
        raise UsageError(
            f"--out {folder}: the run would replace {job.suite}, which it has not made; give another --out"
        )
    with _opened(folder, "lock") as lock:
        _lock(lock, folder, shared=part is not None)
        if part is not None:
            with _opened(folder, f"lock-{part.number}-of-{part.of}") as own:
                _lock(own, folder, shared=False)
                yield
            return
        _remove_drafts(job)
        yield
        _remove_drafts(job)  # those of a worker that was lost on the way


def _opened(folder: Path, name: str) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / name).open("a")
    except OSError as error:
        raise UsageError(f"cannot write to --out {folder}: {error.strerror or error}") from error


def _lock(file: IO[str], folder: Path, *, shared: bool) -> None:
    try:
        import fcntl
    except ImportError:  # no such lock on Windows
        return
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        raise UsageError(f"another run is writing to {folder}: wait for it, or give another --out") from error


def _remove_drafts(job: Job) -> None:
    remove_drafts(job.shards)
    remove_drafts(job.embeddings)
    remove_folder_drafts(job.suite)
