"""Files fetched once: cached, checked by SHA-256, and taken up again where a download broke off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from catbench.errors import UsageError, first_line
from catbench.files import sha256_of
from catbench.home import cache_folder

CHUNK = 1 << 20
TIMEOUT = 30
"""Seconds without a byte after which a connection counts as dead."""
Progress = Callable[[str, int, int], None]
"""Called with what is being done, steps done and steps in all."""


def fetch(
    url: str,
    sha256: str,
    name: str,
    progress: Progress,
    *,
    room: str = "prompts",
    instead: str = "give a local copy with --from",
) -> Path:
    """Return the path of a file in the cache, fetched if it is not there.

    `room` is the cache's folder for files of its kind, `instead` tells what helps where there is no network.
    Raises UsageError where it cannot be fetched whole (what came is kept for the next time), or is another
    file than the digest says.
    """
    folder = cache_folder() / room
    path, part = folder / name, folder / f"{name}.part"
    if path.is_file() and sha256_of(path) == sha256:
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _receive(url, part, progress)
        found = sha256_of(part)
        if found != sha256:
            part.unlink()
            raise UsageError(
                f"{url} is not the file that was expected (SHA-256 {sha256[:12]}…): it has {found[:12]}…; "
                f"run again to fetch all of it, or {instead}"
            )
        return part.replace(path)
    except OSError as error:
        raise UsageError(
            f"cannot fetch {url}: {_reason(error)}; run again to go on where it stopped, or {instead}"
        ) from error


def _receive(url: str, part: Path, progress: Progress) -> None:
    """Add to a file what an earlier attempt has left of `url`."""
    import requests  # slow to import, and only a download needs it

    have = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == requests.codes.range_not_satisfiable:  # then all of it is there
            return
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            have = 0
        due = have + int(response.headers.get("Content-Length", 0))
        with part.open("ab" if have else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                have += len(chunk)
                progress(f"fetching {part.stem}", have, max(have, due))
    if have < due:
        raise OSError(f"{have:,} of {due:,} bytes came")


def _reason(error: OSError) -> str:
    """Return why a fetch failed, without the many words that a connection's error has."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the answer was {error.response.status_code} {error.response.reason}"
    if isinstance(error, (requests.ConnectionError, requests.Timeout)):
        return "there is no connection to it"
    return first_line(error)
