"""Which folders the inside of a bubblewrap sandbox sees, and which of them are masked.

Seen, read-only: the system's programs and libraries, this Python environment, catbench's own code, the
submission. Masked by an empty folder wherever they lie inside one of these: every suite, the data that
catbench ships, the checkout it may stand in. Nothing else exists inside: no home, no other user's file.
"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catbench.home import home, known_suites

SUBMISSION, PACKAGES = Path("/submission"), Path("/packages")
"""Where the inside finds the submission, and what its requirements installed."""
OWN = ("catbench", "catbench_make", "catbench_baselines")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")


@dataclass(frozen=True)
class Mount:
    """Something at a path inside: a folder or file of the host, an empty folder, or a link."""

    target: Path
    source: Path | None = None
    """None: an empty folder that nothing can be written to."""
    writable: bool = False
    link: str = ""


def seen_from_inside(folder: Path, packages: Path | None, masked: Iterable[Path] = ()) -> list[Mount]:
    """Return what the inside sees, outer folders first: the submission's `folder` and all it may import.

    `masked` are folders to hide besides those that always are.
    """
    mounts = [*system_mounts(), *(Mount(path, path) for path in _python())]
    own = [Mount(path, path) for path in _own_packages()]
    hidden = {path.resolve() for path in (*masked, *known_suites().values(), home())}
    hidden |= {path / "data" for path in _own_packages()} | set(_checkouts())
    mounts += [*own, *_masks([*mounts, *own], hidden), Mount(SUBMISSION, folder)]
    if packages is not None:
        mounts.append(Mount(PACKAGES, packages))
    # of two at one path the later counts: masks hide what is seen
    chosen = {mount.target: mount for mount in mounts}
    return sorted(chosen.values(), key=lambda mount: (len(mount.target.parts), str(mount.target)))


def mount_arguments(mounts: Sequence[Mount], *, from_inside: bool = False) -> list[str]:
    """Return bubblewrap's arguments for mounts; `from_inside` a first sandbox that has them already."""
    words: list[str] = []
    there: list[Path] = []
    for mount in mounts:
        target = str(mount.target)
        for place in reversed(mount.target.parents[:-1]):  # one that bubblewrap makes is closed to others
            if not any(place.is_relative_to(known) for known in there):
                words += ["--perms", "0755", "--dir", str(place)]
        there.append(mount.target)
        if mount.link:
            words += ["--symlink", mount.link, target]
        elif mount.source is None:
            words += ["--perms", "0555", "--tmpfs", target]
        else:
            source = target if from_inside else str(mount.source)
            words += ["--bind" if mount.writable else "--ro-bind", source, target]
    return words


def remount_arguments(mounts: Sequence[Mount]) -> list[str]:
    """Return the arguments that make the root and the masks read-only, once everything hangs in them."""
    masks = [mount.target for mount in mounts if mount.source is None and not mount.link]
    return [word for path in (Path("/"), *masks) for word in ("--remount-ro", str(path))]


def _masks(mounts: Iterable[Mount], hidden: Iterable[Path]) -> Iterator[Mount]:
    """Yield a mask for every hidden folder, at each path where a mount would show it.

    Where one lies inside another the outer mask is enough, and shows not even the inner one's name.
    """
    folders = [path for path in hidden if path.is_dir()]
    for mount in mounts:
        if mount.source is None:
            continue
        place = mount.source.resolve()
        shown = {path for path in folders if path.is_relative_to(place)}
        for path in shown:
            if shown.isdisjoint(path.parents):
                yield Mount(mount.target / path.relative_to(place))


def system_mounts() -> list[Mount]:
    """Return the mounts of the system's programs and libraries."""
    mounts: list[Mount] = []
    for path in map(Path, SYSTEM):
        if path.is_symlink():
            mounts.append(Mount(path, link=str(path.readlink())))
        elif path.is_dir():
            mounts.append(Mount(path, path))
    return mounts + [Mount(path, path) for path in map(Path, SYSTEM_FILES) if path.exists()]


def _python() -> list[Path]:
    """Return the places of this Python: its prefixes, and each step on the way to its program."""
    places = {Path(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    places |= {Path(place) for place in sysconfig.get_paths().values() if Path(place).is_dir()}
    step = Path(sys.executable)
    while step.is_symlink():
        step = step.parent / step.readlink()
        if not any(step.is_relative_to(place) for place in places):
            places.add(step)
    return [place for place in places if place != Path("/")]


def _own_packages() -> list[Path]:
    found = (importlib.util.find_spec(name) for name in OWN)
    return [Path(spec.origin).parent.resolve() for spec in found if spec and spec.origin]


def _checkouts() -> list[Path]:
    """Return the checkouts that catbench's code stands in: folders with `.git`."""
    return [place for path in _own_packages() for place in path.parents if (place / ".git").exists()]
