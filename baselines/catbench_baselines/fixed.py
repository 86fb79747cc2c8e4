"""Always the same candidate: `fixed:sdxl-20`. What every router must beat at that candidate's cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catbench import CatbenchError, Pool, Prompts
from catbench_baselines.features import Floats


class FixedRouter:
    """Sends every prompt to one candidate, whatever the trade-off."""

    flops_per_prompt = 0.0

    def __init__(self, position: int) -> None:
        self.position = position

    def fit(self, prompts: Prompts, quality: Floats) -> FixedRouter:
        """Learn nothing."""
        return self

    def state(self) -> dict[str, int]:
        """Return nothing: the name says it all."""
        return {}

    def restore(self, state: dict[str, int]) -> None:
        """Take nothing."""

    def route(self, prompts: Prompts, trade_offs: Floats) -> npt.NDArray[np.int64]:
        """Return the one position for each trade-off and prompt."""
        return np.full((len(trade_offs), len(prompts)), self.position)


def make_router(pool: Pool, candidate: str = "") -> FixedRouter:
    """Return the router of one candidate of the pool."""
    if candidate not in pool.ids:
        raise CatbenchError(
            f"fixed needs a candidate, fixed:ID with one of {', '.join(pool.ids)}; not {candidate!r}"
        )
    return FixedRouter(pool.ids.index(candidate))
