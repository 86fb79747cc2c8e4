"""Runs shards one after another in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catbench.generate.engines import ShardDone
from catbench.generate.job import Job
from catbench.generate.plan import Shard
from catbench.generate.worker import Worker


class LocalEngine:
    """One worker, on the job's device."""

    def run(self, job: Job, shards: Sequence[Shard]) -> Iterator[ShardDone]:
        """Make the shards in order; see `Engine`."""
        worker = Worker(job)
        for shard in shards:
            yield worker.make(shard)
