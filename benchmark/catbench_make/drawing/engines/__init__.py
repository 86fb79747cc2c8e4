"""Engines run shards: an engine decides where and in which order, a `Worker` does the drawing.

An engine is any object with `run`. Shards depend on nothing but themselves, so an engine may run them in any
order and anywhere that sees the run's folder; each is on disk, whole, before it is yielded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from catbench_make.plan.job import Job
from catbench_make.plan.shard_plan import Shard


@dataclass(frozen=True)
class ShardDone:
    """A shard that is on disk, or could not be made."""

    shard: Shard
    problem: str = ""
    """Why it could not be made; empty where it was."""
    notes: tuple[str, ...] = ()
    """What to tell the user of a shard that was made: images drawn twice, a smaller batch."""
    scored_only: bool = False
    """Whether its images were there already, and only scored by other metrics."""


class Engine(Protocol):
    """Makes shards."""

    def run(self, job: Job, shards: Sequence[Shard]) -> Iterator[ShardDone]:
        """Make every shard, yielding each as it is done.

        A shard that fails on its own images is yielded with its problem and the others go on; what would
        fail for every shard (a model that is not there, a full disk) is raised.
        """
        ...


@runtime_checkable
class RemoteEngine(Engine, Protocol):
    """Makes shards on other machines than this one."""

    def hardware(self, device: str) -> str:
        """Return what the workers' device calls itself; raises UsageError where there is none to ask."""
        ...
