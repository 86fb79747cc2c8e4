"""How a dataset repository is named: `OWNER/NAME`, `OWNER/NAME@REVISION`, `hf://datasets/OWNER/NAME`.

The address of its page is taken too, as a browser shows it: `https://huggingface.co/datasets/OWNER/NAME`,
with `/tree/REVISION` or `/commit/COMMIT` behind it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import unquote

from catbench.errors import UsageError

SCHEME = "hf://datasets/"
HUB = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


def endpoint() -> str:
    """Return the address of the hub that is asked: HF_ENDPOINT, or the Hugging Face hub."""
    return (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def names_a_hub(text: str) -> bool:
    """Whether a text that names a suite means one on a hub, by its scheme or by the address of a page."""
    return text.startswith((SCHEME, "https://", "http://"))


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
        repository, at, revision = _without_page(text).removeprefix(SCHEME).partition("@")
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

    @property
    def page(self) -> str:
        """Address of its page on the hub."""
        return f"{endpoint()}/datasets/{self.repository}"


def _without_page(text: str) -> str:
    """Return the address of a repository's page as OWNER/NAME[@REVISION], any other text as it is."""
    for hub in (endpoint(), HUB):
        if text.startswith(f"{hub}/datasets/"):
            path = unquote(text.removeprefix(f"{hub}/datasets/").partition("?")[0].partition("#")[0])
            return re.sub(r"^([^/]+/[^/]+)/(?:tree|commit)/", r"\1@", path.rstrip("/"))
    return text
