"""Two hundred visitors: one process serves them, and gives back what it took when they leave."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")
connect = pytest.importorskip("websockets.sync.client", reason="needs websockets").connect

from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: E402
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="reads memory from /proc"),
]
VISITORS, AT_ONCE = 200, 20
EACH = 5e6
"""Bytes that a visitor may take while he is there."""


@pytest.fixture
def served(home, pair):
    """The address of a board on the loopback, and the process that serves it."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    run = "from catbench_command import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", run, "leaderboard", str(pair), "--port", str(port), "--headless"],
        env={**os.environ, "CATBENCH_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5):
                break
        except OSError:
            time.sleep(0.1)
    yield f"ws://localhost:{port}/_stcore/stream", process
    process.terminate()
    process.wait(30)


def memory(process):
    """Return the resident bytes of a process."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def visit(address, query=""):
    """Open the page as a browser does; return the socket, and the markup when its script has run."""
    visitor = connect(address, max_size=None, subprotocols=["streamlit"], open_timeout=120)
    asked = BackMsg()
    asked.rerun_script.query_string = query
    visitor.send(asked.SerializeToString())
    seen = []
    while True:
        told = ForwardMsg()
        told.ParseFromString(visitor.recv(timeout=300))
        if told.WhichOneof("type") == "delta":
            seen.append(told.delta.new_element.html.body)
        if told.WhichOneof("type") == "script_finished":
            return visitor, "".join(seen)


def many(address, count):
    """Return the sockets of so many visitors, some at a time."""
    found, lock = [], threading.Lock()

    def come(number):
        suite = f"suite=sim-one&metric={('simulated_score', 'simulated_error')[number % 2]}"
        visitor, said = visit(address, suite)
        with lock:
            found.append((visitor, said))

    for start in range(0, count, AT_ONCE):
        threads = [
            threading.Thread(target=come, args=(k,)) for k in range(start, min(start + AT_ONCE, count))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found


def test_two_hundred_visitors_are_served_by_one_process_and_their_memory_is_given_back(served):
    address, process = served
    for visitor, _ in many(address, AT_ONCE):  # what is kept for all of them is there
        visitor.close()
    before = memory(process)
    found = many(address, VISITORS)
    assert len(found) == VISITORS
    assert all("Is routing worth it?" in said or "Nobody is ranked here" in said for _, said in found)
    there = memory(process)
    for visitor, _ in found:
        visitor.close()
    deadline = time.monotonic() + 240  # a session that lost its visitor is kept for two minutes
    while (left := memory(process)) - before > 0.5 * max(
        there - before, 40e6
    ) and time.monotonic() < deadline:
        visit(address)[0].close()
        time.sleep(5)
    again = many(address, VISITORS // 2)
    second = memory(process)
    for visitor, _ in again:
        visitor.close()
    grew = {"before": before, "there": there, "left": left, "second": second}
    print(json.dumps({name: f"{size / 1e6:.0f} MB" for name, size in grew.items()}))
    assert there - before < EACH * VISITORS
    assert second < there + 20e6  # who comes later finds the room of those who left
