"""A session: routers of one submission behind a channel, in a process of a sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from catbench.arrays import Floats
from catbench.route.routing import checked_answer
from catbench.score.answer import Answer, Labelled
from catbench.submit.sandbox.channel import Channel
from catbench.submit.sandbox.group import Usage
from catbench.submit.sandbox.launch import Inside, command_of
from catbench.submit.sandbox.wire import Kind, answer_size, decode_answer, encode_request, pool_to_json
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts


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

    def end(self) -> None:
        """End what runs, from another thread, where that can be."""
        ...


class SandboxSession(Channel):
    """Routers in a process of their own; what comes from there is checked byte by byte."""

    def __init__(self, inside: Inside, scratch: Path) -> None:
        private = inside.sandbox == "bwrap"
        super().__init__(command_of(inside), inside.name, inside.limits, scratch, private=private)
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
        nothing = np.empty((len(prompts), 0))
        reply = self.exchange(encode_request(asked, (prompts, nothing)), largest)
        numbers = decode_answer(reply, len(prompts), columns, kind)
        if numbers is None:
            self.break_off("answer", "answered with no array of the shape that was asked for")
        policy = kind == "policy"
        answer = numbers.T if policy else numbers
        return checked_answer(self._name, answer, len(prompts), pool, trade_offs, policy=policy)
