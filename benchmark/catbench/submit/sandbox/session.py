"""Routers of one submission behind a channel, in a process of a sandbox."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import psutil

from catbench.arrays import Floats
from catbench.route.router_output import check_choices, check_predictions
from catbench.score.answer import Answer, Labelled
from catbench.submit.sandbox.channel import BreachError, Channel
from catbench.submit.sandbox.group import Group, make_group
from catbench.submit.sandbox.launch import Inside, Usage, bubblewrap, python, sessions_can_part
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


class Sandbox:
    """Where the sessions of a submission run: each a process that knows of no other.

    Libraries that the submission names are loaded once, where sessions can part from each other; where they
    cannot, or where what they need lies where their own temporary folders would hide it, each session has a
    bubblewrap of its own.
    """

    together = 2
    """Sessions that go side by side."""

    def __init__(self, inside: Inside, place: Path) -> None:
        self._inside, self._place = inside, place
        self._around: Around = "none"
        if inside.sandbox == "bwrap":
            self._mounts = seen_from_inside(inside.folder, inside.packages, inside.masked)
            hidden = any(mount.target.is_relative_to(place) for mount in self._mounts for place in SCRATCH)
            self._around = "one" if hidden or not sessions_can_part() else "each"
        self._warm = None if self._around == "one" else self._start()

    def wait(self) -> None:
        """Wait until libraries are loaded, where they are loaded once: then a session begins at once."""
        if self._warm is not None:
            self._warm.wait(self._inside.limits.wall_seconds)

    @contextmanager
    def session(self) -> Generator[SandboxSession]:
        """Begin a session; it has ended, with all its processes, when the block ends.

        What it raises in the block is a RouterError, and so is a limit broken since it last answered, which
        is raised when the block ends.
        """
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


class SandboxSession:
    """Routers in a process of their own; what comes from there is checked byte by byte."""

    def __init__(self, inside: Inside, warm: Warm, scratch: str, around: Around) -> None:
        self._name, self._routers = inside.name, list[tuple[Pool, Kind]]()
        self.usage = Usage()
        private, limits = around != "none", inside.limits
        started = warm.begin(limits.wall_seconds, "" if private else scratch)
        if around == "one":  # it could kill its keeper, so all is watched from the outermost process
            started.pid = warm.pid
        self._start, self._group = time.monotonic(), make_group(limits)
        if not all(map(self._group.add, _tree(started.pid))):
            self._group.remove()
            self._group = Group(())
        self._watch = Watch(started.pid, limits, private=private, keepers=KEEPERS[around])
        self._channel = Channel(started, inside.name, limits, self._watch, self._group)

    def make(self, pool: Pool) -> int:
        """Make a router for a pool; return its number."""
        said = self._channel.exchange(encode_request({"verb": "make", "pool": pool_to_json(pool)}))
        if said not in (b"estimator", b"policy"):
            raise self._refused("made no router")
        self._routers.append((pool, "estimator" if said == b"estimator" else "policy"))
        return len(self._routers) - 1

    def fit(self, router: int, train: Labelled, validation: Labelled) -> None:
        """Fit a router."""
        self._channel.exchange(encode_request({"verb": "fit", "router": router}, train, validation))

    def ask(self, router: int, prompts: Prompts, trade_offs: Floats) -> Answer:
        """Ask a fitted router about prompts."""
        pool, kind = self._routers[router]
        columns = len(pool) if kind == "estimator" else len(trade_offs)
        asked = {"verb": "ask", "router": router, "trade_offs": trade_offs.tolist()}
        largest = answer_size(len(prompts), columns, kind)
        untold = np.empty((len(prompts), 0))
        said = self._channel.exchange(encode_request(asked, (prompts, untold)), largest)
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
        seconds, watch = time.monotonic() - self._start, self._watch
        self._channel.close()
        self.usage = Usage(seconds, watch.peak_memory, watch.peak_processes, bool(self._group.folders))

    def _refused(self, what: str) -> BreachError:
        self.close()
        return BreachError("answer", f"router {self._name!r} {what}")


def _tree(pid: int) -> list[int]:
    root = psutil.Process(pid)
    return [pid, *(process.pid for process in root.children(recursive=True))]
