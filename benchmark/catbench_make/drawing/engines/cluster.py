"""A Ray cluster as the run's own process sees it: its address, what a worker takes of it, its disk."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

from catbench.errors import GenerationError, UsageError
from catbench_make.checkout import VARIABLE
from catbench_make.recorded import read_record

SECONDS_TO_ANSWER = 10.0
"""For the head node's port."""
SECONDS_TO_BE_SEEN = 90.0
"""For a file that another machine has written: NFS may believe for a minute that it is not there."""
HANDED_ON = (VARIABLE, "CATBENCH_HOME", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE")
"""Variables that say where models lie: a worker would have those of the node's own start."""


def share(device: str) -> dict[str, Any]:
    """Return what a worker takes of a node, and its variables, as options of Ray.

    Nothing is said of retries: a task that died is given to another worker by `share_out` alone.
    """
    variables = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    return {
        "num_cpus": 1,
        "num_gpus": 0 if device == "cpu" else 1,
        "runtime_env": {"env_vars": variables},
    }


def check_address(address: str) -> None:
    """Raise UsageError for an address that is none of a head node."""
    if address == "auto":
        return
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


def check_answer(address: str) -> None:
    """Raise UsageError for an address where nobody listens: Ray itself would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"--address {address}: nothing answers there: {error} (is the head node up? "
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
