"""Runs shards in this process, three at once: one is drawn, the one before scored, the one after encoded.

Drawing keeps the device busy and the processor idle; scoring, PNG and Parquet do the opposite. So the stages
beside drawing have a thread each, and on a GPU a stream each, so that they wait for none of the denoiser's
kernels. What is made does not depend on it: a stage reads the files on disk and its own arguments, and takes
one shard after another. One that finds the device's memory full beside a batch that is being drawn is tried
once more while nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import zip_longest
from typing import Any, Generic, TypeVar

import torch

from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.worker import EncodedText, LoadPipeline, Worker
from catbench_make.pipelines.memory import free_memory, is_out_of_memory
from catbench_make.plan.job import Job
from catbench_make.plan.shard_plan import Shard

Given = TypeVar("Given")
Made = TypeVar("Made")


class LocalEngine:
    """One worker, on the job's device."""

    def __init__(self, load: LoadPipeline | None = None) -> None:
        """`load` is what reads a model instead of `load_pipeline`: one that is at hand already, say."""
        self._load = load

    def run(self, job: Job, shards: Sequence[Shard]) -> Iterator[ShardDone]:
        """Make the shards in order, drawing in the calling thread; see `Engine`.

        Call it in one thread alone: CUDA graphs belong to a thread.
        """
        worker = Worker(job, self._load)
        text: Callable[[], EncodedText] | None = None
        last: Callable[[], ShardDone] | None = None
        with _Stage(worker.read, job.device) as reading, _Stage(worker.finish, job.device) as finishing:
            for shard, following in zip_longest(shards, shards[1:]):
                ahead = None
                if following and worker.has_loaded(shard) and worker.has_loaded(following):
                    ahead = reading.start(following)
                before = last
                drawing = worker.draw(shard, text or (lambda unread=shard: reading.start(unread)()))
                text, last = ahead, finishing.start(drawing)
                if before:
                    yield before()
            if last:
                yield last()


class _Stage(Generic[Given, Made]):
    """One stage of the work, in a thread of its own; a context manager that waits for what is under way."""

    def __init__(self, work: Callable[[Given], Made], device: str) -> None:
        self._work = work
        gpu = device != "cpu"
        self._stream: Any = torch.cuda.stream(torch.cuda.Stream(device)) if gpu else nullcontext()
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> _Stage[Given, Made]:
        return self

    def __exit__(self, *raised: object) -> None:
        self._thread.shutdown(wait=True)

    def start(self, given: Given) -> Callable[[], Made]:
        """Start on something; what is returned waits for the result, in the thread that draws.

        Nothing is drawn while it waits, so what found memory full fits then, and is done again.
        """
        futures = [self._thread.submit(self._run, given)]

        def result() -> Made:
            try:
                return futures.pop().result()  # kept by nobody: an error's frames hold tensors
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            free_memory()
            return self._thread.submit(self._run, given).result()

        return result

    def _run(self, given: Given) -> Made:
        with self._stream:
            return self._work(given)
