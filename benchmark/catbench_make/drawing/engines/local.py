"""Runs shards in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.overlap import Overlap
from catbench_make.drawing.worker import LoadPipeline, Worker
from catbench_make.plan.job import Job
from catbench_make.plan.shard_plan import Shard


class LocalEngine:
    """One worker, on the job's device."""

    def __init__(self, load: LoadPipeline | None = None) -> None:
        """`load` is what reads a model instead of `load_pipeline`: one that is at hand already, say."""
        self._load = load

    def run(self, job: Job, shards: Sequence[Shard]) -> Iterator[ShardDone]:
        """Make the shards in order; see `Engine`."""
        with Overlap(Worker(job, self._load), job.device) as line:
            for shard in (*shards, None, None):
                if done := line.feed(shard):
                    yield done
