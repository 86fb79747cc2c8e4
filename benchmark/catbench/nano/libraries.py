"""diffusers and transformers, imported late and without their types.

Both take seconds to import, and their annotations refuse what they document (a None text encoder, three
block sizes).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from catbench.errors import MissingExtraError


def untyped(library: str) -> Any:
    """Return a library by its import name; raises MissingExtraError where it is not installed."""
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the nano suite ({library})", "generate") from error
