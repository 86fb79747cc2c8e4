"""Candidates, the price of one image of each, and the pool of them that a router chooses from.

A candidate is one text-to-image function: a model with its settings (SDXL at 20 Euler steps). A price has a
unit: a cost key names one column of prices, a unit (`tflops`), or a unit on a hardware (`seconds@H200`) where
a suite has it measured on several. A key may price some candidates only; the pool `priced:KEY` is made
of those. Everything in a pool may be known to a router before it sees a prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from catbench.arrays import LARGEST_COST, LEAST_COST, Floats, frozen
from catbench.errors import SuiteError, UsageError, counted, unknown_name
from catbench.suite.info import InfoRecord

UNIT_LABELS = {
    "tflops": "TFLOPs",
    "tflops_paper": "TFLOPs (paper's convention)",
    "seconds": "seconds",
    "joules": "joules",
    "usd": "USD",
}
"""How a unit is written in tables and figures; a unit that is not here is written as it is."""

PRICED = "priced:"
"""Before a cost key: the pool of the candidates that have a price under it."""


class Candidate(InfoRecord):
    """One text-to-image function: a model at fixed settings."""

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


class Cost(InfoRecord):
    """The price of one image of one candidate in one unit, and how it was found."""

    candidate: str
    unit: str = Field(pattern="^[^@]+$")
    value: float
    hardware: str = ""
    """Empty where the price does not depend on it (FLOPs)."""
    batch_size: int = 1
    precision: str = ""
    method: str = ""
    """How it was measured, and the source."""
    spread: float | None = Field(default=None, ge=0)
    """Largest less smallest value over rounds of measuring, as a share of `value`; None = not known."""

    @field_validator("spread", mode="before")
    @classmethod
    def _no_number_is_none(cls, value: object) -> object:
        return None if value != value else value  # how a table spells a missing number


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


def cost_table(costs: Iterable[Cost]) -> pd.DataFrame:
    """Return costs as a table, a row each; `spread` is a column of it where one is known."""
    return pd.DataFrame([cost.model_dump(exclude_none=True) for cost in costs])


def cost_keys(costs: Iterable[Cost]) -> tuple[str, ...]:
    """Return every cost key that the table offers: bare units where unambiguous, else `unit@hardware`."""
    hardware: dict[str, dict[str, None]] = {}
    for cost in costs:
        hardware.setdefault(cost.unit, {})[cost.hardware] = None
    return tuple(
        f"{unit}@{name}" if len(names) > 1 and name else unit
        for unit, names in hardware.items()
        for name in names
    )


def prices(costs: Iterable[Cost], key: str) -> tuple[dict[str, float], str]:
    """Return the prices under a cost key by candidate, and the hardware they hold for.

    A key need not price every candidate. Raises UsageError for an unknown or ambiguous key.
    """
    costs = tuple(costs)
    unit, _, hardware = key.partition("@")
    rows = [cost for cost in costs if cost.unit == unit and hardware in ("", cost.hardware)]
    if not rows:
        raise unknown_name("cost", key, cost_keys(costs))
    found = {cost.hardware for cost in rows}
    if not hardware and "" in found:  # a bare unit means the prices that name no hardware, if there are any
        rows, found = [cost for cost in rows if not cost.hardware], {""}
    if len(found) > 1:
        options = ", ".join(sorted(f"{unit}@{name}" for name in found if name))
        raise UsageError(f"cost {key!r} was measured on several machines: name one of {options}")
    return {cost.candidate: cost.value for cost in rows}, found.pop()


def select_costs(costs: Iterable[Cost], key: str, candidates: Sequence[str]) -> tuple[Floats, str]:
    """Return the prices of `candidates` under a cost key, shape (M,), and the hardware they hold for.

    Raises UsageError for an unknown or ambiguous key, or where a candidate has no price under it.
    """
    known, hardware = prices(costs, key)
    if missing := [candidate for candidate in candidates if candidate not in known]:
        others = len(missing) - 1
        more = f" (nor {'have' if others > 1 else 'has'} {counted(others, 'other')})" if others else ""
        raise UsageError(
            f"candidate {missing[0]!r} has no cost in {key!r}{more}: take the pool {PRICED + key!r}, which "
            f"has the {len(known)} candidate{'s' * (len(known) != 1)} with a price in it, or another cost"
        )
    return frozen(np.array([known[candidate] for candidate in candidates])), hardware


def check_costs(
    costs: Iterable[Cost], candidates: Iterable[str], where: str, *, others: bool = False
) -> None:
    """Raise SuiteError for a price that is not positive, is given twice, or is of an unknown candidate.

    A unit need not price every candidate. With `others`, prices of unknown candidates are passed over.
    `where` is the file to name in the message.
    """
    known = set(candidates)
    seen: set[tuple[str, str, str]] = set()
    for row, cost in enumerate(costs, start=1):
        place = f"{where}, row {row}"
        if cost.candidate not in known and others:
            continue
        if cost.candidate not in known:
            raise SuiteError(
                f"{place}: {unknown_name('candidate', cost.candidate, known)} "
                "(the score table has no such candidate)"
            )
        if not LEAST_COST <= cost.value <= LARGEST_COST:
            raise SuiteError(
                f"{place}: candidate {cost.candidate!r} costs {cost.value:g} {cost.unit}: a cost must "
                f"be positive and finite, from {LEAST_COST:g} to {LARGEST_COST:g} (leave the row out where "
                "the price is not known; where an image is "
                "free, give the little that it costs to make)"
            )
        priced = (cost.candidate, cost.unit, cost.hardware)
        if priced in seen:
            raise SuiteError(f"{place}: candidate {cost.candidate!r} has two prices in {cost.unit!r}")
        seen.add(priced)
    if not seen:
        raise SuiteError(f"{where}: no costs; a router cannot be scored without the price of an image")


def members_of(
    name: str,
    pools: Mapping[str, tuple[str, ...]],
    candidates: Sequence[Candidate],
    costs: Iterable[Cost],
    suite: str,
) -> tuple[str, ...]:
    """Return the ids of a pool's candidates: of one of `pools`, or of those that every suite has.

    Raises UsageError for an unknown name, or where the suite so called has no such pool.
    """
    if name in pools:
        return pools[name]
    if name in ("all", "heterogeneous"):
        return tuple(candidate.id for candidate in candidates)
    if name.startswith(PRICED):
        priced, _ = prices(costs, name.removeprefix(PRICED))
        return tuple(candidate.id for candidate in candidates if candidate.id in priced)
    if name == "homogeneous":
        return _of_one_model(pools, candidates, suite)
    raise unknown_name("pool", name, [*pools, "all", "homogeneous", "heterogeneous"])


def _of_one_model(
    pools: Mapping[str, tuple[str, ...]], candidates: Sequence[Candidate], suite: str
) -> tuple[str, ...]:
    model_of = {candidate.id: candidate.model or candidate.id for candidate in candidates}
    models: dict[str, list[str]] = {}
    for candidate, model in model_of.items():
        models.setdefault(model, []).append(candidate)
    named = [ids for ids in pools.values() if len(ids) > 1 and len({model_of[c] for c in ids}) == 1]
    largest = max(named or models.values(), key=len)
    if len(largest) == 1:
        raise UsageError(f"suite {suite!r} has no two candidates of one model")
    return tuple(largest)
