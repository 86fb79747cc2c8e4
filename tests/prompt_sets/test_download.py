"""A file from a server that may break off, lie, or know nothing of ranges."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from catbench.download import fetch
from catbench.errors import UsageError
from catbench.home import cache_folder

CONTENT = np.random.default_rng(0).bytes(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    """A server of one file; `breaks` bytes are sent at most an answer, and `asked` holds the ranges."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range", "")
            state.asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-") or 0) if state.ranges else 0
            if start >= len(CONTENT):
                self.send_response(416)
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            self.wfile.write(CONTENT[start : start + state.breaks])

        def log_message(self, *words):
            pass

    state = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.asked, state.breaks, state.ranges = [], len(CONTENT), True
    state.url = f"http://127.0.0.1:{state.server_port}/file"
    thread = threading.Thread(target=state.serve_forever, daemon=True)
    thread.start()
    yield state
    state.shutdown()
    state.server_close()
    thread.join()


def test_a_file_is_fetched_once(server, quiet):
    path = fetch(server.url, DIGEST, "file.bin", quiet)
    assert path.read_bytes() == CONTENT
    assert fetch(server.url, DIGEST, "file.bin", quiet) == path
    assert len(server.asked) == 1
    assert [item.name for item in (cache_folder() / "prompts").iterdir()] == ["file.bin"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_broke_off_goes_on(server, quiet, ranges):
    server.breaks = 2_000_000
    with pytest.raises(UsageError, match="run again to go on where it stopped") as caught:
        fetch(server.url, DIGEST, "file.bin", quiet)
    assert "\n" not in str(caught.value)
    assert not (cache_folder() / "prompts" / "file.bin").exists()
    server.breaks, server.ranges = len(CONTENT), ranges
    told = []
    assert fetch(server.url, DIGEST, "file.bin", lambda *step: told.append(step)).read_bytes() == CONTENT
    assert server.asked[1].startswith("bytes=")
    assert server.asked[1] != "bytes=0-"
    assert told[-1] == ("fetching file.bin", len(CONTENT), len(CONTENT))


def test_another_file_than_expected_is_refused_and_not_kept(server, quiet):
    with pytest.raises(UsageError, match="not the file that was expected") as caught:
        fetch(server.url, "0" * 64, "file.bin", quiet)
    assert "\n" not in str(caught.value)
    assert list((cache_folder() / "prompts").iterdir()) == []


def test_no_server_is_one_clear_line(server, quiet):
    server.shutdown()
    server.server_close()
    with pytest.raises(UsageError, match=r"cannot fetch .* give a local copy with --from") as caught:
        fetch(server.url, DIGEST, "file.bin", quiet)
    assert "\n" not in str(caught.value)
