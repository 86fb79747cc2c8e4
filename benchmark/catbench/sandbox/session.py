"""Routers of one submission: behind a channel in a sandbox, or in this process for one's own code."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.pool import Pool
from catbench.prompts import Prompts
from catbench.router_output import check_choices, check_predictions
from catbench.routing import Answer, Labelled, ask, fit, load_router, make
from catbench.sandbox.channel import BreachError, Channel
from catbench.sandbox.command import run_bounded
from catbench.sandbox.group import Group, make_group
from catbench.sandbox.launch import SandboxKind, bubblewrap, check_available, python
from catbench.sandbox.layout import PACKAGES, SUBMISSION, seen_from_inside
from catbench.sandbox.limits import Limits
from catbench.sandbox.wire import Kind, answer_size, decode_answer, encode_request, pool_to_json


@dataclass(frozen=True)
class Inside:
    """What runs in a sandbox: a submission's folder, staged, and how it is to be run."""

    name: str
    folder: Path
    entry: str
    """`router.py:make_router`."""
    sandbox: SandboxKind = "bwrap"
    limits: Limits = field(default_factory=Limits)
    packages: Path | None = None
    """Folder of packages that its requirements installed."""
    masked: tuple[Path, ...] = ()
    """Folders to hide besides every named suite."""
    devices: tuple[str, ...] = ()
    """Device files it may use: a GPU's."""


@dataclass
class Usage:
    """What a session used, as far as it was seen."""

    seconds: float = 0.0
    memory_bytes: int = 0
    processes: int = 0
    control_group: bool = False


class Session(Protocol):
    """Routers of one submission in one process. `router` counts those that were made."""

    usage: Usage

    def make(self, pool: Pool) -> int:
        """Make a router for a pool; return its number."""
        ...

    def fit(self, router: int, train: Labelled, validation: Labelled) -> None:
        """Fit a router."""
        ...

    def ask(self, router: int, prompts: Prompts, trade_offs: Floats) -> Answer:
        """Ask a fitted router about prompts."""
        ...

    def close(self) -> None:
        """End it."""
        ...


@contextmanager
def open_session(inside: Inside) -> Generator[Session]:
    """Start a submission; it has ended, with all its processes, when the block ends.

    Raises UsageError where the sandbox cannot be had; what a session raises in the block is a RouterError,
    and so is a limit broken since it last answered, which is told when the block ends.
    """
    check_available(inside.sandbox)
    if inside.sandbox == "none":
        yield HereSession(inside)
        return
    with tempfile.TemporaryDirectory(prefix="catbench-", ignore_cleanup_errors=True) as scratch:
        session = SandboxSession(inside, Path(scratch))
        try:
            yield session
            session.check()
        finally:
            session.close()


class SandboxSession:
    """Routers in a process of their own; what comes from there is checked byte by byte."""

    def __init__(self, inside: Inside, scratch: Path) -> None:
        self._name, self._routers = inside.name, list[tuple[Pool, Kind]]()
        self._start, self._group = time.monotonic(), make_group(inside.limits)
        self.usage = Usage()
        isolated = inside.sandbox == "bwrap"
        process = _start(inside, scratch, self._group, isolated=isolated)
        self._channel = Channel(process, inside.name, inside.limits, private=isolated, group=self._group)

    def make(self, pool: Pool) -> int:
        """Make a router for a pool; return its number."""
        said = self._channel.exchange(encode_request({"verb": "make", "pool": pool_to_json(pool)}))
        if said not in (b"estimator", b"policy"):
            raise self._refused("made no router")
        self._routers.append((pool, "estimator" if said == b"estimator" else "policy"))
        return len(self._routers) - 1

    def fit(self, router: int, train: Labelled, validation: Labelled) -> None:
        """Fit a router."""
        (prompts, quality), (others, held) = train, validation
        features = {
            name: np.concatenate([values, others.features[name]]) for name, values in prompts.features.items()
        }
        both = Prompts([*prompts, *others], features)
        marked = np.arange(len(both)) >= len(prompts)
        asked = {"verb": "fit", "router": router}
        self._channel.exchange(encode_request(asked, both, np.concatenate([quality, held]), marked))

    def ask(self, router: int, prompts: Prompts, trade_offs: Floats) -> Answer:
        """Ask a fitted router about prompts."""
        pool, kind = self._routers[router]
        columns = len(pool) if kind == "estimator" else len(trade_offs)
        asked = {"verb": "ask", "router": router, "trade_offs": trade_offs.tolist()}
        largest = answer_size(len(prompts), columns, kind)
        said = self._channel.exchange(encode_request(asked, prompts), largest)
        numbers = decode_answer(said, len(prompts), columns, kind)
        if numbers is None:
            raise self._refused("answered with something else than an array of the shape that was asked for")
        if kind == "estimator":
            return Answer(check_predictions(self._name, numbers, len(prompts), pool.ids), None, trade_offs)
        chosen = check_choices(self._name, numbers.T, columns, len(prompts), len(pool))
        return Answer(None, chosen, trade_offs)

    def check(self) -> None:
        """Raise BreachError where a limit was broken, even if nothing was asked since."""
        self._channel.check()

    def close(self) -> None:
        """End the process and everything that it started."""
        watch = self._channel.watch
        seconds = time.monotonic() - self._start
        self._channel.close()
        self.usage = Usage(seconds, watch.peak_memory, watch.peak_processes, self._group is not None)

    def _refused(self, what: str) -> BreachError:
        self.close()
        return BreachError("answer", f"router {self._name!r} {what}")


class HereSession:
    """Routers in this very process, without any protection."""

    def __init__(self, inside: Inside) -> None:
        file, _, factory = inside.entry.partition(":")
        self._named = load_router(inside.name, inside.folder / file, factory, inside.folder)
        self._routers: list[tuple[Pool, Any]] = []
        self.usage = Usage()

    def make(self, pool: Pool) -> int:
        """Make a router for a pool; return its number."""
        self._routers.append((pool, make(self._named, pool)))
        return len(self._routers) - 1

    def fit(self, router: int, train: Labelled, validation: Labelled) -> None:
        """Fit a router."""
        fit(self._named.name, self._routers[router][1], train, validation)

    def ask(self, router: int, prompts: Prompts, trade_offs: Floats) -> Answer:
        """Ask a fitted router about prompts."""
        pool, made = self._routers[router]
        return ask(self._named.name, made, prompts, pool, trade_offs)

    def close(self) -> None:
        """Do nothing: there is no process to end."""


def run_inside(inside: Inside, command: Iterable[str], *, writable: Path) -> str:
    """Run a command in a bubblewrap that can write to one folder; return why it failed, if it did."""
    mounts = [
        mount if mount.target != PACKAGES else type(mount)(PACKAGES, writable, writable=True)
        for mount in seen_from_inside(inside.folder, writable, inside.masked)
    ]
    words = bubblewrap(mounts, list(command), inside.limits)
    return run_bounded(words, inside.limits, writes=writable, environment={})


def _start(inside: Inside, scratch: Path, group: Group | None, *, isolated: bool) -> subprocess.Popen[bytes]:
    limits = inside.limits.model_dump_json()
    folder, packages = inside.folder, inside.packages or scratch / "none"
    if isolated:
        folder, packages = SUBMISSION, PACKAGES
    words = python(str(folder), str(packages), inside.name, inside.entry, limits, "no" if isolated else "yes")
    environment: dict[str, str] = {}
    if isolated:
        mounts = seen_from_inside(inside.folder, inside.packages, inside.masked)
        words = bubblewrap(mounts, words, inside.limits, inside.devices)
    else:
        environment = {
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
        }
    if group is not None:
        words = group.around(words)
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=scratch, start_new_session=True
        )
    except OSError as error:
        if group is not None:
            group.remove()
        raise UsageError(f"the sandbox cannot be started: {error}") from error
