"""What is worked out once for a board, and forgotten with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")
_FORGET: list[Callable[[], None]] = []


def kept(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """Return a function that remembers its last 256 answers until `forget` is called."""
    cached = lru_cache(maxsize=256)(function)
    _FORGET.append(cached.cache_clear)
    return cached  # pyright: ignore[reportReturnType]  # the cache asks for hashable arguments, and gets them


def forget() -> None:
    """Forget what belongs to a board that is gone."""
    for clear in _FORGET:
        clear()
