"""The digest of a model's local files, which pins it as a commit pins a hub repository."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from catbench.files import sha256_of
from catbench.generate.settings import DrawingSettings, local_source


def weights_digest(settings: DrawingSettings, root: Path | None) -> str:
    """Return the digest of the local files that settings draw with; empty where all come from the hub.

    `root` is the suite's folder. A model on the hub is pinned by its revision instead.
    """
    sources = [settings.pipeline] + ([settings.weights.source] if settings.weights else [])
    local = [folder for source in sources if (folder := local_source(source, root))]
    return hashlib.sha256("".join(map(_folder_digest, local)).encode()).hexdigest() if local else ""


@cache
def _folder_digest(folder: Path) -> str:
    """Return the digest of every file in a folder, read once a process."""
    lines = [
        f"{path.relative_to(folder).as_posix()} {sha256_of(path)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
