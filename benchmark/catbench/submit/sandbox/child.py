"""The program inside a sandbox: makes, fits and asks the router of one submission.

Before any code of the submission runs, limits that the kernel keeps are set. Requests and replies go through
pipes that nothing the submission prints gets into.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np

from catbench.errors import CatbenchError
from catbench.report.limits import Limits
from catbench.route.router_files import place_of
from catbench.submit.sandbox.routers import Routers
from catbench.submit.sandbox.wire import (
    ANSWER,
    DONE,
    FAILED,
    LONGEST_TEXT,
    READY,
    decode_request,
    encode_answer,
    frame,
    pool_from_json,
    read_frame,
)

DIE_WITH_PARENT, ADOPT_ORPHANS = 1, 36
"""`PR_SET_PDEATHSIG`, `PR_SET_CHILD_SUBREAPER` of Linux."""


def main(folder: str, packages: str, name: str, entry: str, limits: str, sandbox: str) -> None:
    """Say that it is ready, and reply to requests; arguments as the command line gives them."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sandbox == "process" and sys.platform == "linux":  # bubblewrap does both
        call = ctypes.CDLL(None).prctl
        call(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        call(ADOPT_ORPHANS, 1, 0, 0, 0)  # so that none leaves this process's tree
    _limit(Limits.model_validate_json(limits), by_threads=sandbox == "bwrap")
    if packages:
        sys.path.append(packages)
    replies.write(READY)
    replies.flush()
    _serve(Routers(name, Path(folder), entry), name, requests, replies)


def _serve(routers: Routers, name: str, requests: BinaryIO, replies: BinaryIO) -> None:
    """Reply to one request after the other."""
    while (found := read_frame(requests)) is not None:
        try:
            reply = _reply(routers, found[1])
        except Exception as error:  # whatever it is, the other side is told and decides
            said = str(error)
            if not isinstance(error, CatbenchError):
                said = f"router {name!r}: {type(error).__name__}: {error}{place_of(error)}"
            reply = frame(FAILED, said.encode(errors="replace")[:LONGEST_TEXT])
        sys.stdout.flush()
        replies.write(reply)
        replies.flush()


def _reply(routers: Routers, payload: bytes) -> bytes:
    asked, parts = decode_request(payload)
    if asked["verb"] == "make":
        made = routers.make(pool_from_json(asked["pool"]))
        return frame(DONE, b"estimator" if routers.predicts(made) else b"policy")
    if asked["verb"] == "fit":
        routers.fit(asked["router"], *parts)
        return frame(DONE, b"")
    ((prompts, _),) = parts
    answer = routers.ask(asked["router"], prompts, np.array(asked["trade_offs"]))
    numbers = answer.predicted if answer.choices is None else answer.choices.T
    assert numbers is not None
    return frame(ANSWER, encode_answer(numbers))


def _limit(limits: Limits, *, by_threads: bool) -> None:
    """Set the limits that the kernel keeps for each process; they can only be lowered from here on."""
    bounds = {
        resource.RLIMIT_FSIZE: limits.scratch_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    if by_threads:  # outside a user namespace of its own it would count the whole user's
        bounds[resource.RLIMIT_NPROC] = limits.threads
    for kind, bound in bounds.items():
        hard = resource.getrlimit(kind)[1]
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (bound, bound))
    seconds = limits.cpu_seconds  # first a signal that tells why, which could be ignored, then the end
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
