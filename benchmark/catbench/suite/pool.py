"""Candidates, and the pool of them that a router chooses from.

A candidate is one text-to-image function: a model with its settings (SDXL at 20 Euler steps). A pool
is the ordered set of candidates that a router chooses from, with the price of one image of each. Everything
in a pool may be known to a router before it sees a prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from catbench.arrays import LARGEST_COST, LEAST_COST, Floats, frozen
from catbench.errors import SuiteError


class Candidate(BaseModel):
    """One text-to-image function: a model at fixed settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    """Short name, unique in its suite: `sdxl-20`."""
    model: str = ""
    """The model behind it; candidates that share one form a homogeneous pool."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Everything needed to draw the same image again: steps, guidance, scheduler, revision."""

    @field_validator("id")
    @classmethod
    def _is_no_column(cls, name: str) -> str:
        """Refuse names that tables of predictions use for something else."""
        if name in ("metric", "prompt_id") or name.startswith("at_"):
            raise ValueError(f"{name!r} is taken: tables of predictions have such a column")
        return name


@dataclass(frozen=True, eq=False)
class Pool:
    """The candidates that a router chooses from, with the price of one image of each."""

    name: str
    """Its name in the suite: `sdxl`, `sdxl+`, `all`."""
    candidates: tuple[Candidate, ...]
    """In the order of the columns of every (prompt, candidate) array."""
    cost: Floats
    """Shape (M,), positive, from 1e-100 to 1e100, in `unit`."""
    unit: str
    """`tflops`, `tflops_paper`, `seconds`, `joules`, `usd`, or another word of the suite's."""
    metric: str
    """The quality metric that the router is fitted to."""
    seed: int = 0
    """For routers that draw random numbers."""

    def __post_init__(self) -> None:
        cost = np.array(self.cost, dtype=np.float64)
        if cost.shape != (len(self.candidates),) or not len(cost):
            raise SuiteError(
                f"pool {self.name!r}: {len(self.candidates)} candidates and costs of shape "
                f"{cost.shape}; there must be one cost for each, and at least one candidate"
            )
        for candidate, value in zip(self.candidates, cost, strict=True):
            if not LEAST_COST <= value <= LARGEST_COST:
                raise SuiteError(
                    f"candidate {candidate.id!r} costs {value:g} {self.unit}: a cost must be positive, from "
                    f"{LEAST_COST:g} to {LARGEST_COST:g} (is its price missing, or in another unit?)"
                )
        object.__setattr__(self, "cost", frozen(cost))

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def ids(self) -> tuple[str, ...]:
        """Candidate ids in the pool's order."""
        return tuple(candidate.id for candidate in self.candidates)

    @property
    def cheapest(self) -> int:
        """Position of the cheapest candidate; of equally cheap ones the first."""
        return int(np.argmin(self.cost))
