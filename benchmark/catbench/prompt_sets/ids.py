"""The kept prompts as a list of ids: small enough to publish, and enough to build the same suite elsewhere.

An id is made of a prompt's content alone. The first line tells, as JSON after `# `, which filter has kept
the ids; then one id a line, in the order in which prompts were taken.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from catbench.errors import SuiteError, UsageError
from catbench.provenance import Diversity

FILE = "kept_ids.txt"
"""Its name in a suite's folder."""


def spell_ids(ids: Sequence[str], diversity: Diversity | None) -> str:
    """Return the text of a list of ids."""
    head = [] if diversity is None else [f"# {json.dumps(diversity.model_dump())}"]
    return "\n".join([*head, *ids, ""])


def read_ids(path: Path) -> tuple[list[str], Diversity | None]:
    """Return the ids of a list, or of the list in a suite's folder, and the filter that has kept them.

    Raises UsageError where there is none, SuiteError where it is none.
    """
    place = path / FILE if path.is_dir() else path
    if not place.is_file():
        raise UsageError(f"there is no file {place}")
    try:
        lines = place.read_text(encoding="utf-8").splitlines()
        notes = [line[1:] for line in lines if line.startswith("#")]
        ids = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        diversity = Diversity.model_validate_json(notes[0]) if notes else None
    except (UnicodeDecodeError, ValidationError) as error:
        raise SuiteError(f"{place}: not a list of kept ids (altered or cut short?)") from error
    if not ids:
        raise SuiteError(f"{place}: no ids")
    return ids, diversity
