"""diffusers and transformers, imported late and without their types.

Both take seconds to import, and their annotations refuse what they document (a None text encoder, three
block sizes).
"""

from __future__ import annotations

from typing import Any

from catbench_make.packages import optional


def untyped(library: str) -> Any:
    """Return a library by its import name; raises MissingExtraError where it is not installed."""
    return optional(library, "the nano suite")
