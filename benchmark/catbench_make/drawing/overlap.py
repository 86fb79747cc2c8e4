"""Three shards at once in one worker: one is being drawn, the one before scored, the one after encoded.

Drawing keeps the device busy and the processor idle; scoring, PNG and Parquet do the opposite. So each stage
has a thread. What is made does not depend on it: a stage reads the files on disk and its own arguments, and
takes one shard after another. On a GPU the stages beside drawing have streams of their own, so that they wait
for none of the denoiser's kernels. A stage that finds the device's memory full beside a batch that is being
drawn is tried once more while nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, Generic, TypeVar

from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.texts import EncodedText
from catbench_make.drawing.worker import Drawing, Worker
from catbench_make.packages import optional
from catbench_make.pipelines.memory import free_memory, is_out_of_memory
from catbench_make.plan.shard_plan import Shard

Given = TypeVar("Given")
Made = TypeVar("Made")


class Overlap:
    """Makes shards in the order in which they are fed; a context manager that waits for what is under way.

    `feed` draws in the calling thread, which must always be the same: CUDA graphs belong to a thread.
    """

    def __init__(self, worker: Worker, device: str) -> None:
        self._worker = worker
        self._reading = _Stage(worker.read, device)
        self._finishing = _Stage(worker.finish, device)
        self._next: tuple[Shard, _Task[EncodedText] | None] | None = None
        self._last: _Task[ShardDone] | None = None

    def __enter__(self) -> Overlap:
        return self

    def __exit__(self, *raised: object) -> None:
        self._reading.wait()
        self._finishing.wait()

    def feed(self, shard: Shard | None) -> ShardDone | None:
        """Take in a shard; draw the one before; return the one before that, which is on disk now.

        None takes in nothing: two of them bring out the last. Raises as the worker does.
        """
        drawing, self._next = self._next, None
        if shard is not None:
            ahead = drawing is not None and self._will_have(drawing[0], shard)
            self._next = shard, self._reading.start(shard) if ahead else None
        last, self._last = self._last, None
        if drawing is not None:
            self._last = self._finishing.start(self._draw(*drawing))
        return last.result() if last else None

    def _draw(self, shard: Shard, text: _Task[EncodedText] | None) -> Drawing:
        return self._worker.draw(shard, lambda: (text or self._reading.start(shard)).result())

    def _will_have(self, drawing: Shard, shard: Shard) -> bool:
        """Return whether the pipeline at hand draws both of two shards."""
        return self._worker.has_loaded(drawing) and self._worker.has_loaded(shard)


class _Stage(Generic[Given, Made]):
    """One stage of the work, in a thread of its own."""

    def __init__(self, work: Callable[[Given], Made], device: str) -> None:
        self._work = work
        self._stream = nullcontext() if device == "cpu" else _stream(device)
        self._thread = ThreadPoolExecutor(1)

    def start(self, given: Given) -> _Task[Made]:
        return _Task(lambda: self._thread.submit(self._run, given))

    def wait(self) -> None:
        self._thread.shutdown(wait=True)

    def _run(self, given: Given) -> Made:
        with self._stream:
            return self._work(given)


class _Task(Generic[Made]):
    """What a stage is at, or has done."""

    def __init__(self, submit: Callable[[], Future[Made]]) -> None:
        self._submit = submit
        self._future = submit()

    def result(self) -> Made:
        """Wait for it, in the thread that draws: nothing is drawn then, so what found memory full fits."""
        try:
            return self._future.result()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        del self._future  # it has the error, whose frames hold tensors
        free_memory()
        self._future = self._submit()
        return self._future.result()


def _stream(device: str) -> Any:
    torch = optional("torch", "generating images")
    return torch.cuda.stream(torch.cuda.Stream(device))
