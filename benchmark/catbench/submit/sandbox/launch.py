"""The command that starts the inside of a sandbox, and the refusal where it is not available."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from catbench.errors import UsageError
from catbench.report.limits import Limits
from catbench.submit.sandbox.layout import (
    PACKAGES,
    SUBMISSION,
    Mount,
    mount_arguments,
    remount_arguments,
    seen_from_inside,
    system_mounts,
)

SandboxKind: TypeAlias = Literal["bwrap", "process", "none"]
ISOLATION = (
    *("--unshare-all", "--unshare-user", "--disable-userns"),
    *("--new-session", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"),
)
NOBODY = "65534"
NOT_PROTECTED: dict[SandboxKind, str] = {
    "bwrap": "Faults of the kernel; time that is shared with other work on this machine.",
    "process": "The submission runs as you: it can read and write all your files, the test scores too, use "
    "the network and end your processes. Only time, memory, output and its environment are bounded.",
    "none": "Nothing: the submission runs inside this very process. For your own code only.",
}
"""What each kind does not protect from, as said to the user and in the report."""
ENVIRONMENT = {
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "USER": "nobody",
    "LOGNAME": "nobody",
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "OMP_NUM_THREADS": str(min(4, os.cpu_count() or 1)),
}
"""Variables of the environment inside."""


@dataclass(frozen=True)
class Inside:
    """What runs in a sandbox: a submission's folder, staged, and how it is to be run."""

    name: str
    folder: Path
    entry: str
    """`router.py:make_router`."""
    sandbox: SandboxKind = "bwrap"
    limits: Limits = field(default_factory=Limits)
    packages: Path | None = None
    """Folder of packages that its requirements installed."""
    masked: tuple[Path, ...] = ()
    """Folders to hide besides every named suite."""
    devices: tuple[str, ...] = ()
    """Device files it may use: a GPU's."""


def check_available(kind: SandboxKind) -> None:
    """Raise UsageError where a sandbox of this kind is not available on this machine, and say what can."""
    if kind == "bwrap" and (problem := _bubblewrap_problem()):
        raise UsageError(
            f"no submission is run: {problem}. Mend that (Debian: apt-get install bubblewrap), or ask by "
            "name for a weaker sandbox: --sandbox process (no protection of files and network), or "
            "--sandbox none (your own code)"
        )


@cache
def _bubblewrap_problem() -> str:
    for tool in ("bwrap", *(("setpriv",) if os.geteuid() == 0 else ())):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    words = bubblewrap(system_mounts(), ["/usr/bin/true"], Limits())
    said = subprocess.run(words, env={}, capture_output=True, text=True, check=False)
    problem = said.stderr.strip() or f"exit code {said.returncode}"
    return f"bubblewrap cannot make a sandbox here ({problem})" if said.returncode else ""


def command_of(inside: Inside) -> list[str]:
    """Return the command that starts the inside of a sandbox."""
    words = inside.name, inside.entry, inside.limits.model_dump_json(), inside.sandbox
    if inside.sandbox == "process":
        return python_command(str(inside.folder), "", *words)
    mounts = seen_from_inside(inside.folder, inside.packages, inside.masked)
    return bubblewrap(
        mounts, python_command(str(SUBMISSION), str(PACKAGES), *words), inside.limits, inside.devices
    )


def bubblewrap(
    mounts: Sequence[Mount], command: Sequence[str], limits: Limits, devices: Sequence[str] = ()
) -> list[str]:
    """Return the command that runs a command in bubblewrap.

    Root first hangs what may be seen into a root folder of its own, where nobody can reach it whatever the
    folders above it allow, becomes nobody, and makes the sandbox from there.
    """
    bwrap = shutil.which("bwrap") or "bwrap"
    root = os.geteuid() == 0
    scratch = ["--size", str(limits.scratch_bytes), "--perms", "0700", "--tmpfs"]
    first = [mount for mount in mounts if not mount.target.is_relative_to("/tmp")]
    inner = [
        *(bwrap, *ISOLATION, *mount_arguments(first, from_inside=root)),
        *("--proc", "/proc", "--dev", "/dev"),
        *(*scratch, "/tmp", *scratch, "/dev/shm"),
        *(word for device in devices for word in ("--dev-bind", device, device)),
        *mount_arguments([mount for mount in mounts if mount not in first], from_inside=root),
        *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
        *(*remount_arguments(mounts), "--remount-ro", "/dev", "--chdir", "/tmp", "--", *command),
    ]
    if not root:
        return inner
    return [
        *(bwrap, "--die-with-parent", "--unshare-pid", "--dir", "/tmp", *mount_arguments(mounts)),
        *("--dev-bind", "/proc", "/proc", "--dev-bind", "/dev", "/dev", *remount_arguments(mounts), "--"),
        *("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--no-new-privs", *inner),
    ]


def python_command(*words: str) -> list[str]:
    """Return the command that runs catbench's program inside: no site of the user's, no environment.

    It is the program of this very catbench, though another may be installed: only Python itself goes before.
    """
    place = str(Path(__file__).parents[3])
    first = "next((i for i, place in enumerate(sys.path) if place.endswith('-packages')), len(sys.path))"
    program = (
        f"import sys; sys.path.insert({first}, {place!r}); from catbench.submit.sandbox.child import main"
    )
    return [sys.executable, "-I", "-B", "-c", f"{program}; main(*sys.argv[1:])", *words]
