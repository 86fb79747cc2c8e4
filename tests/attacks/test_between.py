"""Nothing is used up between two requests either, while the host reckons with what it was answered."""

from __future__ import annotations

import time
from contextlib import suppress

import psutil
import pytest

from catbench.report.limits import MIB
from catbench.submit.run import session_of
from catbench.submit.sandbox.channel import BreachError
from catbench.submit.sandbox.launch import Inside

HOARDING = """
import threading, time
def hoard():
    time.sleep(1)
    held = np.ones(800 * 2**20 // 8)
    time.sleep(3600)
"""
FORKING = """
import threading, time
def hoard():
    time.sleep(1)
    while True: os.fork()
"""
MAKE = """
def make_router(pool):
    threading.Thread(target=hoard, daemon=True).start()
    return Router()
"""


@pytest.mark.parametrize(
    ("code", "verdict", "memory"), [(HOARDING, "memory", 600 * MIB), (FORKING, "processes", 4096 * MIB)]
)
@pytest.mark.parametrize("asked_again", [True, False])
@pytest.mark.parametrize("sandbox", ["bwrap", "process"])
def test_what_is_used_between_requests_ends_it_and_is_told(
    bwrap, folder, head, matrix, limits, code, verdict, memory, asked_again, sandbox
):
    (folder / "router.py").write_text(head + code + MAKE)
    bounds = limits.model_copy(update={"memory_bytes": memory})
    inside = Inside("attack", folder, "router.py:make_router", sandbox, bounds)
    pool = matrix.pool(metric=matrix.metrics[0].name)
    with pytest.raises(BreachError) as told, session_of(inside) as session:  # noqa: PT012
        session.make(pool)
        wait_until_ended(session)
        if asked_again:
            session.make(pool)
    assert told.value.verdict == verdict


def test_what_is_used_is_seen_though_nothing_is_asked(bwrap, folder, head, matrix, limits):
    (folder / "router.py").write_text(head + HOARDING + MAKE)
    enough = limits.model_copy(update={"memory_bytes": 2000 * MIB})
    with (
        session_of(Inside("attack", folder, "router.py:make_router", "bwrap", enough)) as session,
    ):
        session.make(matrix.pool(metric=matrix.metrics[0].name))
        deadline = time.monotonic() + 120
        while session.usage.peak_memory_bytes < 800 * MIB:
            assert time.monotonic() < deadline, "nobody looked"
            time.sleep(0.05)
    assert session.usage.peak_memory_bytes > 800 * MIB


def wait_until_ended(session):
    """Wait until no process of the session runs any more."""
    deadline = time.monotonic() + 120
    with suppress(psutil.NoSuchProcess):  # it may end between two looks
        process = psutil.Process(session._watch._root.pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.05)
