"""Counts what the processes of a running sandbox use, all together.

The kernel's own limits count one process each, and an address-space limit breaks torch, which reserves far
more than it uses. So a thread of the host's looks at the whole tree for as long as it runs, asked something
or not, and ends it at the first breach. A control group, where there is one, bounds it without a look.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from catbench.report.limits import MIB, Limits
from catbench.submit.sandbox.group import Group, Usage, make_group

INTERVAL = 0.1
"""Seconds between two looks at least."""
LOOKING = 2.0
"""Looks are this many times their own duration apart at least: they take a third of a core at most."""
LONGEST_END = 10.0
"""Seconds that killed processes are waited for."""
BLOCK = 4096
SCRATCH = ("/tmp", "/dev/shm")


class Watch:
    """Looks at a process and all that came from it, from now until it is stopped."""

    def __init__(self, pid: int, limits: Limits, *, private: bool, writes: Path | None = None) -> None:
        """Watch the tree below `pid`; `private` where its temporary folder is its own file system.

        It must wait until it is watched, or what it starts meanwhile is in no control group. `writes` is a
        folder of the host's that it writes to, if any.
        """
        self._root, self._start = psutil.Process(pid), time.monotonic()
        self._limits, self._private, self._writes = limits, private, writes
        self._group = make_group(limits)
        tree = self._tree()
        self._own = len(tree[1:])  # bubblewrap's; the program itself is the one more
        if not (tree and all(self._group.add(process.pid) for process in tree)):
            self._group.remove()
            self._group = Group(())
        self.usage = Usage(control_group=bool(self._group.folders))
        self._breach: tuple[str, str] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="catbench-watch", daemon=True)
        self._thread.start()

    def breach(self) -> tuple[str, str] | None:
        """Return the verdict and what was done once a limit is broken, whenever that was; all ends then."""
        if self._breach is None and self._group.ran_out_of_memory():
            self._breach = self._too_much_memory()
        return self._breach

    def stop(self) -> None:
        """Look no more, and end the whole tree; what it broke is said after that too."""
        self.usage.wall_seconds = self.usage.wall_seconds or time.monotonic() - self._start
        self._over.set()
        try:
            self._thread.join()
        finally:  # an interrupt leaves nothing unwatched
            self.kill()
        self._breach = self.breach() or self._written()
        self._group.remove()

    def _watch(self) -> None:
        pause = 0.0
        while not self._over.wait(pause):
            start = time.monotonic()
            try:
                found = self._look()
            except Exception as error:  # whatever it is: nothing runs unwatched
                found = "crash", f"could not be watched ({type(error).__name__})"
            if found is not None:
                self._breach = found
                self.kill()
                return
            pause = max(INTERVAL, LOOKING * (time.monotonic() - start))

    def _look(self) -> tuple[str, str] | None:
        tree, usage = self._tree(), self.usage
        processes = len(tree) - self._own
        usage.peak_processes = max(usage.peak_processes, processes)
        if processes > self._limits.processes:
            return "processes", f"used more than {self._limits.processes} processes"
        memory = sum(map(_resident, tree))
        if memory > self._limits.memory_bytes:  # forks share pages: count each page once before judging
            memory = sum(map(_proportional, tree))
        usage.peak_memory_bytes = max(usage.peak_memory_bytes, memory)
        if memory > self._limits.memory_bytes:
            return self._too_much_memory()
        if self._private and max(map(_files, tree), default=0) > self._limits.scratch_files:
            return "files", f"used more than {self._limits.scratch_files} files in its temporary folders"
        return self._written()

    def _too_much_memory(self) -> tuple[str, str]:
        return "memory", f"used more than {self._limits.memory_bytes // MIB} MiB of memory"

    def _written(self) -> tuple[str, str] | None:
        """Return the breach of having written too much to the host's folder, None where it has not."""
        if self._writes is None or _bytes_below(self._writes) <= self._limits.scratch_bytes:
            return None
        return "files", f"wrote more than {self._limits.scratch_bytes // MIB} MiB"

    def _tree(self) -> list[psutil.Process]:
        """Return the process and everything below it that still runs."""
        with suppress(psutil.Error):
            return [self._root, *self._root.children(recursive=True)]
        return []

    def _beside(self, tree: list[psutil.Process]) -> list[psutil.Process]:
        """Return what else is in the group: a look at the tree misses some whose parents end meanwhile."""
        found: list[psutil.Process] = []
        for pid in self._group.members() - {process.pid for process in tree}:
            with suppress(psutil.Error):
                found.append(psutil.Process(pid))
        still = self._group.members()  # else a number may be that of another process by now
        return [process for process in found if process.pid in still]

    def kill(self) -> None:
        """End the whole tree, and wait until it is gone.

        All are halted before the first is killed: what is halted starts nothing new, and a sandbox's first
        process takes all others with it.
        """
        seen: list[psutil.Process] = []
        while True:
            tree = self._tree()
            new = [process for process in (*tree, *self._beside(tree)) if process not in seen]
            if not new:
                break
            _signal(new, signal.SIGSTOP)
            seen += new
        _signal(seen, signal.SIGKILL)
        deadline = time.monotonic() + LONGEST_END
        while any(map(_runs, seen)) and time.monotonic() < deadline:
            time.sleep(0.002)


def _runs(process: psutil.Process) -> bool:
    """Whether a process has not ended; one that has, and waits for its parent to notice, has."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return process.memory_info().rss
    return 0


def _proportional(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return process.memory_full_info().pss
    return _resident(process)


def _bytes_below(folder: Path) -> int:
    """Return what the files and folders below take on the disk, each a block at least."""
    found = 0
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(OSError):
                found += max(BLOCK, 512 * os.lstat(os.path.join(place, name)).st_blocks)
    return found


def _files(process: psutil.Process) -> int:
    """Return how many files lie in the temporary folders that a process sees, 0 where it has ended."""
    found = 0
    for folder in SCRATCH:
        with suppress(OSError):
            place = f"/proc/{process.pid}/root{folder}"
            if os.stat(place).st_dev != os.stat(folder).st_dev:  # around the sandbox it is the host's
                counts = os.statvfs(place)
                found += counts.f_files - counts.f_ffree
    return found
