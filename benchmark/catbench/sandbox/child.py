"""The program inside a sandbox: makes, fits and asks the router of one submission.

Requests come on its standard input, replies leave on its standard output; before any code of the
submission runs, both move out of the way of what the submission prints, limits that the kernel keeps are
set, and everything that catbench needs is imported, so that a module of the submission shadows none.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from catbench.errors import CatbenchError
from catbench.pool import Pool
from catbench.router_files import place_of
from catbench.routing import NamedRouter, ask, fit, load_router, make
from catbench.sandbox.limits import Limits
from catbench.sandbox.wire import (
    ANSWER,
    DONE,
    FAILED,
    LONGEST_TEXT,
    decode_request,
    encode_answer,
    frame,
    pool_from_json,
    read_frame,
)

BECOME_SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER` of Linux's prctl."""


def main(folder: str, packages: str, name: str, entry: str, limits: str, supervised: str) -> None:
    """Answer requests until there are no more; arguments as the command line gives them."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    if supervised == "yes":
        _supervise()
    _limit(Limits.model_validate_json(limits), by_threads=supervised != "yes")
    sys.path.append(packages)
    _Inside(name, Path(folder), entry, replies).serve(requests)


class _Inside:
    """The routers of one submission, one for each `make`."""

    def __init__(self, name: str, folder: Path, entry: str, replies: BinaryIO) -> None:
        self._name, self._folder, self._entry, self._replies = name, folder, entry, replies
        self._named: NamedRouter | None = None
        self._routers: list[tuple[Pool, Any]] = []

    def serve(self, requests: BinaryIO) -> None:
        """Reply to one request after the other."""
        while (found := read_frame(requests)) is not None:
            try:
                reply = self._reply(found[1])
            except Exception as error:  # whatever it is, the other side is told and decides
                said = str(error)
                if not isinstance(error, CatbenchError):
                    said = f"router {self._name!r}: {type(error).__name__}: {error}{place_of(error)}"
                reply = frame(FAILED, said.encode(errors="replace")[:LONGEST_TEXT])
            sys.stdout.flush()
            self._replies.write(reply)
            self._replies.flush()

    def _reply(self, payload: bytes) -> bytes:
        asked, prompts, quality, held = decode_request(payload)
        if asked["verb"] == "make":
            pool = pool_from_json(asked["pool"])
            if self._named is None:
                file, _, factory = self._entry.partition(":")
                self._named = load_router(self._name, self._folder / file, factory, self._folder)
            made = make(self._named, pool)
            self._routers.append((pool, made))
            return frame(DONE, b"estimator" if hasattr(made, "predict") else b"policy")
        pool, made = self._routers[asked["router"]]
        if quality is not None and held is not None:
            train, validation = np.flatnonzero(~held), np.flatnonzero(held)
            fit(
                self._name,
                made,
                (prompts.take(train), quality[train]),
                (prompts.take(validation), quality[validation]),
            )
            return frame(DONE, b"")
        answer = ask(self._name, made, prompts, pool, np.array(asked["trade_offs"]))
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


def _supervise() -> None:
    """Go on in a child; stay above it, so that no daemon leaves this process's tree, and end as it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1)
    child = os.fork()
    if not child:
        return
    os.closerange(0, 64)  # the pipes are the child's alone: their end is its end
    while (ended := os.wait())[0] != child:
        pass
    code = os.waitstatus_to_exitcode(ended[1])
    os._exit(code if code >= 0 else 128 - code)
