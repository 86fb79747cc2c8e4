"""The router against every candidate at that candidate's cost, as a table that fits a terminal."""

from __future__ import annotations

from catbench.cli.table_layout import first_that_fits, table_lines
from catbench.report.figure import pareto_front
from catbench.report.result import Result
from catbench.report.spelling import decimals_of, plain, spell, spell_cost, spell_value

HEADS = ("candidate", "cost", "mean\nquality", "router at\nthat cost", "gain", "cost to\nmatch")
HEADS_WITH_WINS = ("candidate", "cost", "mean\nquality", "gain at\nthat cost", "cost to\nmatch", "win rate")
"""Six columns at most: the router's height is the candidate's quality and the gain."""
SMALL = 0.1
"""Below this a share of a cost is written with a decimal."""


def candidate_table(result: Result, width: int, *, every: bool) -> tuple[list[str], int]:
    """Return the table as lines of a width, and how many candidates it leaves out.

    Rows are the candidates that none beats at no greater cost, by rising cost; with `every` the others
    follow. Where a line is too long, fewer intervals are shown, and those that are stand below their values.
    """
    front = pareto_front(result)
    cost = dict(zip(result.candidates, result.costs, strict=True))
    others = sorted((name for name in result.candidates if name not in front), key=lambda name: cost[name])
    shown = [*front, *others] if every else front
    heads = HEADS_WITH_WINS if "win_rate" in result.measures else HEADS
    places = _places(result, shown)
    whole, fewer, below, narrow = (
        [_row(result, name, places, below=below, fewer=fewer) for name in shown]
        for below, fewer in ((False, False), (False, True), (True, False), (True, True))
    )
    variants = [table_lines(heads, rows) for rows in (whole, fewer, below, narrow)]
    variants.append(table_lines(heads, fewer, above=True))
    return first_that_fits(variants, width), len(result.candidates) - len(shown)


def _places(result: Result, shown: list[str]) -> int:
    """Return decimals for all qualities and gains: what gains need, at most one more than qualities."""
    gains = [decimals_of(result.estimate("gain_at", name)) for name in shown]
    qualities = [decimals_of(result.fixed[name].quality) for name in shown]
    return min(max(gains), 1 + max(qualities))


def _row(result: Result, name: str, places: int, *, below: bool, fewer: bool) -> list[str]:
    fixed, match = result.fixed[name], result.estimate("cost_to_match", name)
    share = 1 if match.value is not None and match.value < SMALL else 0
    to_match = (
        spell_value(match, percent=True, missing="never", decimals=share)
        if fewer
        else spell(match, percent=True, missing="never", decimals=share)
    )
    gain = spell(result.estimate("gain_at", name), decimals=places)
    quality = "-" if fixed.quality.value is None else plain(fixed.quality.value, places)
    cells = [name, spell_cost(fixed.cost), quality]
    if "win_rate" in result.measures:
        cells += [gain, to_match, spell(result.estimate("win_rate", name), percent=True)]
    else:
        at = result.estimate("quality_at", name).value
        cells += ["-" if at is None else plain(at, places), gain, to_match]
    return [cells[0], *(cell.replace(" [", "\n[") for cell in cells[1:])] if below else cells
