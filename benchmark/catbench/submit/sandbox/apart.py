"""Namespaces of a process's own, inside a sandbox that gave it everything else.

A sandbox that keeps Python's libraries in memory makes a process for each session, and that process parts
from all others as bubblewrap parted the first: its own users, processes, mounts, network, messages, names and
groups; empty temporary folders and terminals; no capability, and no further user namespace. What it is
mounted from stays read-only: a kernel locks mounts that come from outside a user namespace.
(`man 7 namespaces`, `user_namespaces`, `capabilities`.)
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

NEW_MOUNTS, NEW_GROUPS, NEW_NAMES, NEW_MESSAGES = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
"""`CLONE_NEW*` of Linux."""
NEW = NEW_MOUNTS | NEW_GROUPS | NEW_NAMES | NEW_MESSAGES | NEW_USERS | NEW_PROCESSES | NEW_NETWORK
NO_SETUID, NO_DEVICES, NO_PROGRAMS, PRIVATE = 2, 4, 8, 0x4000 | 0x40000
"""`MS_*`: flags of mounts; PRIVATE with all below."""
DIE_WITH_PARENT, KILL, BE_SEEN, DROP_BOUND, SUBREAPER = 1, 9, 4, 24, 36
"""Of prctl: PDEATHSIG and its signal, DUMPABLE, CAPBSET_DROP, CHILD_SUBREAPER."""
CAPABILITIES = 0x20080522
"""`_LINUX_CAPABILITY_VERSION_3`: two words of 32."""
SET_FLAGS, UP = 0x8914, 1
"""`SIOCSIFFLAGS`, `IFF_UP`."""


def part() -> None:
    """Give this process new namespaces; its next child is the first process of them. Raises OSError."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def settle(scratch_bytes: int) -> None:
    """Make the first process of new namespaces at home: what it sees is its own, what it may is nothing.

    Raises OSError where the kernel refuses any of it.
    """
    _call("mount", b"none", b"/", None, PRIVATE, None)
    size = f"size={scratch_bytes},mode=0700".encode()
    for place in (b"/tmp", b"/dev/shm"):
        _call("mount", b"tmpfs", place, b"tmpfs", NO_SETUID | NO_DEVICES, size)
    _call("mount", b"devpts", b"/dev/pts", b"devpts", NO_SETUID | NO_PROGRAMS, b"newinstance,ptmxmode=0666")
    _call("mount", b"proc", b"/proc", b"proc", NO_SETUID | NO_DEVICES | NO_PROGRAMS, None)
    os.chdir("/tmp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh22x", b"lo", UP))
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    _drop_capabilities()


def die_with_parent() -> None:
    """Let the kernel end this process when the one that made it ends."""
    _call("prctl", DIE_WITH_PARENT, KILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of all orphans below, so that none leaves this process's tree."""
    _call("prctl", SUBREAPER, 1, 0, 0, 0)


def be_seen(seen: bool) -> None:
    """Let others of the same user look into this process by /proc and ptrace, or let nobody."""
    _call("prctl", BE_SEEN, int(seen), 0, 0, 0)


def _drop_capabilities() -> None:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _call("prctl", DROP_BOUND, capability, 0, 0, 0)
    none = (ctypes.c_uint32 * 6)()
    _call("capset", (ctypes.c_uint32 * 2)(CAPABILITIES, 0), none)


def _call(name: str, *given: object) -> None:
    """Call a function of the C library; raise OSError where it fails."""
    library = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in given]
    if getattr(library, name)(*words):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
