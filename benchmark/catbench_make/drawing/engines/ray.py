"""Runs shards on a Ray cluster: each worker is an actor with one GPU (or processor), shards are its tasks.

The cluster is one that runs, by address, or a local one that is started and stopped here. The run's folder
must be on a disk that all its machines see under the same path, and the same catbench, to the line, be
installed on each: both are checked before anything is drawn. Workers that differ in hardware or versions are
refused, because a matrix made by both would compare them.

A worker is lost whose process, node or GPU fails; another takes its place. What it raises of its own accord
ends the run.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from catbench.errors import CatbenchError, MissingExtraError, UsageError, first_line
from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.engines.cluster import check_address, check_answer, share, wait_to_see
from catbench_make.drawing.engines.crew import ShardAnswer, share_out
from catbench_make.drawing.engines.worker_errors import DeviceFaultError, sendable
from catbench_make.drawing.shards import shard_path
from catbench_make.packages import own_version, prepare, versions
from catbench_make.plan.job import Job, hardware_name
from catbench_make.plan.shard_plan import Shard

SECONDS_TO_COME_UP = 300.0
"""For a worker: to get its GPU, start Python and import torch."""
MOST_STILLBORN = 3
"""Workers that may be lost in a row before they have come up; those that are up go on alone then."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Environment of a local cluster: no usage statistics are sent, and nothing is warned of."""
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
        if address is not None:
            check_address(address)
        self._address = address
        self._workers = workers
        self._ray: Any = None

    def __enter__(self) -> RayEngine:
        """Connect; raises MissingExtraError without Ray, UsageError where no cluster answers."""
        if self._address is not None:
            check_answer(self._address)
        for name, value in QUIET.items():
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
        remote = self._ray.remote(_hardware).options(**share(device))
        with self._errors():
            return self._ray.get(remote.remote(device), timeout=SECONDS_TO_COME_UP)

    def run(self, job: Job, shards: Sequence[Shard]) -> Iterator[ShardDone]:
        """Make the shards; see `Engine`. Raises UsageError where workers cannot see the run's folder."""
        if not shards:
            return
        # Nobody needs more workers than there are shards.
        count = min(self._count(job.device), len(shards))
        with closing(_RayCrew(self._ray, job)) as crew, self._errors():
            crew.start(count)
            for done in share_out(crew, shards):
                if not done.problem:
                    wait_to_see(shard_path(job, done.shard))
                yield done

    def _count(self, device: str) -> int:
        """Return how many workers there will be; raises UsageError for a device that none can have."""
        resources = self._ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        if device == "cpu":
            if gpus:
                raise UsageError(
                    f"--engine ray --device cpu: the cluster has {gpus} GPUs and none were asked for: "
                    "give --device cuda"
                )
            there = int(resources.get("CPU", 1))
        elif device != "cuda":
            raise UsageError(
                f"--device {device!r} with --engine ray: Ray hands the GPUs out, give --device cuda"
            )
        elif not gpus:
            raise UsageError(
                "--device cuda: the Ray cluster has no GPU (were its nodes started with --num-gpus?)"
            )
        else:
            there = gpus
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
            raise _nobody_came() from error
        except exceptions.RayError as error:
            raise UsageError(
                f"a worker of the Ray cluster cannot start: {first_line(error)} (is the same catbench, with "
                "its extras generate and ray, installed on every node?)"
            ) from error


class _Sign(NamedTuple):
    """What tells a worker that it has the same files and packages."""

    path: Path
    token: str
    """What the file holds."""
    packages: dict[str, str]
    """Versions that decide pixels and scores, catbench's own among them."""


class _RayCrew:
    """Actors of one run, and their tasks that are under way."""

    def __init__(self, ray: Any, job: Job) -> None:
        self._ray = ray
        self._exceptions = import_module("ray.exceptions")
        self._job = job
        self._actors: list[Any] = []
        self._pending: dict[Any, int] = {}
        self._up: set[int] = set()
        self._stillborn = 0
        # Named like a draft, so that it is cleared away where this process is killed.
        path = job.shards / f".seen-{secrets.token_hex(4)}"
        self._sign = _Sign(path, secrets.token_hex(16), {**versions(), "catbench": own_version()})

    def start(self, count: int) -> None:
        """Have workers come up."""
        self._job.shards.mkdir(parents=True, exist_ok=True)
        self._sign.path.write_text(self._sign.token)
        for _ in range(count):
            self.replace()

    def give(self, worker: int, shard: Shard | None) -> None:
        self._pending[self._actors[worker].feed.remote(shard)] = worker

    def next_answer(self) -> ShardAnswer:
        waiting_for_one = not self._up.intersection(self._pending.values())
        timeout = SECONDS_TO_COME_UP if waiting_for_one else None
        ready, _ = self._ray.wait(list(self._pending), num_returns=1, timeout=timeout)
        if not ready:
            raise _nobody_came()
        worker = self._pending.pop(ready[0])
        try:
            done = self._ray.get(ready[0])
        except self._exceptions.RayError as error:
            of_its_own = isinstance(error, self._exceptions.RayTaskError)
            if of_its_own and not isinstance(error.cause, DeviceFaultError):
                raise
            if worker not in self._up:
                if not self._up:  # the first one that was to come up: no other would
                    raise
                self._stillborn += 1
            self._up.discard(worker)
            self._end(self._actors[worker])
            return ShardAnswer(worker, lost=first_line(error))
        self._up.add(worker)
        self._stillborn = 0
        return ShardAnswer(worker, done)

    def replace(self) -> None:
        if self._up and self._stillborn >= MOST_STILLBORN:
            return
        options = share(self._job.device)
        actor = self._ray.remote(_RayMember).options(**options).remote(Path.cwd())
        self._pending[actor.join.remote(self._job, self._sign)] = len(self._actors)
        self._actors.append(actor)

    def close(self) -> None:
        """End the workers."""
        for actor in self._actors:
            self._end(actor)
        self._sign.path.unlink(missing_ok=True)

    def _end(self, actor: Any) -> None:
        with suppress(Exception):  # it is gone already
            self._ray.kill(actor)


class _RayMember:
    """One worker, as it runs on the cluster."""

    def __init__(self, folder: Path = Path()) -> None:
        """`folder` is where relative paths begin."""
        with suppress(OSError):  # a disk that this node does not share; what is looked for there is missed
            os.chdir(folder)

    def join(self, job: Job, sign: _Sign) -> None:
        """Take up a job; raises UsageError where this machine cannot do its part of it."""
        from catbench_make.drawing.overlap import Overlap
        from catbench_make.drawing.worker import Worker

        with sendable():
            _check_here(job, sign)
            self._line = Overlap(Worker(job), job.device)

    def feed(self, shard: Shard | None) -> ShardDone | None:
        """See `Overlap.feed`."""
        with sendable():
            return self._line.feed(shard)


def _check_here(job: Job, sign: _Sign) -> None:
    """Raise UsageError where this machine has not the files, the hardware or the packages of the others."""
    node = socket.gethostname()
    try:
        seen = sign.path.read_text() == sign.token and os.access(job.folder, os.W_OK)
    except OSError:
        seen = False
    if not seen:
        raise UsageError(
            f"--out {job.folder}: a worker on {node} does not see this folder, or cannot write to it: put it "
            "on a disk that all nodes of the cluster share under the same path"
        )
    if job.root is not None and not job.root.is_dir():
        raise UsageError(
            f"suite {job.root}: a worker on {node} does not see this folder; put it on a shared disk"
        )
    if (name := hardware_name(job.device)) != job.hardware:
        raise UsageError(
            f"the cluster's workers differ: {name} on {node}, {job.hardware} on another; a matrix comes from "
            "one kind of hardware: give the address of a cluster that has one"
        )
    here = {**versions(), "catbench": own_version()}
    for package, version in sign.packages.items():
        if (found := here.get(package)) != version:
            raise UsageError(
                f"{package} is {found or 'not installed'} on {node} and {version} here: install the same "
                "versions on every node (constraints.txt)"
            )


def _hardware(device: str) -> str:
    """Return the name of a worker's device; runs on the cluster."""
    with sendable():
        prepare()
        return hardware_name(device)


def _nobody_came() -> UsageError:
    return UsageError(
        f"no worker of the Ray cluster came up within {SECONDS_TO_COME_UP:g} seconds: are its GPUs taken by "
        "others? (`ray status`)"
    )
