"""Inside: waits for sessions, and makes the processes of each before any code of a submission runs.

A session has three processes: its keeper, which tells the host how it ended; the first process of the
session's own namespaces, which every orphan falls to; and the program, which `wait_for_session` returns in.
Where a sandbox is made for one session only (`parted` is false) the keeper takes orphans itself.

No program can look into the other two, nor take a file from them: they hold none that another session meets.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import NoReturn

from catbench.submit.sandbox.apart import adopt_orphans, be_seen, die_with_parent, part, settle

READY = b"ready"
DESCRIPTORS = 4
"""Of a session: its requests, replies and errors, and a socket to its keeper."""


def wait_for_session(control: socket.socket, scratch_bytes: int, *, parted: bool) -> tuple[int, int] | None:
    """Return in the program of a session, a child of this process; None where the host has no more.

    What is returned are the file descriptors of its requests and replies.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended children are gone at once
    if sys.platform == "linux":
        be_seen(False)
    control.sendall(READY)
    while True:
        said, given, _, _ = socket.recv_fds(control, 4096, DESCRIPTORS)
        if not said:
            return None
        if not os.fork():
            control.close()
            return _begin(given, said.decode().rstrip("\n"), scratch_bytes, parted=parted)
        for descriptor in given:
            os.close(descriptor)


def _begin(given: list[int], scratch: str, scratch_bytes: int, *, parted: bool) -> tuple[int, int]:
    """Make the processes of a session; return in its program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for old in range(3):  # these are the waiting process's, and so one for all sessions
        os.dup2(nothing, old)
    os.close(nothing)
    requests, replies, errors, last = given
    word = socket.socket(fileno=last)
    word.sendall(f"{os.getpid()}\n".encode())
    if not word.recv(1):  # until the host watches
        os._exit(0)
    try:
        if parted:
            be_seen(True)  # or it could not write its own user map
            part()
            if first := os.fork():
                _wait_for(first, [requests, replies, errors], word)
            die_with_parent()
            settle(scratch_bytes)
            be_seen(False)
        elif sys.platform == "linux":
            adopt_orphans()
            die_with_parent()
    except OSError as error:
        word.sendall(f"failed: {error}\n".encode())
        os._exit(1)
    if program := os.fork():
        _wait_for(program, [requests, replies, errors], None if parted else word)
    word.close()
    os.setsid()  # a signal to its whole group reaches no keeper
    if sys.platform == "linux":
        die_with_parent()
        be_seen(True)
    if scratch:
        os.environ.update(HOME=scratch, TMPDIR=scratch)
        os.chdir(scratch)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    os.close(errors)
    return requests, replies


def _wait_for(child: int, pipes: list[int], word: socket.socket | None) -> NoReturn:
    """Take in what ends until a child does; tell the host how, and end as it ended."""
    for descriptor in pipes:  # they are the program's alone: their end is its end
        os.close(descriptor)
    while (ended := os.wait())[0] != child:
        pass
    code = os.waitstatus_to_exitcode(ended[1])
    code = code if code >= 0 else 128 - code
    if word is not None:
        word.sendall(f"ended: {code}\n".encode())
    os._exit(code)
