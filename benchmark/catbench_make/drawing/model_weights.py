"""The digest of a model's local files, which pins it as a commit pins a hub repository."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from catbench.files import sha256_of
from catbench.suite.info import Metric
from catbench_make.plan.settings import DrawingSettings, local_source
from catbench_make.scorers.checkpoint_file import local_file


def weights_digest(settings: DrawingSettings, root: Path | None) -> str:
    """Return the digest of the local files that settings draw with; empty where all come from the hub.

    `root` is the suite's folder. A model on the hub is pinned by its revision instead.
    """
    sources = [settings.pipeline] + ([settings.weights.source] if settings.weights else [])
    return _digest_of(sources, root)


def metric_digest(metric: Metric, root: Path | None) -> str:
    """Return the digest of the local files of a metric's model; empty where it has none.

    A model is named `FOLDER` or `LOADER:FOLDER`, or is several such, or files, joined by ` + `.
    """
    parts = metric.model.split(" + ")
    return _digest_of([name for part in parts for name in (part, part.partition(":")[2])], root)


def _digest_of(sources: Sequence[str], root: Path | None) -> str:
    local = [path for source in sources if source and (path := _local(source, root))]
    return hashlib.sha256("".join(map(_path_digest, local)).encode()).hexdigest() if local else ""


def _local(source: str, root: Path | None) -> Path | None:
    return local_source(source, root) or local_file(source, root)


def _path_digest(path: Path) -> str:
    return sha256_of(path) if path.is_file() else _folder_digest(path)


@cache
def _folder_digest(folder: Path) -> str:
    """Return the digest of every file in a folder, read once a process."""
    lines = [
        f"{path.relative_to(folder).as_posix()} {sha256_of(path)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
