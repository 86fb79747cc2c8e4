"""Where one run of a submission fails, or its host is interrupted, none goes on."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from catbench.errors import RouterError
from catbench.score.rounds import rounds_of
from catbench.submit.judging import judge
from catbench.submit.run import session_of
from catbench.submit.sandbox.launch import Inside

SLEEPS = "import time\ntime.sleep(3600)\n"
LONG = 60
"""Seconds after which something has not ended."""


@pytest.fixture
def inside(bwrap, folder, head, limits, simulated):
    (folder / "router.py").write_text(head + SLEEPS)
    return Inside("attack", folder, "router.py:make_router", "bwrap", limits, masked=(simulated,))


def judged(begin, matrix):
    pools = [matrix.pool(metric=matrix.metrics[0].name)]
    return judge(begin, rounds_of(matrix), pools, lambda answers: None, timed=False)


def test_one_that_fails_ends_the_others_and_its_error_is_raised(inside, host, matrix):
    started = threading.Event()

    def begin():
        if not started.is_set():
            started.set()
            return session_of(inside)
        raise RouterError("the second one fails")

    start = time.monotonic()
    with pytest.raises(RouterError, match="the second one fails"):
        judged(begin, matrix)
    assert time.monotonic() - start < LONG
    host.check()


@pytest.fixture
def interruptible():
    """Takes SIGINT as Python does, though a job in the background may be started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_all_of_them(inside, host, matrix, interruptible):
    start = time.monotonic()
    threading.Timer(3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        judged(lambda: session_of(inside), matrix)
    assert time.monotonic() - start < LONG
    host.check()


@pytest.mark.parametrize(
    ("code", "says"),
    [("import notthere", "under requirements"), ("os._exit(3)", "ended with status 3 before it replied")],
)
def test_a_check_says_what_ended_it_and_what_to_do(bwrap, folder, head, command, code, says):
    (folder / "router.py").write_text(f"{head}{code}\n")
    checked = command("submit", "check", folder, "--suite", "nano")
    assert checked.code == 2
    assert says in checked.out + checked.err
