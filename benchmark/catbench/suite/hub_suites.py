"""Suites on a dataset hub: fetched at a commit and verified by their digests.

Digests prove that a suite came whole and as its manifest says, not who made it: whoever may write to the
repository can write a manifest as well. The commit tells which state it was.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from catbench.download import Progress
from catbench.errors import SuiteError
from catbench.files import held, sha256_of
from catbench.home import cache_folder, shipped_suites
from catbench.hub.address import Address
from catbench.hub.fetching import Listing, fetch_files, forget_downloads, listed_at_commit
from catbench.suite.info import InfoRecord
from catbench.suite.manifest import DESCRIPTIONS, Manifest, read_manifest
from catbench.suite.matrix import Suite

ORIGIN = "origin.json"
"""Beside a fetched suite's files: where it came from. No part of any digest."""
MOST_FILES = 20_000
MOST_BYTES = 4_000_000_000
MOST_MANIFEST = 16_000_000
"""Bytes of a manifest, which is read before anything of it is verified."""


class Origin(InfoRecord):
    """Where a suite was fetched from."""

    repository: str
    """`OWNER/NAME`."""
    revision: str
    """As it was asked for."""
    commit: str
    """What that stood for."""


def fetched(
    address: Address,
    *,
    most_bytes: int = MOST_BYTES,
    accept: Callable[[Manifest], None] = lambda manifest: None,
    progress: Progress = lambda what, done, total: None,
) -> Path:
    """Return the folder, in the cache, of a suite as it is on a hub now; of a kept commit no hub is asked.

    Every file that its manifest names is verified by its digest; others are not fetched. `accept` is asked
    about the manifest before they are. Raises UsageError where the suite cannot be fetched, SuiteError where
    it is too large, a path is refused, a digest differs, or it takes the name of a shipped suite.
    """
    kept = cache_folder() / "hub" / address.repository
    if re.fullmatch("[0-9a-f]{40}", address.revision) and (kept / address.revision / ORIGIN).is_file():
        accept(read_manifest(kept / address.revision))  # a commit does not change: no hub is asked
        return kept / address.revision
    listing = listed_at_commit(address)
    folder = kept / listing.commit
    if (folder / ORIGIN).is_file():
        accept(read_manifest(folder))
        return folder
    part = folder.with_suffix(".part")
    with held(kept / f"{listing.commit}.lock"):
        if (folder / ORIGIN).is_file():  # another process has fetched it meanwhile
            accept(read_manifest(folder))
            return folder
        manifest = _fetch_manifest(listing, part, progress)
        _check_bounds(listing, manifest, most_bytes)
        _check_name(manifest, address)
        accept(manifest)
        fetch_files(listing, manifest.files, part, progress)
        for name, digest in manifest.files.items():
            if sha256_of(part / name) != digest:
                (part / name).unlink()
                raise SuiteError(f"{address}: {name} is not the file of its manifest: its SHA-256 differs")
        forget_downloads(part)
        origin = Origin(repository=address.repository, revision=address.revision, commit=listing.commit)
        (part / ORIGIN).write_text(origin.model_dump_json(indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)  # what says nothing of its origin was cut short
        part.replace(folder)
    return folder


@cache
def folder_of(address: Address) -> Path:
    """Return the folder of a suite on a hub, of one commit within a process. Raises as `fetched`."""
    return fetched(address)


def origin_of(folder: Path) -> Origin | None:
    """Return where a suite's folder was fetched from, None for one that was not or does not say."""
    try:
        return Origin.model_validate_json((folder / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def fetched_from(*suites: Suite | None) -> dict[str, str]:
    """Return suite -> its address at a hub's commit, of those whose folders say that they came from one."""
    found = {one.suite.id: origin_of(one.root) for one in suites if one is not None and one.root is not None}
    return {name: str(Address(one.repository, one.commit)) for name, one in found.items() if one is not None}


def _fetch_manifest(listing: Listing, part: Path, progress: Progress) -> Manifest:
    """Fetch and return the manifest of what is listed."""
    if "manifest.json" not in listing.sizes:
        raise SuiteError(f"{listing.address} is no suite: it has no manifest.json")
    if listing.sizes["manifest.json"] > MOST_MANIFEST:
        raise SuiteError(f"{listing.address}: its manifest.json is larger than {MOST_MANIFEST:,} bytes")
    part.mkdir(parents=True, exist_ok=True)
    fetch_files(listing, ["manifest.json"], part, progress)
    return read_manifest(part)


def _check_bounds(listing: Listing, manifest: Manifest, most_bytes: int) -> None:
    """Raise SuiteError where a suite is too large, or names files that stand beside it."""
    if len(manifest.files) > MOST_FILES:
        raise SuiteError(
            f"{listing.address} has {len(manifest.files):,} files: at most {MOST_FILES:,} are taken"
        )
    beside = {name.casefold() for name in ("manifest.json", ORIGIN, *DESCRIPTIONS)}
    for name in manifest.files:
        if name.casefold() in beside:
            raise SuiteError(f"{listing.address}: its manifest names {name}, which stands outside it")
    size = sum(listing.sizes.get(name, 0) for name in manifest.files)
    if size > most_bytes:
        raise SuiteError(
            f"{listing.address} has {size / 1e9:,.1f} GB: at most {most_bytes / 1e9:,.1f} GB are taken "
            "(catbench pull --most-gb takes more)"
        )


def _check_name(manifest: Manifest, address: Address) -> None:
    """Raise SuiteError where a suite has the name of one that catbench ships, and another content."""
    name = manifest.suite.id
    shipped = shipped_suites().get(name)
    if shipped and manifest.content != read_manifest(shipped).content:
        raise SuiteError(f"{address} calls itself {name!r}, as a suite that catbench ships, and is another")
