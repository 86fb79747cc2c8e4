"""Runs shards on a Ray cluster, as tasks of one GPU (or processor) each; Ray hands them out.

The cluster is one that runs, by address, or a local one that is started and stopped here. The run's folder
must be on a disk that all its machines see under the same path, and the same catbench, to the line, be
installed on each: a task checks both before it draws. Machines that differ in hardware or versions are
refused, because a matrix made by both would compare them.

A task makes some shards of one model. Where its process, node or GPU fails, Ray starts it again elsewhere,
and it goes on from what is on disk. What it raises of its own accord ends the run.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from catbench.errors import CatbenchError, GenerationError, MissingExtraError, UsageError, first_line
from catbench_make.checkout import VARIABLE
from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.engines.ray_node import DeviceFaultError, hardware_there, make_there, packages
from catbench_make.drawing.shards import shard_path
from catbench_make.plan.job import Job
from catbench_make.plan.shard_plan import Shard
from catbench_make.recorded import read_record

SECONDS_TO_COME_UP = 300.0
"""For the first worker: to get its GPU, start Python and import torch."""
MOST_LOSSES = 3
"""Workers that may be lost over one task; its shards are to blame then."""
MOST_SHARDS = 32
"""Of a task. Each loads its model anew, and the last ones of a run should end about together."""
SECONDS_TO_ANSWER = 10.0
"""For the head node's port."""
SECONDS_TO_BE_SEEN = 90.0
"""For a file that another machine has written: NFS may believe for a minute that it is not there."""
HANDED_ON = (VARIABLE, "CATBENCH_HOME", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE")
"""Variables that say where models lie: a worker would have those of the node's own start."""
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_task_oom_retries": str(MOST_LOSSES - 1),
}
"""Environment of a local cluster: no usage statistics are sent, nothing is warned of, and workers that used
up the memory are lost like others, where Ray alone would start them again for ever."""
OBJECT_STORE_BYTES = 100_000_000
"""Of a local cluster: images go through files, so that next to nothing lies in it."""


class RayEngine:
    """Workers on a Ray cluster; a context manager that is connected within its block.

    Nothing is asked of the cluster before: a run can be planned without it.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        """`address` is HOST:PORT of the head node, or `auto`; None = a cluster of this machine alone.

        `workers` is how many to use at most; None = one for each GPU, or, on processors, for each of them.
        Raises UsageError for an address or number that cannot be meant.
        """
        if workers is not None and workers < 1:
            raise UsageError(f"--workers {workers}: at least 1 is needed")
        self._head = None if address is None else head_of(address)
        self._address = address
        self._workers = workers
        self._ray: Any = None

    def __enter__(self) -> RayEngine:
        """Connect; raises MissingExtraError without Ray, UsageError where no cluster answers."""
        if self._head is not None:
            check_answer(self._head)
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            self._ray = import_module("ray")
        except ModuleNotFoundError as error:
            raise MissingExtraError("--engine ray", "ray", "ray") from error
        where: dict[str, Any] = {"address": self._address}
        if self._address is None:
            where = {
                "address": "local",
                "include_dashboard": False,
                "object_store_memory": OBJECT_STORE_BYTES,
                "num_cpus": self._workers,
            }
        try:
            self._ray.init(**where, log_to_driver=False, logging_level="ERROR", namespace="catbench")
        except Exception as error:  # Ray raises a plain Exception where its processes are slow to start
            cluster = (
                f"of --address {self._address} cannot be joined" if self._address else "cannot be started"
            )
            raise UsageError(f"--engine ray: a Ray cluster {cluster}: {first_line(error)}") from error
        return self

    def __exit__(self, *raised: object) -> None:
        """Let go of the cluster, and of workers that are still at it."""
        self._ray.shutdown()

    def hardware(self, device: str) -> str:
        """Return what the device of one worker calls itself; see `RemoteEngine`."""
        self._count(device)
        ask = self._ray.remote(**share(device))(hardware_there)
        with self._errors():
            return self._ray.get(ask.remote(device), timeout=SECONDS_TO_COME_UP)

    def run(self, job: Job, shards: Sequence[Shard]) -> Iterator[ShardDone]:
        """Make the shards; see `Engine`. Raises UsageError where workers cannot see the run's folder."""
        if not shards:
            return
        count = self._count(job.device)
        make = self._ray.remote(
            num_returns="streaming",
            max_retries=MOST_LOSSES - 1,
            retry_exceptions=[DeviceFaultError],
            **share(job.device),
        )(make_there)
        waiting = tasks_of(shards, count)
        under_way: dict[Any, deque[Shard]] = {}
        with _signed(job) as sign, self._errors():
            try:
                while waiting or under_way:
                    while waiting and len(under_way) < count:
                        task = waiting.popleft()
                        under_way[make.remote(job, task, sign, packages(), Path.cwd())] = deque(task)
                    ready = self._next(list(under_way), job.device)
                    answer = next(ready, None)
                    if answer is None or not under_way[ready]:  # lost after its last shard, which is there
                        del under_way[ready]
                    else:
                        yield self._done(answer, job, under_way[ready].popleft())
            finally:
                for task in under_way:
                    self._ray.cancel(task, force=True)

    def _next(self, tasks: list[Any], device: str) -> Any:
        """Return the first task that has an answer; raises UsageError where no node is left to give one."""
        while not (ready := self._ray.wait(tasks, num_returns=1, timeout=SECONDS_TO_COME_UP)[0]):
            self._count(device)
        return ready[0]

    def _done(self, answer: Any, job: Job, shard: Shard) -> ShardDone:
        """Return what became of a shard; raises GenerationError where one worker after the other was lost."""
        exceptions = import_module("ray.exceptions")
        try:
            done = self._ray.get(answer)
        except exceptions.RayError as error:
            of_its_own = isinstance(error, exceptions.RayTaskError)
            if of_its_own and not isinstance(error.cause, DeviceFaultError):
                raise
            raise GenerationError(
                f"shard {shard.name}: {MOST_LOSSES} workers were lost over it or those after it, the last "
                f"so: {first_line(error.cause if of_its_own else error)} (does its model fit into their "
                "memory?)"
            ) from error
        if not done.problem:
            wait_to_see(shard_path(job, shard))
        return replace(done, shard=shard)

    def _count(self, device: str) -> int:
        """Return how many workers there will be; raises UsageError for a device that none can have."""
        resources = self._ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        if device not in ("cpu", "cuda"):
            raise UsageError(
                f"--device {device!r} with --engine ray: Ray hands the GPUs out, give --device cuda"
            )
        if device == "cpu" and gpus:
            raise UsageError(
                f"--engine ray --device cpu: the cluster has {gpus} GPUs and none were asked for: "
                "give --device cuda"
            )
        if device == "cuda" and not gpus:
            raise UsageError(
                "--device cuda: the Ray cluster has no GPU (were its nodes started with --num-gpus?)"
            )
        there = gpus or int(resources.get("CPU", 1))
        return min(there, self._workers or there)

    @contextmanager
    def _errors(self) -> Generator[None]:
        """Turn what Ray raises for a worker into what the worker raised, or a sentence of ours."""
        exceptions = import_module("ray.exceptions")
        try:
            yield
        except exceptions.RayTaskError as error:
            if isinstance(error.cause, CatbenchError):
                raise error.cause from None
            raise
        except exceptions.GetTimeoutError as error:
            raise UsageError(
                f"no worker of the Ray cluster came up within {SECONDS_TO_COME_UP:g} seconds: are its GPUs "
                "taken by others? (`ray status`)"
            ) from error
        except exceptions.RayError as error:
            raise UsageError(
                f"a worker of the Ray cluster cannot start: {first_line(error)} (is the same catbench, with "
                "its extras generate and ray, installed on every node?)"
            ) from error


def tasks_of(shards: Sequence[Shard], workers: int) -> deque[Sequence[Shard]]:
    """Return the shards in tasks of one model, about two of a model for each worker if it has as many."""
    tasks: deque[Sequence[Shard]] = deque()
    for _, group in groupby(shards, lambda shard: shard.settings.model_key):
        members = list(group)
        size = min(MOST_SHARDS, -(-len(members) // (2 * workers)))
        tasks.extend(members[start : start + size] for start in range(0, len(members), size))
    return tasks


@contextmanager
def _signed(job: Job) -> Generator[Path]:
    """Put up the sign of a run for the block: a file that a worker must see."""
    # Named like a draft, so that it is cleared away where this process is killed.
    path = job.shards / f".seen-{secrets.token_hex(4)}"
    job.shards.mkdir(parents=True, exist_ok=True)
    try:
        path.touch()
        yield path
    finally:
        path.unlink(missing_ok=True)


def share(device: str) -> dict[str, Any]:
    """Return what a worker takes of a node, and its variables, as options of Ray.

    A process that used a GPU makes one task: what it has of the GPU stays taken, and faulty, until it ends.
    """
    gpus = 0 if device == "cpu" else 1
    variables = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    return {"num_cpus": 1, "num_gpus": gpus, "max_calls": gpus, "runtime_env": {"env_vars": variables}}


def head_of(address: str) -> tuple[str, int] | None:
    """Return host and port of a head node, None for `auto`; raises UsageError for what is no address."""
    if address == "auto":
        return None
    if "://" in address:
        raise UsageError(
            f"--address {address}: Ray's client is not supported; run catbench on a node of the cluster, and "
            "give HOST:PORT or auto"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(
            f"--address {address}: give HOST:PORT of the head node (the port is mostly 6379), or auto"
        )
    return host, int(port)


def check_answer(head: tuple[str, int]) -> None:
    """Raise UsageError for a head node that does not listen: Ray itself would try for minutes."""
    try:
        socket.create_connection(head, timeout=SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"--address {head[0]}:{head[1]}: nothing answers there: {error} (is the head node up? "
            "`ray start --head` prints its address)"
        ) from error


def wait_to_see(path: Path) -> None:
    """Wait until a recorded file that another machine has written is seen here.

    Raises GenerationError where it stays away for SECONDS_TO_BE_SEEN.
    """
    end = time.monotonic() + SECONDS_TO_BE_SEEN
    while read_record(path) is None or not path.exists():
        if time.monotonic() > end:
            raise GenerationError(
                f"{path}: a worker has written it and it is not seen here: is the run's folder on the same "
                "disk for both?"
            )
        time.sleep(0.5)
        for folder in (path.parent.parent, path.parent):  # to list a folder has NFS ask its server again
            if folder.is_dir():
                os.listdir(folder)
