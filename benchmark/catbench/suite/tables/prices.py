"""Cost tables read from files, and fitted to the candidates that have scores.

A price list may hold more candidates than the scores, which is counted, and a unit may price some candidates
only: the pool `priced:UNIT` is then made of those, and the others are named. A price is never guessed.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from catbench.errors import SuiteError, first_fault, listed, unknown_name
from catbench.suite.pool import PRICED, Cost, check_costs, cost_keys, prices
from catbench.suite.tables.columns import Tell
from catbench.suite.tables.numerals import numbers_in
from catbench.suite.tables.table_reading import UNNAMED, read_table


def read_costs(path: Path) -> tuple[Cost, ...]:
    """Return the costs of a file with columns `candidate`, `unit`, `value`, and any others of `Cost`."""
    table = read_table(path)
    for column in ("candidate", "unit", "value"):
        if column not in table:
            names = listed(list(table.columns), 12)
            raise SuiteError(
                f"{path}: no column {column!r}; it has {names}: a price list has the "
                "columns candidate, unit (tflops, seconds, joules or usd) and value, one row a price"
            )
    table = table[[name for name in table.columns if not name.startswith(UNNAMED)]].copy()
    for name in table.columns:
        if name not in Cost.model_fields:
            raise SuiteError(f"{path}: {unknown_name('column', name, Cost.model_fields)}")
    for _, values in table.groupby("unit")["value"]:  # those of one unit are written alike
        table.loc[values.index, "price"] = numbers_in(values, "value", str(path))
    table = table.assign(value=table.pop("price"))
    costs: list[Cost] = []
    for row, record in enumerate(table.to_dict("records"), start=1):
        try:
            given = {str(key): value for key, value in record.items() if key == "value" or not pd.isna(value)}
            costs.append(Cost.model_validate(given))
        except ValidationError as error:
            raise SuiteError(f"{path}, row {row}: {first_fault(error)}") from error
    return tuple(costs)


def fit_costs(costs: Sequence[Cost], candidates: Sequence[str], where: str, tell: Tell) -> tuple[Cost, ...]:
    """Return the prices of candidates that have scores; `tell` hears what is left out and what is missing.

    Raises SuiteError for a price that breaks a rule, and where no unit prices two candidates, which leaves
    nothing to choose between.
    """
    kept = tuple(cost for cost in costs if cost.candidate in set(candidates))
    others = sorted({cost.candidate for cost in costs} - set(candidates))
    check_costs(costs, candidates, where, others=True)
    lacking = without_price(kept, candidates)
    if min(map(len, lacking.values())) > max(0, len(candidates) - 2):
        key, missing = next(iter(lacking.items()))
        raise SuiteError(
            f"{where}: no unit prices two candidates, and routing chooses between two at least: candidate "
            f"{missing[0]!r} has no cost in {key!r}{_renaming(missing, others)}"
        )
    if others:
        tell(
            f"{where}: left out, for lack of scores, the prices of {listed(others)} ({len(others):,} in all)"
        )
    for key, missing in lacking.items():
        if missing:
            tell(
                f"{where}: no price in {key} for {listed(missing, 8)}{_renaming(missing, others)}; the pool "
                f"{PRICED}{key} has the other {len(candidates) - len(missing)}"
            )
    return kept


def without_price(costs: Sequence[Cost], candidates: Sequence[str]) -> dict[str, list[str]]:
    """Return the candidates that have no price, by cost key."""
    covered = {key: prices(costs, key)[0] for key in cost_keys(costs)}
    return {key: [name for name in candidates if name not in priced] for key, priced in covered.items()}


def _renaming(missing: Sequence[str], others: Sequence[str]) -> str:
    """Return the options by which candidates without a price take that of one with nearly their name."""
    folded = {other.casefold(): other for other in others}
    pairs = [
        f"{name}={folded[near]}"
        for name in missing
        for near in get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
    ]
    said = " ".join(f"--candidate {shlex.quote(pair)}" for pair in pairs)
    return f" (where they are the same, {said})" if pairs else ""
