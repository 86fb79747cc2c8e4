"""One command, such as pip's, with bounds on its time, its memory and what it writes."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from catbench.report.limits import MIB, Limits
from catbench.submit.sandbox.group import make_group
from catbench.submit.sandbox.watch import Watch


def run_bounded(words: Sequence[str], limits: Limits, *, writes: Path, environment: Mapping[str, str]) -> str:
    """Run a command; return why it failed, an empty text where it did not. All of it has ended then.

    `writes` is the folder that its files go to: they have at most `limits.scratch_bytes` together.
    """
    group = make_group(limits)
    try:
        process = subprocess.Popen(
            words if group is None else group.around(words),
            env=environment,
            cwd=writes,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        watch = Watch(process.pid, limits, private=False, writes=writes)
        said, problem = b"", ""
        try:
            said = process.communicate(timeout=limits.wall_seconds)[1]
        except subprocess.TimeoutExpired:
            problem = f"it ran longer than {limits.wall_seconds:g} seconds"
        finally:
            watch.stop()
            process.communicate()
        if group is not None and group.ran_out_of_memory():
            problem = f"it used more than {limits.memory_bytes // MIB} MiB of memory"
        if breach := watch.breach or watch.written():
            problem = f"it {breach[1]}"
    finally:
        if group is not None:
            group.remove()
    return problem or (said.decode(errors="replace").strip() or "it failed" if process.returncode else "")
