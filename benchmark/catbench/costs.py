"""The price of one image of each candidate, always with its unit.

A cost key names one column of prices: a unit (`tflops`), or a unit on a hardware
(`seconds@NVIDIA H200`) where a suite has it measured on several.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from catbench.arrays import Floats, frozen
from catbench.errors import SuiteError, UsageError, unknown_name

UNIT_LABELS = {
    "tflops": "TFLOPs",
    "tflops_paper": "TFLOPs (paper's convention)",
    "seconds": "seconds",
    "joules": "joules",
    "usd": "USD",
}
"""How a unit is written in tables and figures; a unit that is not here is written as it is."""


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


def select_costs(costs: Sequence[Cost], key: str, candidates: Sequence[str]) -> tuple[Floats, str]:
    """Return the prices of `candidates` under a cost key, shape (M,), and the hardware they hold for.

    Raises UsageError for an unknown or ambiguous key, SuiteError for a candidate without a price.
    """
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
    prices = {cost.candidate: cost.value for cost in rows}
    for candidate in candidates:
        if candidate not in prices:
            raise SuiteError(f"candidate {candidate!r} has no cost in {key!r}: add it to the cost table")
    return frozen(np.array([prices[candidate] for candidate in candidates])), found.pop()


def check_costs(costs: Iterable[Cost], candidates: Iterable[str], where: str) -> None:
    """Raise SuiteError for a price that is not positive, is given twice, or is of an unknown candidate.

    Every unit must price every candidate. `where` is the file to name in the message.
    """
    known = set(candidates)
    seen: dict[tuple[str, str], set[str]] = {}
    for row, cost in enumerate(costs, start=1):
        place = f"{where}, row {row}"
        if cost.candidate not in known:
            raise SuiteError(
                f"{place}: {unknown_name('candidate', cost.candidate, known)} "
                "(the score table has no such candidate)"
            )
        if not (np.isfinite(cost.value) and cost.value > 0):
            raise SuiteError(
                f"{place}: candidate {cost.candidate!r} costs {cost.value:g} {cost.unit}: a cost must "
                "be positive and finite (a price that is not known is left out, not set to 0)"
            )
        priced = seen.setdefault((cost.unit, cost.hardware), set())
        if cost.candidate in priced:
            raise SuiteError(f"{place}: candidate {cost.candidate!r} has two prices in {cost.unit!r}")
        priced.add(cost.candidate)
    if not seen:
        raise SuiteError(f"{where}: no costs; a router cannot be scored without the price of an image")
    for (unit, hardware), priced in seen.items():
        if missing := sorted(known - priced):
            on = f" on {hardware}" if hardware else ""
            raise SuiteError(f"{where}: candidate {missing[0]!r} has no cost in {unit!r}{on}")


def processor_name() -> str:
    """Return the name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
