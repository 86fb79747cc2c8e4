"""Where a user's files are, and those that catbench ships: `CATBENCH_HOME` moves all that are the user's."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_dir, user_data_dir

from catbench.errors import UsageError

DATA = Path(__file__).parent / "data"


def home() -> Path:
    """Return the folder of this user's suites: `$CATBENCH_HOME`, or the platform's data folder."""
    return Path(os.environ.get("CATBENCH_HOME") or user_data_dir("catbench")) / "suites"


def shipped_suites() -> dict[str, Path]:
    """Return the folders of the suites that catbench ships, by name."""
    return _suites_in(DATA / "suites")


def known_suites() -> dict[str, Path]:
    """Return the folders of all suites that can be named; one of this user's hides a shipped one."""
    return dict(sorted((shipped_suites() | _suites_in(home())).items()))


def check_own(folder: Path) -> None:
    """Raise UsageError for a suite's folder that is not changed: one that is shipped, or kept as fetched."""
    if folder.resolve() in {path.resolve() for path in shipped_suites().values()}:
        raise UsageError(
            f"suite {folder.name!r} comes with catbench and is not changed: import or make your own"
        )
    if folder.resolve().is_relative_to(cache_folder().resolve()):
        raise UsageError(
            f"{folder} is kept as it was fetched, and is not changed: `catbench pull` makes one of your own"
        )


def _suites_in(folder: Path) -> dict[str, Path]:
    return {path.parent.name: path.parent for path in folder.glob("*/manifest.json")}


def cache_folder() -> Path:
    """Return the folder of what can be made again: `$CATBENCH_HOME/cache`, or the platform's."""
    own = os.environ.get("CATBENCH_HOME")
    return Path(own) / "cache" if own else Path(user_cache_dir("catbench"))
