"""Runs shards in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catbench.generate.engines import ShardDone
from catbench.generate.job import Job
from catbench.generate.overlap import Overlap
from catbench.generate.plan import Shard
from catbench.generate.worker import Worker


class LocalEngine:
    """One worker, on the job's device."""

    def run(self, job: Job, shards: Sequence[Shard]) -> Iterator[ShardDone]:
        """Make the shards in order; see `Engine`."""
        with Overlap(Worker(job), job.device) as line:
            for shard in (*shards, None, None):
                if done := line.feed(shard):
                    yield done
