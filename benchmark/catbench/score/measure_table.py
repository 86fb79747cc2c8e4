"""The table of measures: what tables and reports know of each. `measures` fills it, a function a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import Any, Literal, TypeVar

import pandas as pd

from catbench.arrays import Floats

Kind = Literal["quality", "gain", "share", "ratio", "error", "correlation"]


Formula = TypeVar("Formula", bound=Callable[..., Floats])


@dataclass(frozen=True)
class Measure:
    """A measure, and what a table needs to know of it."""

    name: str
    """Its name in reports."""
    label: str
    kind: Kind
    """`quality`: on the metric's own scale and with its own sign. `gain`: a difference of qualities,
    positive is better. `share`, `ratio` and `correlation`: without unit. `error`: on the metric's scale,
    lower is better."""
    per_candidate: bool = False
    better: Literal["higher", "lower"] = "higher"
    of: Callable[..., Floats] | None = None
    """Its function: (B,) of B resamples, or (B, M); None for what trials alone have."""

    @cached_property
    def ingredients(self) -> tuple[str, ...]:
        """What its function is given: the names of its parameters."""
        return () if self.of is None else tuple(signature(self.of).parameters)


MEASURES: dict[str, Measure] = {}
"""Every measure by name, in the order of tables. Areas are on the log-cost axis unless named linear."""


def measures() -> pd.DataFrame:
    """Return the table of all measures, a row each: name (the index), label, kind, per_candidate, better."""
    columns = ["name", "label", "kind", "per_candidate", "better"]
    return pd.DataFrame([vars(one) for one in MEASURES.values()])[columns].set_index("name")


def measured(given: dict[str, Any]) -> dict[str, Floats]:
    """Return every measure of what a scorer gives, by name; a measure may want another one's value too.

    Raises TypeError for a measure that wants what there is not, or is named as what is given.
    """
    if twice := given.keys() & MEASURES.keys():
        raise TypeError(f"a measure cannot be named as what measures are given: {', '.join(sorted(twice))}")
    values: dict[str, Floats] = {}

    def value(name: str, within: tuple[str, ...] = ()) -> Any:
        if name in given:
            return given[name]
        measure = MEASURES.get(name)
        if measure is None or measure.of is None or name in within:
            known = ", ".join([*given, *MEASURES])
            raise TypeError(f"measure {within[-1]!r} wants {name!r}; what there is: {known}")
        if name not in values:
            wanted = {one: value(one, (*within, name)) for one in measure.ingredients}
            values[name] = measure.of(**wanted)
        return values[name]

    return {name: value(name) for name, one in MEASURES.items() if one.of is not None}


def measure(
    label: str, kind: Kind, *, per_candidate: bool = False, better: Literal["higher", "lower"] = "higher"
) -> Callable[[Formula], Formula]:
    """Enter a function into the table."""

    def enter(function: Formula) -> Formula:
        name = function.__name__
        MEASURES[name] = Measure(name, label, kind, per_candidate, better, function)
        return function

    return enter
