"""A control group of the kernel's around a sandbox, where this user may make one: usually root on Linux.

It bounds the resident memory, temporary files included, and the number of tasks of all processes together,
with no look in between. Both versions of the interface are known. Where there is none, the watch does
what it can: it looks a few times a second.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from catbench.report.limits import Limits

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
PREFIX, OLD = "catbench-", 3600.0
"""How groups are called, and after how many seconds an empty one was left behind."""


@dataclass(frozen=True)
class Group:
    """The folders of a control group: one, or one a controller in version 1; none where there is no group."""

    folders: tuple[Path, ...]

    def add(self, pid: int) -> bool:
        """Take in a process that runs, and all that it starts from now on; return whether that could be."""
        try:
            for folder in self.folders:
                (folder / "cgroup.procs").write_text(str(pid))
        except OSError:
            return False
        return True

    def members(self) -> set[int]:
        """Return the processes in it: none has left it, whoever its parent is by now."""
        found: set[int] = set()
        for folder in self.folders:
            with contextlib.suppress(OSError):
                found |= set(map(int, (folder / "cgroup.procs").read_text().split()))
        return found

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel ended a process for the group's memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError, ValueError):
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    if int(counts.get("oom_kill", 0)):
                        return True
        return False

    def remove(self) -> None:
        """Take the group away; its processes must have ended, and the kernel may need a moment to see it."""
        for folder in self.folders:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    folder.rmdir()
                if not folder.exists():
                    break
                time.sleep(0.02)


@dataclass
class Usage:
    """What a session used, as far as it was seen, in the words of a report's `SandboxRecord`."""

    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    peak_processes: int = 0
    control_group: bool = False


def make_group(limits: Limits) -> Group:
    """Return a new group with these limits; one without folders where this user may not make any."""
    memory = limits.memory_bytes + 2 * limits.scratch_bytes  # both temporary folders are held in memory
    places = _places(str(memory), str(limits.threads))
    _remove_left_behind(places)
    name = f"{PREFIX}{secrets.token_hex(8)}"
    wanted = {place / name: settings for place, settings in places.items()}
    group = Group(tuple(wanted))
    try:
        for folder, settings in wanted.items():
            folder.mkdir()
            for setting, value in settings.items():
                (folder / setting).write_text(value)
    except OSError:
        group.remove()
        return Group(())
    return group


def _places(memory: str, tasks: str) -> dict[Path, dict[str, str]]:
    """Return where groups can be made, with their settings: a place a controller in version 1, else one."""
    try:
        lines = [line.split(":", 2) for line in OWN.read_text().splitlines()]
    except OSError:
        return {}
    paths = {name: path.lstrip("/") for _, names, path in lines for name in names.split(",")}
    if (ROOT / "cgroup.controllers").is_file():
        own = ROOT / paths.get("", "")
        place = own if own == ROOT else own.parent  # a group with processes of its own can hold no other
        with contextlib.suppress(OSError):
            if {"memory", "pids"} <= set((place / "cgroup.subtree_control").read_text().split()):
                return {place: {"memory.max": memory, "memory.swap.max": "0", "pids.max": tasks}}
        return {}
    if not {"memory", "pids"} <= paths.keys():
        return {}
    found = {
        ROOT / "memory" / paths["memory"]: {"memory.limit_in_bytes": memory},
        ROOT / "pids" / paths["pids"]: {"pids.max": tasks},
    }
    return found if all(path.is_dir() for path in found) else {}


def _remove_left_behind(places: Iterable[Path]) -> None:
    """Take away groups whose host was killed; one in use, or made just now, stays."""
    for folder in (folder for place in places for folder in place.glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > OLD:
                folder.rmdir()  # refused by the kernel where a process is in it
