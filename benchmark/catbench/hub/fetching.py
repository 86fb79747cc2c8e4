"""A repository's files at one commit: listed, then fetched within the sizes that were listed.

A download that breaks off is taken up by the same call: what came whole stays, and within a call a file goes
on at the byte where its connection broke.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from catbench.download import Progress
from catbench.errors import SuiteError
from catbench.hub.address import Address
from catbench.hub.refusals import refusals_explained

AT_ONCE = 8
"""Files that are fetched side by side."""
LONGEST_PATH = 200


@dataclass(frozen=True)
class Listing:
    """What a repository holds at a commit."""

    address: Address
    commit: str
    """40 hex digits: what the revision stood for when it was asked."""
    sizes: Mapping[str, int]
    """Path -> bytes."""


def listed_at_commit(address: Address) -> Listing:
    """Return what a repository holds, its revision resolved to a commit.

    Raises UsageError where it cannot be asked, SuiteError where the hub names no commit.
    """
    from huggingface_hub import HfApi

    with refusals_explained("look up", address):
        info: Any = HfApi().dataset_info(address.repository, revision=address.revision, files_metadata=True)
    if not re.fullmatch("[0-9a-f]{40}", info.sha or ""):
        raise SuiteError(f"{address}: the hub names no commit for it")
    return Listing(address, info.sha, {file.rfilename: int(file.size or 0) for file in info.siblings or ()})


def check_path(name: str) -> None:
    """Raise SuiteError for a path that could lead out of the folder it is put into, or hide in it."""
    parts = PurePosixPath(name).parts
    if (
        not parts
        or name != "/".join(parts)
        or len(name) > LONGEST_PATH
        or any(part.startswith(".") or part == "/" for part in parts)
        or re.search(r"[\\:\x00-\x1f\x7f]", name)
    ):
        raise SuiteError(
            f"{name!r} is no path for a file of a suite: it must be relative, without '..', hidden names, "
            f"backslashes or colons, and of at most {LONGEST_PATH} characters"
        )


def fetch_files(listing: Listing, names: Iterable[str], folder: Path, progress: Progress) -> None:
    """Fetch files of a repository into a folder, each no larger than it was listed.

    Raises SuiteError for a path that is refused or not listed, UsageError where one cannot be fetched.
    """
    wanted = sorted(names)
    for name in wanted:
        check_path(name)
        if name not in listing.sizes:
            raise SuiteError(
                f"{listing.address}, commit {listing.commit[:12]}: {name} is named and not there"
            )
    due = sum(listing.sizes[name] for name in wanted)
    meter = _Meter(f"fetching {listing.address.repository}", due, progress)
    with refusals_explained("fetch", listing.address), ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(partial(_fetch_one, listing, folder, meter), wanted))
    for name in wanted:
        path = folder / name
        if path.is_symlink() or not path.is_file() or path.stat().st_size != listing.sizes[name]:
            path.unlink(missing_ok=True)
            raise SuiteError(f"{listing.address}: {name} is a link, or has another size than was listed")


def forget_downloads(folder: Path) -> None:
    """Remove what the library has noted beside fetched files."""
    shutil.rmtree(folder / ".cache", ignore_errors=True)


def _fetch_one(listing: Listing, folder: Path, meter: _Meter, name: str) -> None:
    from huggingface_hub import hf_hub_download

    size = listing.sizes[name]
    hf_hub_download(
        listing.address.repository,
        name,
        repo_type="dataset",
        revision=listing.commit,
        local_dir=folder,
        tqdm_class=meter.of_file(name, size),
    )
    meter.add(size)


class _Meter:
    """Counts what has come, file by file, and bounds each."""

    def __init__(self, what: str, due: int, progress: Progress) -> None:
        self._what, self._due, self._progress, self._came = what, due, progress, 0

    def add(self, size: int) -> None:
        self._came += size
        self._progress(self._what, self._came, self._due)

    def of_file(self, name: str, size: int) -> Any:
        """Return a silent progress bar for the library, that ends a download beyond the listed size."""
        from huggingface_hub.utils import tqdm

        class Bounded(tqdm):  # type: ignore[type-arg, misc]
            came = 0

            def __init__(self, *args: Any, **given: Any) -> None:
                super().__init__(*args, **{**given, "disable": True})

            def update(self, n: float | None = 1) -> None:
                self.came += int(n or 0)
                if self.came > size:
                    raise SuiteError(f"{name}: more came than the {size:,} bytes that were listed")

        return Bounded
