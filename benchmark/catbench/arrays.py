"""Names for the array types that the library hands around, the one way to freeze them, bounds of numbers."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Scores: TypeAlias = npt.NDArray[np.float32]
Ints: TypeAlias = npt.NDArray[np.integer[Any]]

Kind = TypeVar("Kind", bound=np.generic)
AnyArray = TypeVar("AnyArray", bound=npt.NDArray[Any])

LEAST_COST, LARGEST_COST = 1e-100, 1e100
"""Ratios and products of costs within these bounds are numbers of double precision."""
LARGEST_QUALITY = 1e150
"""Qualities beyond this cannot be compared in double precision."""


def frozen(array: AnyArray) -> AnyArray:
    """Return `array` marked read-only (the same object, no copy)."""
    array.setflags(write=False)
    return array


def owned(values: npt.ArrayLike, dtype: type[Kind]) -> npt.NDArray[Kind]:
    """Return values as a read-only array of `dtype` that nobody else can change.

    What is read-only already is shared, not copied; what the caller could change is left as it is.
    """
    if isinstance(values, np.ndarray) and not values.flags.writeable and values.dtype == dtype:
        return np.asarray(values)
    return frozen(np.array(values, dtype=dtype))
