"""Files that appear whole or not at all, whatever stops the process or the machine, and their digests."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from catbench.errors import SuiteError, UsageError


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_file(path: Path) -> Generator[Path]:
    """Yield a path to write to; it becomes `path` when the block ends well, and vanishes otherwise.

    Raises UsageError where the file cannot be written.
    """
    _check_target(path)
    with _writing(path):
        draft = _hidden(path)
        draft.touch(exist_ok=False)
        try:
            yield draft
            _sync(draft)  # or the new name could outlive a power cut, and what it names not
            draft.replace(path)
            _sync(path.parent)
        finally:
            draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all; raises UsageError where the file cannot be written."""
    with atomic_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(path: Path, record: object) -> None:
    """Write a record of finite numbers, texts, lists and dictionaries as JSON, as `write_text` does."""
    write_text(path, json.dumps(record, indent=1, allow_nan=False) + "\n")


@contextmanager
def atomic_folder(path: Path, *, force: bool = False) -> Generator[Path]:
    """Yield an empty folder to fill; it becomes `path` when the block ends well, and vanishes otherwise.

    A folder that is already there is refused unless it is empty, or `force` allows to replace it.
    Raises UsageError where it cannot be written.
    """
    path = path.absolute()
    check_free(path, force=force)
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _hidden(path)
        draft.mkdir()
        try:
            yield draft
            for place, _, files in os.walk(draft):
                for name in files:
                    _sync(Path(place, name))
                _sync(Path(place))
            old = path.replace(_hidden(path)) if path.exists() else None
            draft.replace(path)
            _sync(path.parent)
            if old is not None:
                shutil.rmtree(old)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def held(path: Path) -> Generator[None]:
    """Hold a lock file for this process alone, waiting for others; where a system has none, hold nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        except ImportError:  # no such lock on Windows
            pass
        yield


@contextmanager
def readable(path: Path, form: str) -> Generator[None]:
    """Turn what a reader raises about a broken file into a SuiteError that names the file and its form."""
    try:
        yield
    except (OSError, EOFError, ValueError, TypeError, NotImplementedError) as error:
        raise SuiteError(f"{path}: not readable as {form}: {error}") from error


def check_free(path: Path, *, force: bool = False) -> None:
    """Raise UsageError where a folder cannot be made or replaced; long work asks before it starts."""
    if path.is_file():
        raise UsageError(f"cannot write {path}: it is a file, a folder is needed")
    if path.is_symlink():
        raise UsageError(f"cannot write {path}: it is a link; name the folder that it leads to")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise UsageError(f"{path} is there already: give another folder, or --force to replace it")
    if path.is_dir() and any(place.is_relative_to(path.resolve()) for place in (Path.cwd(), Path.home())):
        raise UsageError(f"cannot replace {path}: it is, or holds, the current or the home folder")


def check_writable(*paths: Path | None) -> None:
    """Raise UsageError where files could not be written, or are one; long work asks before it starts."""
    wanted = [path for path in paths if path]
    if len({path.absolute() for path in wanted}) < len(wanted):
        raise UsageError(f"{' and '.join(map(str, wanted))}: different files are needed")
    for path in wanted:
        _check_target(path)
        with _writing(path):
            probe = _hidden(path)
            probe.touch(exist_ok=False)
            probe.unlink()


def _hidden(path: Path) -> Path:
    """Return a new name beside a path, with its ending: writers know the format by it.

    By its form those are found that a killed process has left (`catbench_make.recorded`).
    """
    return path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")


def _check_target(path: Path) -> None:
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.parent}")


@contextmanager
def _writing(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error


def _sync(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise  # some file systems cannot sync a folder, and do not need it
    finally:
        os.close(handle)
