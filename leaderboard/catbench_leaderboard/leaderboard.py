"""The page Leaderboard: one row a router, and the references that nobody is ranked against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from catbench.report.numbers import Estimate
from catbench_leaderboard.board import MEAN, Board, View
from catbench_leaderboard.problems import Row, on_axis
from catbench_leaderboard.ranking import RANKED, certain, ordered, ranking
from catbench_leaderboard.reports import Entry
from catbench_leaderboard.text import one_line, web_address

REFERENCES = {
    "oracle": "oracle (knows the test scores)",
    "oracle_leave_one_out": "oracle on unseen samples",
    "oracle_shrunk": "oracle on shrunk estimates",
    "cascade": "cascade (sees a first image)",
    "best_per_kind": "best candidate of each kind (sees the kind)",
    "mixture": "mixture (does not read the prompt)",
    "best_single": "best single candidate",
}
"""What references are called, in their order."""
ENDS = {"": "value", "_low": "low", "_high": "high"}
"""Suffix of a column -> end of an estimate."""


def leaderboard(board: Board, view: View) -> pd.DataFrame:
    """Return the ranking of a view, the ranked ones first.

    Columns: those of `catbench_leaderboard.ranking.ranking` but its value; `surely_behind` the leader;
    `mean_rank` over the suite's metrics; `headroom`, `gain` and `audc` on the view's metric and axis, and
    `match_best` (cost to match the best single candidate), each with `_low` and `_high`; `verdict`; overhead
    in milliseconds and TFLOPs a prompt; who made it, when, and what is proven. Shares are 0 to 1.
    """
    found = ranking(board, view)
    means = ranking(board, replace(view, by=MEAN)).set_index("router")[["value", "low", "high"]]
    means.columns = ["mean_rank", "mean_rank_low", "mean_rank_high"]
    table = found[["router", *RANKED, "unranked"]].assign(surely_behind=certain(found))
    table = table.join(means, on="router")
    rows = {row.label: _columns(row, view) for row in board.rows(view)}
    about = pd.DataFrame([rows.get(label, {}) for label in table["router"]], index=table.index)
    texts = about.select_dtypes(exclude="number").columns
    return table.join(about.fillna(dict.fromkeys(texts, "")))  # of one that lacks the view's metric


def _columns(row: Row, view: View) -> dict[str, Any]:
    """Return what a router's report says on a view's metric."""
    result, report = row.result, row.entry.report
    columns: dict[str, Any] = {}
    for name in ("headroom", "gain", "audc"):
        columns |= estimate(name, result.estimate(on_axis(name, view.axis)))
    columns |= estimate("match_best", result.estimate("match_best"))
    columns["verdict"] = one_line(result.verdict, 400)
    columns["overhead_ms"] = number(result.seconds_per_prompt * 1e3)
    flops = (result.flops_per_prompt, result.encoder_flops_per_prompt or 0.0)
    columns["overhead_tflops"] = np.nan if flops[0] is None else number((flops[0] + flops[1]) / 1e12)
    said = report.submission
    columns |= {
        "title": one_line(said.name) if said else "",
        "authors": one_line(", ".join(said.authors)) if said else "",
        "licence": one_line(said.licence) if said else "",
        "link": (web_address(said.paper) if said else None) or "",
        "date": one_line(said.date, 10) if said else "",
        "prompt_only": ("yes" if said.prompt_only else "no") if said else "",
        "proofs": ", ".join(_proofs(row.entry)),
        "below": ", ".join(sorted({what for one in said.standing.values() for what in one.below}))
        if said
        else "",
    }
    return columns | {"report": row.entry.id}


def estimate(name: str, found: Estimate | None) -> dict[str, float]:
    """Return the three columns of an estimate, nan for what does not exist."""
    return {name + end: number(getattr(found, which, None)) for end, which in ENDS.items()}


def number(value: float | None) -> float:
    """Return a number, nan for none and for what is not finite."""
    return np.nan if value is None or not isfinite(value) else value


def _proofs(entry: Entry) -> list[str]:
    """Return what is proven of a report, and on whose word where it is on somebody's."""
    found = entry.proofs
    held = {
        "checked": found.checked,
        "rerun for a release": bool(entry.released),
        "rerun": not entry.released and found.rerun is not None and found.rerun.passed,
        "fresh prompts": found.fresh is not None and found.fresh.holds,
    }
    by = one_line(f"signed by {found.by}", 60) if found.by else "as claimed by this folder"
    words = [name for name, true in held.items() if true]
    return [f"{one} ({by})" if one in ("rerun", "fresh prompts") else one for one in words]


def matching(table: pd.DataFrame, search: str) -> pd.DataFrame:
    """Return the rows of a ranking that hold every word of a search: in names, proofs, report or date."""
    words = search.casefold().split()
    if not words:
        return table
    columns = ["router", "title", "authors", "proofs", "report", "date"]
    text = table[columns].fillna("").agg(" ".join, axis=1).str.casefold()
    keep = np.all([text.str.contains(word, regex=False) for word in words], axis=0)
    return table[keep].reset_index(drop=True)


def references(board: Board, view: View) -> pd.DataFrame:
    """Return the references of a view: `reference`, `headroom`, and `audc` and `peak` with their ends.

    Those that the suite does not allow are left out. The best single candidate has its quality as its peak. A
    slice has no linear areas of references.
    """
    rows = board.rows(view)
    if not rows:
        return pd.DataFrame(
            columns=["reference", "headroom", *(f"{n}{e}" for n in ("audc", "peak") for e in ENDS)]
        )
    result = rows[0].result  # all that hold have the same
    reported = {name: result.references.get(name, {}) for name in REFERENCES}
    found = {
        name: one for name, one in reported.items() if any(part.value is not None for part in one.values())
    }
    area = on_axis("audc", view.axis)
    mixture, oracle = (estimate("", found[name].get(area))[""] for name in ("mixture", "oracle"))
    table: list[dict[str, Any]] = []
    for name, one in found.items():
        called = REFERENCES[name]
        if name == "best_single":
            called += f": {result.best_single.candidate}"
        if name == "best_per_kind" and result.kind:
            called = f"best candidate of each {one_line(result.kind, 40)} (sees it)"
        own = estimate("", one.get(area))[""]
        share = (own - mixture) / (oracle - mixture) if oracle != mixture else np.nan
        peak = one.get("quality") or one.get("peak")
        row = {"reference": called, "headroom": share}
        table.append(row | estimate("audc", one.get(area)) | estimate("peak", peak))
    return pd.DataFrame(table)


def lead(table: pd.DataFrame) -> str:
    """Return in a sentence who is ahead, and how surely."""
    leaders = table[table["rank"] == 1]
    if leaders.empty:
        return "Nobody is ranked here."
    said = f"{leaders['router'].iloc[0]} is ahead, first in {leaders['first'].iloc[0]:.0%} of the draws"
    if len(leaders) > 1:
        said = f"{len(leaders)} routers share the lead: {_named(list(leaders['router']))}"
    close = close_behind(table)
    if not close:
        return f"{said}; every other router is surely behind."
    are = "1 other is" if len(close) == 1 else f"{len(close)} others are"
    return f"{said}; {are} not surely behind: {_named(close)}."


def close_behind(table: pd.DataFrame) -> list[str]:
    """Return the routers that are not surely behind the leader, the leader left out."""
    return list(table.loc[~table["surely_behind"] & (table["rank"] > 1), "router"])


def advice(board: Board, view: View) -> str:
    """Return what the router that is best on validation prompts saves: it is named without a test score."""
    ranked = [row for row in ordered(board, replace(view, slice="all")) if not row.entry.unranked]
    known = [row for row in ranked if row.result.validation_gain is not None]
    if not known:
        return ""
    best = max(known, key=lambda row: row.result.validation_gain or 0.0)
    found = next((row for row in board.rows(view) if row.label == best.label), None)
    return f"Best on validation prompts is {best.label}: {found.result.verdict}." if found else ""


def _named(routers: Sequence[str], most: int = 3) -> str:
    """Return the first few names, shortened, and how many more there are."""
    more = f" and {len(routers) - most} more" if len(routers) > most else ""
    return ", ".join(one_line(router, 40) for router in routers[:most]) + more
