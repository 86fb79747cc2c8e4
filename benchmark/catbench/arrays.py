"""Names for the array types that the library hands around, and the one way to freeze them."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Scores: TypeAlias = npt.NDArray[np.float32]
Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Strings: TypeAlias = npt.NDArray[Any]

AnyArray = TypeVar("AnyArray", bound=npt.NDArray[Any])


def frozen(array: AnyArray) -> AnyArray:
    """Return `array` marked read-only (the same object, no copy)."""
    array.setflags(write=False)
    return array
