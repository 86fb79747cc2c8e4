"""What is wrong with a submission, said in one line that no stranger's text can break or forge."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 500
"""Characters of a message that are kept."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with a submission, and how to fix it: one line each, whatever they quote."""

    what: str
    fix: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "what", escaped(self.what))
        object.__setattr__(self, "fix", escaped(self.fix))

    def __str__(self) -> str:
        return f"{self.what}: {self.fix}"


def escaped(text: str) -> str:
    """Return text with escapes for all that is no printable character, and its end cut off if it is long."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
