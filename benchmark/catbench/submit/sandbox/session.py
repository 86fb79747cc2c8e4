"""Routers of one submission behind a channel, in a process of a sandbox."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np

from catbench.arrays import Floats
from catbench.route.routing import checked_answer
from catbench.score.answer import Answer, Labelled
from catbench.submit.sandbox.channel import Channel
from catbench.submit.sandbox.group import Usage
from catbench.submit.sandbox.launch import Inside, bubblewrap, python, sessions_can_part
from catbench.submit.sandbox.layout import PACKAGES, SCRATCH, SUBMISSION, seen_from_inside
from catbench.submit.sandbox.warm import Warm
from catbench.submit.sandbox.watch import Watch
from catbench.submit.sandbox.wire import Kind, answer_size, decode_answer, encode_request, pool_to_json
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts

Around: TypeAlias = Literal["each", "one", "none"]
"""What has namespaces of its own: each session, a sandbox for one session, or nothing."""
KEEPERS: dict[Around, int] = {"each": 2, "one": 0, "none": 1}
"""Processes that are watched first and counted as nobody's: those that a submission cannot reach."""


class Session(Protocol):
    """Routers of one submission, by the numbers that `make` returns, wherever they are."""

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


class Sandbox:
    """Where the sessions of a submission run: each a process that knows of no other.

    Where no sandbox is asked for they are in this very process, without any protection. Libraries that the
    submission names are loaded once, where sessions can part from each other; where they cannot, or where
    what they need lies where their own temporary folders would hide it, each session has a bubblewrap of its
    own.
    """

    def __init__(self, inside: Inside, place: Path, here: Callable[[], Session]) -> None:
        """Start it; `place` is a folder for its files, `here` begins a session in this process."""
        self._inside, self._place, self._here = inside, place, here
        self._around: Around = "none"
        if inside.sandbox == "bwrap":
            self._mounts = seen_from_inside(inside.folder, inside.packages, inside.masked)
            hidden = any(mount.target.is_relative_to(place) for mount in self._mounts for place in SCRATCH)
            self._around = "one" if hidden or not sessions_can_part() else "each"
        self._warm = None if self._around == "one" or inside.sandbox == "none" else self._start()
        self.together = 1 if inside.sandbox == "none" else 2
        """Sessions that go side by side."""

    def wait(self) -> None:
        """Wait until libraries are loaded, where they are loaded once: then a session begins at once."""
        if self._warm is not None:
            self._warm.wait(self._inside.limits.wall_seconds)

    @contextmanager
    def session(self) -> Generator[Session]:
        """Begin a session; it has ended, with all its processes, when the block ends.

        What it raises in the block is a RouterError, and so is a limit broken since it last answered, which
        is raised when the block ends.
        """
        if self._inside.sandbox == "none":
            yield self._here()
            return
        with (
            nullcontext(self._warm) if self._warm else closing(self._start()) as warm,
            tempfile.TemporaryDirectory(dir=self._place, ignore_cleanup_errors=True) as scratch,
            closing(SandboxSession(self._inside, warm, scratch, self._around)) as session,
        ):
            yield session
            session.check()

    def close(self) -> None:
        """End it."""
        if self._warm is not None:
            self._warm.close()

    def _start(self) -> Warm:
        inside, place = self._inside, Path(tempfile.mkdtemp(dir=self._place))
        folder, packages = inside.folder, inside.packages or place / "none"
        if inside.sandbox == "bwrap":
            folder, packages = SUBMISSION, PACKAGES
        settings = inside.name, inside.entry, inside.limits.model_dump_json(), self._around
        words = python(str(folder), str(packages), *settings, ",".join(inside.modules))
        if inside.sandbox == "bwrap":
            closed = self._around == "one"
            words = bubblewrap(self._mounts, words, inside.limits, inside.devices, closed=closed)
        return Warm(words, place, inside.name)


class SandboxSession(Channel):
    """Routers in a process of their own; what comes from there is checked byte by byte."""

    def __init__(self, inside: Inside, warm: Warm, scratch: str, around: Around) -> None:
        private, limits = around != "none", inside.limits
        started = warm.begin(limits.wall_seconds, "" if private else scratch)
        if around == "one":  # it could kill its keeper, so all is watched from the outermost process
            started.pid = warm.pid
        watch = Watch(started.pid, limits, private=private, keepers=KEEPERS[around])
        super().__init__(started, inside.name, limits, watch)
        self._routers = list[tuple[Pool, Kind]]()

    def make(self, pool: Pool) -> int:
        """Make a router for a pool; return its number."""
        said = self.exchange(encode_request({"verb": "make", "pool": pool_to_json(pool)}))
        if said not in (b"estimator", b"policy"):
            self.break_off("answer", "made no router")
        self._routers.append((pool, "estimator" if said == b"estimator" else "policy"))
        return len(self._routers) - 1

    def fit(self, router: int, train: Labelled, validation: Labelled) -> None:
        """Fit a router."""
        self.exchange(encode_request({"verb": "fit", "router": router}, train, validation))

    def ask(self, router: int, prompts: Prompts, trade_offs: Floats) -> Answer:
        """Ask a fitted router about prompts."""
        pool, kind = self._routers[router]
        columns = len(pool) if kind == "estimator" else len(trade_offs)
        asked = {"verb": "ask", "router": router, "trade_offs": trade_offs.tolist()}
        largest = answer_size(len(prompts), columns, kind)
        untold = np.empty((len(prompts), 0))
        said = self.exchange(encode_request(asked, (prompts, untold)), largest)
        numbers = decode_answer(said, len(prompts), columns, kind)
        if numbers is None:
            self.break_off("answer", "answered with no array of the shape that was asked for")
        policy = kind == "policy"
        said = numbers.T if policy else numbers
        return checked_answer(self._name, said, len(prompts), pool, trade_offs, policy=policy)
