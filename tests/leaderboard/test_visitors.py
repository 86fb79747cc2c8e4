"""Two hundred visitors: one process serves them, and gives back what it took when they leave."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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
KEPT = 130
"""Seconds after which Streamlit gives up a session that its visitor has left."""


@pytest.fixture
def served(home):
    """The address of the shipped board on the loopback, and the process that serves it."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    run = "from catbench_command import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", run, "leaderboard", "--port", str(port), "--headless"],
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


def visit(address, query, leaving):
    """Open the page as a browser does; return the markup when its script has run. `leaving` closes it."""
    visitor = leaving.enter_context(
        connect(address, max_size=None, subprotocols=["streamlit"], open_timeout=120)
    )
    asked = BackMsg()
    asked.rerun_script.query_string = query
    visitor.send(asked.SerializeToString())
    seen = []
    while True:
        told = ForwardMsg()
        told.ParseFromString(visitor.recv(timeout=300))
        if told.WhichOneof("type") == "delta":
            seen += [told.delta.new_element.html.body, told.delta.new_element.plotly_chart.spec]
        if told.WhichOneof("type") == "script_finished":
            return "".join(seen)


def many(address, count, leaving):
    """Return what so many visitors see, some of whom come at once; `leaving` closes their pages."""
    metrics = ("scene_accuracy", "clip_score")
    addresses = [f"suite=nano&metric={metrics[number % 2]}" for number in range(count)]
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return list(crowd.map(lambda query: visit(address, query, leaving), addresses))


def test_two_hundred_visitors_are_served_by_one_process_and_their_memory_is_given_back(served):
    address, process = served
    with ExitStack() as leaving:  # what is kept for all of them is there afterwards
        many(address, AT_ONCE, leaving)
    before = memory(process)
    with ExitStack() as leaving:
        found = many(address, VISITORS, leaving)
        there = memory(process)
    assert len(found) == VISITORS
    assert all("Is routing worth it?" in said and "cost of always" in said for said in found)
    time.sleep(KEPT)
    with ExitStack() as leaving:
        many(address, VISITORS, leaving)
        again = memory(process)
    sizes = {"before": before, "there": there, "as many again, later": again}
    print(json.dumps({name: f"{size / 1e6:.0f} MB" for name, size in sizes.items()}))
    assert there - before < EACH * VISITORS
    assert again - there < 0.5 * (there - before) + 20e6  # they find the room of those who left
