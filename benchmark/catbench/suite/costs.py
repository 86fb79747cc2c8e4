"""The price of one image of each candidate, always with its unit.

A cost key names one column of prices: a unit (`tflops`), or a unit on a hardware
(`seconds@NVIDIA H200`) where a suite has it measured on several. A key may price some candidates only; the
pool `priced:KEY` is made of those.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from catbench.arrays import LARGEST_COST, LEAST_COST, Floats, frozen
from catbench.errors import SuiteError, UsageError, counted, unknown_name

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


class Cost(BaseModel):
    """The price of one image of one candidate in one unit, and how it was found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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


def cost_records(costs: Iterable[Cost]) -> list[dict[str, object]]:
    """Return the rows of a cost table; `spread` is a column of it where one is known."""
    rows = [cost.model_dump() for cost in costs]
    known = any(row["spread"] is not None for row in rows)
    return rows if known else [{key: row[key] for key in row if key != "spread"} for row in rows]


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


def processor_name() -> str:
    """Return the name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
