"""What a running board keeps in memory, for all its visitors."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path
from threading import Lock

from catbench.download import Progress
from catbench.report.host_key import allowed_signers
from catbench.report.index import own_index
from catbench.report.places import shipped_folders
from catbench.submit.entries import fingerprint
from catbench_leaderboard.board import Board, forget, open_board, quiet

FOLDERS = "CATBENCH_REPORTS"
"""Environment variable with the folders of reports: a JSON list, or paths as in `$PATH`.

Without it, the shipped ones are shown.
"""
_ONE_AT_A_TIME = Lock()
_NOW: list[tuple[tuple[object, ...], Board]] = []
"""The board, and what it was made of; empty before the first visit."""


def folders() -> tuple[Path, ...]:
    """Return the folders whose reports are shown."""
    given = os.environ.get(FOLDERS)
    if not given:
        return tuple(shipped_folders())
    try:
        names = json.loads(given)
    except ValueError:
        names = None
    listed = names if isinstance(names, list) else given.split(os.pathsep)
    return tuple(Path(str(name)) for name in listed if name)


def _trusted() -> tuple[float, ...]:
    """Return when this user's own index and his hosts' keys were changed."""
    paths = own_index(), allowed_signers()
    return tuple(path.stat().st_mtime if path and path.is_file() else 0.0 for path in paths)


def board(progress: Progress = quiet) -> Board:
    """Return the board; what is new or has changed on disk is read and verified first, once for all."""
    places = tuple(folder for folder in folders() if folder.is_dir())
    with _ONE_AT_A_TIME:
        made_of = places, fingerprint(places), _trusted()
        if not _NOW or _NOW[0][0] != made_of:
            before = _NOW[0][1] if _NOW and _NOW[0][0][-1] == made_of[-1] else None
            found = open_board(places, progress=progress, before=before)
            forget()
            _NOW[:] = [(made_of, found)]
            # Streamlit collects garbage after each run of a page, while its visitor waits: without all this.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        return _NOW[0][1]
