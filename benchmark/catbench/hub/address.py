"""How a dataset repository is named: `OWNER/NAME`, `OWNER/NAME@REVISION`, `hf://datasets/OWNER/NAME`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from catbench.errors import UsageError

SCHEME = "hf://datasets/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


@dataclass(frozen=True)
class Address:
    """A repository, and which state of it."""

    repository: str
    """`OWNER/NAME`."""
    revision: str = "main"
    """A branch, a tag or a commit."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that a text names, or raise UsageError where it names none."""
        repository, at, revision = text.removeprefix(SCHEME).partition("@")
        parts = repository.split("/")
        good = len(parts) == 2 and all(_NAME.fullmatch(part) and ".." not in part for part in parts)
        if not good or (at and (not _REVISION.fullmatch(revision) or ".." in revision)):
            raise UsageError(
                f"{text!r} names no dataset repository: give OWNER/NAME or OWNER/NAME@REVISION, where a "
                f"suite can be named {SCHEME}OWNER/NAME"
            )
        return cls(repository, revision or "main")

    def __str__(self) -> str:
        return f"{SCHEME}{self.repository}@{self.revision}"
