"""Packages that a submission needs: those of this environment, or wheels pinned by their hash.

A requirement is `scikit-learn>=1.5` where the environment meets it already; else it is exact and hashed,
`wordfreq==3.1.1 --hash=sha256:...`. Such wheels are fetched outside, where nothing of theirs runs, and
installed inside a sandbox without a network. Nothing is ever built: there are wheels only. Time, memory and
disk of both are bounded by the limits of the submission.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from catbench.errors import SubmissionError, first_line
from catbench.report.limits import Limits
from catbench.submit.faults import escaped
from catbench.submit.sandbox.launch import Inside, bubblewrap, check_available
from catbench.submit.sandbox.layout import PACKAGES, SUBMISSION, Mount, seen_from_inside
from catbench.submit.sandbox.watch import Watch

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
WHEELS_ONLY = ("--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-input")
WATCHED = 'read go && exec "$@" < /dev/null'
"""What a shell says that runs a command once it is watched, and never where its host ends before."""


@dataclass(frozen=True)
class Needed:
    """One requirement."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def present(self) -> bool:
        """Whether this environment meets it."""
        try:
            return version(self.requirement.name) in self.requirement.specifier
        except PackageNotFoundError:
            return False


def read_requirement(text: str) -> Needed:
    """Return a requirement. Raises SubmissionError that says how to fix it where it may not be used."""
    words, _, rest = text.partition("--hash=")
    hashes = tuple(f"--hash={rest}".split()) if rest else ()
    try:
        needed = Needed(Requirement(words), hashes)
    except InvalidRequirement as error:
        raise SubmissionError(
            f"requirement {text!r} is none: {first_line(error)}; write name==version"
        ) from error
    if needed.requirement.url or needed.requirement.marker:
        raise SubmissionError(
            f"requirement {text!r}: addresses and conditions are not allowed; write name==version"
        )
    if any(not HASH.fullmatch(one) for one in hashes):
        raise SubmissionError(f"requirement {text!r}: a hash is written --hash=sha256: and 64 hex digits")
    exact = [one for one in needed.requirement.specifier if one.operator == "==" and "*" not in one.version]
    if not needed.present and not (hashes and len(exact) == 1):
        raise SubmissionError(
            f"requirement {text!r} is not met here: pin it as name==version --hash=sha256:... of its wheel "
            "(pip download --no-deps, then pip hash), or use a package of the environment"
        )
    return needed


def install(needed: Sequence[Needed], inside: Inside, place: Path) -> Inside:
    """Return how the submission runs with its requirements, installed in a folder below `place` if need be.

    Raises SubmissionError where a wheel cannot be fetched or installed, or takes more than `inside.limits`
    grant.
    """
    absent = [one for one in needed if not one.present]
    if not absent:
        return inside
    names = ", ".join(one.requirement.name for one in absent)
    if inside.sandbox != "bwrap":
        raise SubmissionError(f"{names}: not installed here, and only --sandbox bwrap installs requirements")
    check_available("bwrap")
    wheels, packages = place / "wheels", place / "packages"
    for folder in (wheels, packages):
        folder.mkdir()
    packages.chmod(0o777)  # whoever the sandbox runs as writes here; no other user reaches the folder above
    listed = wheels / "requirements.txt"
    lines = [" ".join([str(one.requirement), *one.hashes]) for one in absent]
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fetch = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-cache-dir", *WHEELS_ONLY]
    fetch += ["-d", str(wheels), "-r", str(listed)]
    environment = {**os.environ, "TMPDIR": str(wheels)}
    if problem := run_bounded(fetch, inside.limits, writes=wheels, environment=environment):
        raise SubmissionError(f"{names}: no wheel with this hash was found: {_last_line(problem)}")
    command = [sys.executable, "-I", "-B", "-m", "pip", "install", "--quiet", *WHEELS_ONLY, "--no-index"]
    command += ["--find-links", str(SUBMISSION), "--target", str(PACKAGES)]
    command += ["--no-compile", "-r", str(SUBMISSION / "requirements.txt")]
    if problem := run_inside(replace(inside, folder=wheels), command, writable=packages):
        raise SubmissionError(f"{names}: cannot be installed in the sandbox: {_last_line(problem)}")
    return replace(inside, packages=packages)


def _last_line(said: str) -> str:
    return escaped(said.splitlines()[-1])


def run_inside(inside: Inside, command: Iterable[str], *, writable: Path) -> str:
    """Run a command in a bubblewrap that can write to one folder; return why it failed, if it did."""
    mounts = seen_from_inside(inside.folder, None, inside.masked)
    mounts.append(Mount(PACKAGES, writable, writable=True))
    words = bubblewrap(mounts, list(command), inside.limits)
    return run_bounded(words, inside.limits, writes=writable, environment={})


def run_bounded(words: Sequence[str], limits: Limits, *, writes: Path, environment: Mapping[str, str]) -> str:
    """Run a command; return why it failed, an empty text where it did not. All of it has ended then.

    `writes` is the folder that its files go to: they have at most `limits.scratch_bytes` together.
    """
    waiting = ["/bin/sh", "-c", WATCHED, "sh", *words]
    process = subprocess.Popen(
        waiting,
        env=environment,
        cwd=writes,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        watch = Watch(process.pid, limits, private=False, writes=writes)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    said, problem = b"", ""
    try:
        said = process.communicate(b"go\n", limits.wall_seconds)[1]
    except subprocess.TimeoutExpired:
        problem = f"it ran longer than {limits.wall_seconds:g} seconds"
    finally:
        watch.stop()
        process.communicate()
    if breach := watch.breach():
        problem = f"it {breach[1]}"
    return problem or (said.decode(errors="replace").strip() or "it failed" if process.returncode else "")
