"""What runs on a machine of a Ray cluster: shards are made there, if it is like the others."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from catbench.errors import CatbenchError, GenerationError, SuiteError, UsageError, first_line
from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.shards import missing_shards
from catbench_make.packages import own_version, prepare, versions
from catbench_make.plan.job import Job, hardware_name
from catbench_make.plan.shard_plan import Shard

_FAULTS = re.compile(r"CUDA error|CUDNN_STATUS_|CUBLAS_STATUS_")
"""What a RuntimeError of a device says; full memory, which says the same, is no fault."""


class DeviceFaultError(GenerationError):
    """A GPU fails a worker, whose process can no longer use it."""


def make_there(
    job: Job, shards: Sequence[Shard], sign: Path, needed: dict[str, str], folder: Path
) -> Iterator[ShardDone]:
    """Make shards on the cluster, those that a lost worker has made already left as they are.

    `sign` is a file that is there for this run alone, `needed` the versions of `packages` on the machine that
    asks, `folder` where relative paths begin. Raises UsageError where this machine cannot do its part of it.
    """
    with suppress(OSError):  # a disk that this node does not share; what is looked for there is missed
        os.chdir(folder)
    with sendable():
        from catbench_make.drawing.engines.local import LocalEngine

        check_here(job, sign, needed)
        missing, _ = missing_shards(job, shards)
        made = LocalEngine().run(job, missing)
        for shard in shards:
            yield next(made) if shard in missing else ShardDone(shard)


def check_here(job: Job, sign: Path, needed: dict[str, str]) -> None:
    """Raise UsageError where this machine has not the files, the hardware or the packages of the others."""
    node = socket.gethostname()
    if not (os.path.isfile(sign) and os.access(job.folder, os.W_OK)):  # false, too, where none may look
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
    here = packages()
    for package, version in needed.items():
        if (found := here.get(package)) != version:
            raise UsageError(
                f"{package} is {found or 'not installed'} on {node} and {version} here: install the same "
                "versions on every node (constraints.txt)"
            )


def packages() -> dict[str, str]:
    """Return the versions that must be the same on every machine: they decide pixels and scores."""
    return {**versions(), "catbench": own_version()}


def hardware_there(device: str) -> str:
    """Return the name of a worker's device; runs on the cluster."""
    with sendable():
        prepare()
        return hardware_name(device)


@contextmanager
def sendable() -> Generator[None]:
    """Raise an error of ours, or of a device, as one that can be sent: made of its message alone."""
    try:
        yield
    except Exception as error:
        if _is_device_fault(error):
            raise DeviceFaultError(first_line(error)) from None
        if not isinstance(error, CatbenchError):
            raise
        kind = type(error) if type(error) in (SuiteError, UsageError) else GenerationError
        raise kind(str(error)) from None


def _is_device_fault(error: BaseException | None) -> bool:
    """Return whether an error, or one that led to it, is a device's."""
    while error is not None:
        if isinstance(error, RuntimeError) and _FAULTS.search(str(error)):
            from catbench_make.pipelines.memory import is_out_of_memory

            return not is_out_of_memory(error)
        error = error.__cause__
    return False
