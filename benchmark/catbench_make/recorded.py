"""A file with a record beside it: `x.parquet` and `x.json`. Both are there and whole, or neither counts.

The record holds what the file was made with, the SHA-256 of the file, and that of the record
itself. The file is moved into place first and the record after it, so that a process killed at
any moment leaves either a file with its record or something that is made again. A flipped byte in either is
found.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from catbench.errors import UsageError
from catbench.files import atomic_file, sha256_of

FILE_DIGEST = "sha256"
RECORD_DIGEST = "seal"
_DRAFT = re.compile(r"\..+-[a-z0-9_]{8}(\.[a-z]+)?")
"""How `catbench.files` names what it is writing: a dot, the name to be, eight random characters."""


def write_recorded(path: Path, record: dict[str, Any], write: Callable[[Path], object]) -> None:
    """Write `path` by calling `write` on a draft of it, then its record.

    Raises UsageError where it cannot be written; nothing that counts is left then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        record_path(path).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    with atomic_file(path) as draft:
        write(draft)
        digest = sha256_of(draft)
    content = {**record, FILE_DIGEST: digest}
    with atomic_file(record_path(path)) as draft:
        content[RECORD_DIGEST] = _digest(content)
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
        draft.write_text(text + "\n", encoding="utf-8")


def read_record(path: Path) -> dict[str, Any] | None:
    """Return the record beside `path`, or None where it is missing or broken. The file is not read."""
    try:
        content = json.loads(record_path(path).read_text(encoding="utf-8"))
        digest = content.pop(RECORD_DIGEST)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return content if digest == _digest(content) else None


def is_whole(path: Path, record: dict[str, Any]) -> bool:
    """Return whether the file is the one that its record describes."""
    return path.is_file() and sha256_of(path) == record.get(FILE_DIGEST)


def record_path(path: Path) -> Path:
    """Return where the record of `path` lies."""
    return path.with_suffix(".json")


def remove_drafts(folder: Path) -> None:
    """Remove what a killed process was writing below `folder`, which must hold nothing but a run's files.

    Only the one process that owns the run may call this.
    """
    for draft in list(folder.rglob(".*-*")):
        if _DRAFT.fullmatch(draft.name):
            draft.unlink(missing_ok=True)


def remove_folder_drafts(path: Path) -> None:
    """Remove what a killed process was making to become the folder `path`."""
    for draft in list(path.parent.glob(f".{path.name}-*")):
        if _DRAFT.fullmatch(draft.name) and draft.is_dir() and not draft.is_symlink():
            shutil.rmtree(draft)


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
