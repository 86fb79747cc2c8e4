"""A process, and one request, one reply, while every limit is watched. Nothing inside makes this side wait.

Memory, processes and files are watched between two requests too; what was broken there is said at the next
request or at the end. A breach ends the sandbox and raises a BreachError whose `verdict` is one word:

    wall         it ran longer than it may             cpu        a process used up its seconds
    memory       all processes together held too much  processes  there were too many at once
    files        too many in its temporary folders     output     it printed too much
    crash        it ended by itself, or by a signal    answer     its reply is not what was asked for
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from catbench.errors import RouterError, UsageError
from catbench.report.limits import Limits
from catbench.submit.sandbox.watch import Watch
from catbench.submit.sandbox.wire import ANSWER, DONE, FAILED, HEADER, LONGEST_TEXT, READY, REQUEST, frame
from catbench.terminal import one_line

CHUNK = 1 << 20
POLL = 0.05
KEPT = 8192
"""Bytes of what was printed that are kept, the last ones."""


class BreachError(RouterError):
    """A submission broke a limit or the protocol; `verdict` names which, in one word."""

    def __init__(self, verdict: str, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict


class Channel:
    """A started process with its pipes, and the clock and the watch over it."""

    def __init__(
        self, words: Sequence[str], name: str, limits: Limits, scratch: Path, *, private: bool
    ) -> None:
        """Start it by a command, and wait until it waits: from there on it is watched, and can be asked.

        `scratch` is its temporary folder, unless it has one that is `private`. Raises UsageError or
        RouterError where it does not start.
        """
        self._name, self._limits = name, limits
        self._said = bytearray()
        self._printed, self._last = 0, b""
        place = str(scratch)
        try:
            self._process: Any = subprocess.Popen(
                words,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": place, "TMPDIR": place},
                cwd=place,
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(f"the sandbox cannot be started: {error}") from error
        self._in, self._out, self._err = self._process.stdin, self._process.stdout, self._process.stderr
        try:
            self._wait_until_ready()
            self._watch = Watch(self._process.pid, limits, private=private)
        except BaseException:
            self._kill_group()
            self._process.communicate()
            raise
        self.usage = self._watch.usage
        self._deadline = time.monotonic() + limits.wall_seconds
        for end in (self._in, self._out, self._err):
            os.set_blocking(end.fileno(), False)

    def exchange(self, payload: bytes, largest: int = 0) -> bytes:
        """Send a request; return the text of a reply without numbers, or with `largest` the numbers' bytes.

        Raises BreachError where a limit or the protocol is broken, RouterError with the submission's own
        message where it failed.
        """
        if self._said:
            self.break_off("answer", "replied before it was asked")
        rest = memoryview(frame(REQUEST, payload))
        with selectors.DefaultSelector() as ready:
            ready.register(self._in, selectors.EVENT_WRITE)
            ready.register(self._out, selectors.EVENT_READ)
            ready.register(self._err, selectors.EVENT_READ)
            while (reply := self._reply(largest)) is None:
                if time.monotonic() > self._deadline:
                    self.break_off("wall", f"ran longer than {self._limits.wall_seconds:g} seconds")
                self.check()
                for key, _ in ready.select(POLL):
                    if key.fileobj is self._in:
                        rest = self._write(rest)
                        if not rest:
                            ready.unregister(self._in)
                    elif key.fileobj is self._err:
                        if not self._read_print():
                            ready.unregister(self._err)
                    elif not self._read_reply(largest):
                        self._ended()
        kind, body = reply
        if kind == FAILED:
            said = one_line(body.decode("utf-8", "replace"), LONGEST_TEXT)
            raise RouterError(f"{said}{last_printed(self._last)}")
        if (kind == ANSWER) != (largest > 0):
            self.break_off("answer", "replied with something else than was asked for")
        return body

    def check(self) -> None:
        """Raise BreachError where a limit on memory, processes or files was broken, whenever that was."""
        if (breach := self._watch.breach()) is not None:
            self.break_off(*breach)

    def end(self) -> None:
        """End everything that runs in it, from another thread; what waits for a reply finds that it ended."""
        self._watch.kill()

    def close(self) -> None:
        """End the sandbox and everything that runs in it."""
        try:
            self._watch.stop()
        finally:  # an interrupt too
            self._process.kill()
            self._process.wait()
            for end in (self._in, self._out, self._err):
                end.close()

    def _wait_until_ready(self) -> None:
        """Wait for its first word. Until then it runs nothing of the submission's."""
        with selectors.DefaultSelector() as ready:
            ready.register(self._out, selectors.EVENT_READ)
            said = self._out.read(len(READY)) if ready.select(self._limits.wall_seconds) else b""
        if said != READY:
            self._kill_group()
            printed = last_printed(self._err.read())
            raise RouterError(f"router {self._name!r}: its sandbox did not start{printed}")

    def _kill_group(self) -> None:
        """End it before it is watched, with all that holds its pipes: they are read to their end then."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _write(self, rest: memoryview) -> memoryview:
        try:
            return rest[self._in.write(rest[:CHUNK]) or 0 :]
        except BrokenPipeError:  # its end shows where its reply is read
            return rest[:0]

    def _read_print(self) -> bool:
        data = self._err.read(CHUNK)
        self._printed += len(data or b"")
        self._last = (self._last + (data or b""))[-KEPT:]
        if self._printed > self._limits.output_bytes:
            self.break_off("output", f"printed more than {self._limits.output_bytes} bytes")
        return data != b""

    def _read_reply(self, largest: int) -> bool:
        data = self._out.read(CHUNK)
        self._said += data or b""
        if len(self._said) > HEADER.size + max(largest, LONGEST_TEXT):
            self.break_off("answer", "replied with more bytes than was asked for")
        return data != b""

    def _reply(self, largest: int) -> tuple[bytes, bytes] | None:
        """Take a whole reply out of what was read; None where it is not whole yet."""
        if len(self._said) < HEADER.size:
            return None
        kind, length = HEADER.unpack_from(self._said)
        if kind not in (ANSWER, DONE, FAILED) or length > (largest if kind == ANSWER else LONGEST_TEXT):
            self.break_off("answer", "replied with no frame of the protocol")
        if len(self._said) < HEADER.size + length:
            return None
        body = bytes(self._said[HEADER.size : HEADER.size + length])
        del self._said[: HEADER.size + length]
        return kind, body

    def _ended(self) -> None:
        """Say why the inside ended without a reply."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        self._read_print()
        self.check()
        code = self._process.returncode or 0
        number = -code if code < 0 else code - 128  # bubblewrap ends with 128 more than the signal's number
        if number == signal.SIGXCPU:
            self.break_off("cpu", f"used more than {self._limits.cpu_seconds} seconds of processor time")
        status = f" with status {code}" if 0 < code < 128 else ""
        how = f"died of {signal.Signals(number).name}" if number in set(signal.Signals) else f"ended{status}"
        self.break_off("crash", f"{how} before it replied")

    def break_off(self, verdict: str, what: str) -> NoReturn:
        """End everything, and raise the BreachError that says what the submission did."""
        self.close()
        raise BreachError(verdict, f"router {self._name!r} {what}{last_printed(self._last)}")


def last_printed(said: bytes) -> str:
    """Return the last line of what was printed, for a message; empty where nothing was."""
    lines = said.decode("utf-8", "replace").split("\n")
    last = next(filter(None, map(one_line, reversed(lines))), "")
    return f" (it printed: {last!r})" if last else ""
