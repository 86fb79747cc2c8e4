"""The suites that are here, by the digest that reports name: found and read once."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

from catbench.errors import CatbenchError
from catbench.home import known_suites
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.store import digest_of, load


@cache
def suite_folders() -> dict[str, Path]:
    """Return the folder of every known suite by its digest."""
    found: dict[str, Path] = {}
    for folder in known_suites().values():
        with suppress(CatbenchError):  # one that is broken, or has no scores yet, has no reports
            found[digest_of(folder)] = folder
    return found


def is_here(digest: str) -> bool:
    """Return whether the suite with this digest is here; reports of an index need none."""
    return digest in suite_folders()


@lru_cache(maxsize=8)
def matrix_of(digest: str) -> ScoreMatrix:
    """Return the matrix of the suite with this digest; raises CatbenchError where it is not here."""
    folder = suite_folders().get(digest)
    if folder is None:
        raise CatbenchError(f"no suite with digest {digest[:12]} is here: another version, or not imported?")
    return load(folder)
