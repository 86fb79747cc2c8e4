"""A process that waits in a sandbox with its libraries loaded, and becomes sessions when it is asked to.

What is loaded was loaded before any code of a submission ran, and each session parts from it and from all
others: nothing that one does is seen by another. Python's own randomness (the order of sets) is one for all
sessions of such a process, so whether answers repeat is seen between two of them.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from catbench.errors import RouterError, UsageError
from catbench.submit.sandbox.keeper import READY
from catbench.terminal import one_line

CREDENTIALS = struct.Struct("3i")
"""Process, user and group, as the kernel tells them: the number of the process on this side."""


@dataclass
class Started:
    """The first process of a session, and this side's ends of its pipes."""

    pid: int
    requests: FileIO
    replies: FileIO
    errors: FileIO
    word: socket.socket

    def go(self) -> None:
        """Let the session begin."""
        with suppress(OSError):  # one that ended shows where its reply is read
            self.word.sendall(b".")

    def code(self, seconds: float) -> int | None:
        """Return the code that the session ended with, None where it has not told within so long.

        Raises UsageError where the sandbox could not be made.
        """
        self.word.settimeout(seconds)
        with suppress(OSError):
            said, _, rest = self.word.recv(4096).decode(errors="replace").strip().partition(": ")
            if said == "failed":
                raise UsageError(f"the sandbox cannot be started: {rest}")
            return int(rest) if said == "ended" else None
        return None

    def close(self) -> None:
        """Close this side's ends."""
        for end in (self.requests, self.replies, self.errors, self.word):
            end.close()


class Warm:
    """The waiting process."""

    def __init__(self, words: Sequence[str], place: Path, name: str) -> None:
        """Start it by a command; `place` is a folder for what it prints, `name` the submission's."""
        self._control, theirs = socket.socketpair()
        self._said, self._name = place / "said", name
        self._lock, self._is_ready = threading.Lock(), False
        try:
            with theirs, self._said.open("wb") as said:
                self._process = subprocess.Popen(
                    words,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                    cwd=place,
                    start_new_session=True,
                )
        except OSError as error:
            self._control.close()
            raise UsageError(f"the sandbox cannot be started: {error}") from error
        self.pid = self._process.pid

    def wait(self, seconds: float) -> None:
        """Wait until it can become sessions. Raises RouterError where it cannot."""
        with self._lock:
            if not self._is_ready:
                self._control.settimeout(seconds)
                with suppress(OSError):
                    self._is_ready = self._control.recv(len(READY)) == READY
            if not self._is_ready:
                raise RouterError(f"router {self._name!r}: its sandbox did not start{self._printed()}")

    def begin(self, seconds: float, scratch: str) -> Started:
        """Return a session that waits for `go`. `scratch` is its temporary folder, empty for its own."""
        self.wait(seconds)
        their_requests, requests = os.pipe()
        replies, their_replies = os.pipe()
        errors, their_errors = os.pipe()
        inside = [their_requests, their_replies, their_errors]
        word, theirs = socket.socketpair()
        if tells := hasattr(socket, "SO_PASSCRED"):
            word.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        word.settimeout(seconds)
        started = Started(0, FileIO(requests, "w"), FileIO(replies), FileIO(errors), word)
        try:
            with theirs, self._lock:
                socket.send_fds(self._control, [f"{scratch}\n".encode()], [*inside, theirs.fileno()])
            own, told, _, _ = word.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
            started.pid = CREDENTIALS.unpack(told[0][2])[0] if tells else int(own)
        except (OSError, IndexError, ValueError) as error:
            started.close()
            raise RouterError(f"router {self._name!r}: a session did not start{self._printed()}") from error
        finally:
            for descriptor in inside:
                os.close(descriptor)
        return started

    def close(self) -> None:
        """End it, and all its sessions with it."""
        self._control.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _printed(self) -> str:
        time.sleep(0.1)  # what ended it may still be written
        return last_printed(self._said.read_bytes())


def last_printed(said: bytes) -> str:
    """Return the last line of what was printed, for a message; empty where nothing was."""
    lines = said.decode("utf-8", "replace").split("\n")
    last = next(filter(None, map(one_line, reversed(lines))), "")
    return f" (it printed: {last!r})" if last else ""
