"""The kept prompts as a list of ids: small enough to publish, and enough to build the same suite elsewhere.

An id is made of a prompt's content alone. The first line tells, as JSON after `# `, how many ids there are,
their SHA-256, and which filter has kept them; then one id a line, in the order in which prompts were taken.
A list without that line, such as one written by hand, is taken as it stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from catbench.errors import SuiteError, UsageError
from catbench.suite.info import Diversity, InfoRecord

FILE = "kept_ids.txt"
"""Its name in a suite's folder."""


class Head(InfoRecord):
    """The first line of a list."""

    count: int
    sha256: str
    """Of the ids, each with the line feed after it."""
    diversity: Diversity | None
    """None where the filter is not known."""


def spell_ids(ids: Sequence[str], diversity: Diversity | None) -> str:
    """Return the text of a list of ids."""
    head = Head(count=len(ids), sha256=_digest(ids), diversity=diversity)
    return "\n".join([f"# {head.model_dump_json()}", *ids, ""])


def read_ids(path: Path) -> tuple[list[str], Diversity | None]:
    """Return the ids of a list, or of the list in a suite's folder, and the filter that has kept them.

    Raises UsageError where there is none, SuiteError where it is none, or not the whole of it.
    """
    place = path / FILE if path.is_dir() else path
    if not place.is_file():
        raise UsageError(f"there is no file {place}")
    try:
        lines = place.read_text(encoding="utf-8").splitlines()
        notes = [line[1:] for line in lines if line.startswith("#")]
        ids = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        head = Head.model_validate_json(notes[0]) if notes else None
    except (UnicodeDecodeError, ValidationError) as error:
        raise SuiteError(f"{place}: not a list of kept ids (altered or cut short?)") from error
    if not ids:
        raise SuiteError(f"{place}: no ids")
    if head is None:
        return ids, None
    if len(ids) != head.count:
        raise SuiteError(f"{place}: {len(ids):,} ids, and its first line says {head.count:,} (cut short?)")
    if _digest(ids) != head.sha256:
        raise SuiteError(f"{place}: the ids are not those of its first line (altered?)")
    return ids, head.diversity


def _digest(ids: Sequence[str]) -> str:
    return hashlib.sha256("".join(f"{name}\n" for name in ids).encode()).hexdigest()
