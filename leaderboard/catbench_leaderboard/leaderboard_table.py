"""Who is ahead in a view (`catbench.submit.paired_ranks`): the order, and the table of numbers behind it."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from catbench.report.numbers import Estimate
from catbench.submit.paired_ranks import ranked
from catbench.submit.problems import Row, on_axis
from catbench.terminal import one_line
from catbench_leaderboard.board import Board, View, kept
from catbench_leaderboard.text import web_address

ENDS = {"": "value", "_low": "low", "_high": "high"}
"""Suffix of a column -> end of an estimate."""
_ranked = kept(ranked)


def ranking(board: Board, view: View) -> pd.DataFrame:
    """Return the ranking of a view's routers (`ranked`), the ranked ones first and in order.

    Routers without a result in the view are left out.
    """
    found = _ranked(board.ranked_over(view), view.by, view.slice, view.axis)
    return found[found["router"].isin([row.label for row in board.rows(view)])].reset_index(drop=True)


def ordered(board: Board, view: View) -> list[Row]:
    """Return the routers of a view that have its metric, best ranked first."""
    rows = {row.label: row for row in board.rows(view)}
    return [rows[label] for label in ranking(board, view)["router"]]


def alike(first: Row, second: Row) -> bool:
    """Return whether two routers chose alike: every draw of their areas is the same."""
    return np.array_equal(first.areas("log"), second.areas("log"))


@kept
def numbers(board: Board) -> dict[str, int]:
    """Return every router's number, which gives it its colour on every page and under every filter.

    The best ranked of the first page come first: those that are drawn most are distinguished best.
    """
    first = [row.label for row in ordered(board, board.view())] if board.problems else []
    rows = (row for problem in board.problems for found in problem.rows.values() for row in found)
    return {label: k for k, label in enumerate(dict.fromkeys([*first, *(row.label for row in rows)]))}


def leaderboard_table(board: Board, view: View, most: int | None = None) -> pd.DataFrame:
    """Return the ranking of a view, the ranked ones first; of `most` routers only where it is given.

    Columns: those of `ranking`; `headroom`, `gain` and `audc` on the view's metric and axis, and `match_best`
    (cost to match the best single candidate), each with `_low` and `_high`; `ahead` and `compared`: on how
    many of how many suites (of one suite, metrics) a router is surely ahead of the mixture; `verdict`;
    overhead in milliseconds and TFLOPs a prompt; who made it, when, and who ran it again. Shares are 0 to 1.
    """
    found = ranking(board, view).iloc[:most]
    ahead = surely_ahead(board, view)
    here = {row.label: row for row in board.rows(view)}
    rows = [_columns(here[label], view) | ahead[label] for label in found["router"]]
    return found.join(pd.DataFrame(rows, index=found.index)) if rows else found


def surely_ahead(board: Board, view: View) -> dict[str, dict[str, Any]]:
    """Return on how many suites each router surely gains on every metric; of one, on how many metrics."""
    problems = board.ranked_over(view)
    gain = on_axis("gain", view.axis)
    sure: dict[str, list[bool]] = {}
    for problem in problems:
        of: dict[str, list[bool]] = {}
        for metric in problem.metrics:
            for row in problem.rows.get((metric, view.slice), ()):
                of.setdefault(row.label, []).append((row.result.estimate(gain).low or 0) > 0)
        for label, found in of.items():
            sure.setdefault(label, []).extend([all(found)] if len(problems) > 1 else found)
    return {label: {"ahead": sum(found), "compared": len(found)} for label, found in sure.items()}


def _columns(row: Row, view: View) -> dict[str, Any]:
    """Return what a router's report says on a view's metric."""
    result, said = row.result, row.entry.report.submission
    columns: dict[str, Any] = {}
    for name in ("headroom", "gain", "audc"):
        columns |= _ends(name, result.estimate(on_axis(name, view.axis)))
    columns |= _ends("match_best", result.estimate("match_best"))
    columns["verdict"] = one_line(result.verdict, 400)
    columns["overhead_ms"] = _number(result.seconds_per_prompt * 1e3)
    flops = (result.flops_per_prompt, result.encoder_flops_per_prompt or 0.0)
    columns["overhead_tflops"] = np.nan if flops[0] is None else _number((flops[0] + flops[1]) / 1e12)
    return columns | {
        "authors": one_line(", ".join(said.authors)) if said else "",
        "paper": (web_address(said.paper) if said else None) or "",
        "date": one_line(said.date, 10) if said else "",
        "verified": row.entry.verified,
        "report": row.entry.id,
    }


def _ends(name: str, found: Estimate) -> dict[str, float]:
    return {name + end: _number(getattr(found, which)) for end, which in ENDS.items()}


def _number(value: float | None) -> float:
    """Return a number, nan for none and for what is not finite."""
    return np.nan if value is None or not isfinite(value) else value
