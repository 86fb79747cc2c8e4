"""Nothing of a sandbox outlives the program that started it, not even when that is killed."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

HOST = """
import sys
from pathlib import Path
from catbench.submit.sandbox.launch import Inside
from catbench.submit.run import session_of
from catbench.suite.store import load

matrix = load(sys.argv[1])
inside = Inside("attack", Path(sys.argv[2]), "router.py:make_router")
with session_of(inside) as session:
    session.make(matrix.pool(metric=matrix.metrics[0].name))
"""
STAYING = """
import ctypes, signal, time
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
ctypes.CDLL(None).prctl(15, b'@DAEMON@', 0, 0, 0)
time.sleep(3600)
"""


def named(name):
    """Return the processes of that name."""
    running = psutil.process_iter(["name", "status"])
    return [one for one in running if one.info["name"] == name and one.info["status"] != psutil.STATUS_ZOMBIE]


def test_a_sandbox_ends_when_its_host_is_killed(bwrap, folder, simulated, host, head):
    staying = host.filled(STAYING)
    (folder / "router.py").write_text(head + staying)
    name = host.things()["DAEMON"]
    started = subprocess.Popen([sys.executable, "-c", HOST, simulated, folder])
    deadline = time.monotonic() + 120
    while not (inside := named(name)):
        assert started.poll() is None
        assert time.monotonic() < deadline, "the sandbox did not start"
        time.sleep(0.05)
    started.kill()
    started.wait()
    assert not psutil.wait_procs(inside, timeout=60)[1]
    assert not named(name)
