"""The page Standing: one row a router, and the references that nobody is ranked against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from catbench_leaderboard import views
from catbench_leaderboard.board import ENDS, MEAN, Board
from catbench_leaderboard.text import one_line
from catbench_leaderboard.views import View

REFERENCES = {
    "oracle": "oracle (knows the test scores)",
    "oracle_leave_one_out": "oracle on unseen samples",
    "cascade": "cascade (sees a first image)",
    "mixture": "mixture (does not read the prompt)",
    "best_single": "best single candidate",
}
"""What references are called, in their order."""


def standing(board: Board, view: View) -> pd.DataFrame:
    """Return the ranking of a view, the ranked ones first.

    Columns: `rank`, `rank_low`, `rank_high`, `first` (probability), `router`, `headline` (mean over the
    suite's metrics) and, on the view's metric, `headroom`, `audc`, `peak`, `cost_to_match` and `win_rate`
    against the best fixed candidate, each with `_low` and `_high`; overhead in milliseconds and TFLOPs a
    prompt; who and when. Shares are 0 to 1.
    """
    best = best_fixed(board, view)
    ranks = views.ranks(board, view).set_index("entry")
    headline = views.ranks(board, View(**{**vars(view), "by": MEAN})).set_index("entry")
    results = views.rows(board, "results", view).set_index("entry")
    entries = board.entries.set_index("id").reindex(ranks.index)
    against = _against(board, view, best).set_index("entry").reindex(ranks.index)
    results = results.reindex(ranks.index)
    columns: dict[str, object] = {
        name: ranks[name].to_numpy() for name in ("rank", "rank_low", "rank_high", "first")
    }
    columns["router"] = entries["label"].to_numpy()
    columns["with_leader"] = ranks["with_leader"].to_numpy()
    for end in ENDS:
        columns[f"headline{end}"] = (
            headline[f"value{end}" if not end else end[1:]].reindex(ranks.index).to_numpy()
        )
    for end in ("behind", "behind_low", "behind_high"):
        columns[end] = ranks[end].to_numpy()
    for name in ("headroom", "audc", "peak"):
        columns |= {name + end: results[name + end].to_numpy() for end in ENDS}
    for name in ("cost_to_match", "win_rate"):
        columns |= {name + end: against[name + end].to_numpy() for end in ENDS}
    columns["overhead_ms"] = results["seconds_per_prompt"].to_numpy() * 1e3
    flops = results[["flops_per_prompt", "encoder_flops_per_prompt"]].astype(float)
    columns["overhead_tflops"] = np.where(
        flops["flops_per_prompt"].isna(), np.nan, flops.fillna(0).sum(axis=1) / 1e12
    )
    for name in ("prompt_only", "date", "authors", "link", "proofs", "below"):
        columns[name] = entries[name].to_numpy()
    columns["unranked"] = ranks["unranked"].to_numpy()
    columns["report"] = ranks.index.to_numpy()
    return pd.DataFrame(columns)


def matching(table: pd.DataFrame, search: str) -> pd.DataFrame:
    """Return the rows of a ranking that hold every word of a search: in names, proofs, report or date."""
    words = search.casefold().split()
    if not words:
        return table
    text = table[["router", "authors", "proofs", "report", "date"]].agg(" ".join, axis=1).str.casefold()
    keep = np.all([text.str.contains(word, regex=False) for word in words], axis=0)
    return table[keep].reset_index(drop=True)


def references(board: Board, view: View) -> pd.DataFrame:
    """Return the references of a view: `reference`, `headroom` where it is so by definition, areas, peaks.

    The best single candidate has its quality as its peak.
    """
    found = views.rows(board, "references", view).set_index("reference")
    names = [name for name in REFERENCES if name in found.index]
    found = found.reindex(names)
    areas = found["audc"]
    room = areas.get("oracle", np.nan) - areas.get("mixture", np.nan)
    share = (areas - areas.get("mixture", np.nan)) / (room if room else np.nan)
    table = pd.DataFrame({"reference": [REFERENCES[name] for name in names], "headroom": share.to_numpy()})
    if "best_single" in names:
        table.loc[names.index("best_single"), "reference"] = (
            f"best single candidate: {best_fixed(board, view)}"
        )
    for name in ("audc", "peak"):
        for end in ENDS:
            table[name + end] = found[name + end].to_numpy()
    return table


def best_fixed(board: Board, view: View) -> str:
    """Return the candidate that is best when it is always picked."""
    fixed = views.rows(board, "fixed", view)
    direction = views.rows(board, "results", view)["direction"].iloc[0]
    quality = fixed["quality"].to_numpy()
    best = np.nanargmin(quality) if direction == "lower" else np.nanargmax(quality)
    return str(fixed["candidate"].iloc[int(best)])


def verdict(table: pd.DataFrame) -> str:
    """Return in a sentence who is ahead, and whether it is certain."""
    leaders = table[table["rank"] == 1]
    if leaders.empty:
        return "Nobody is ranked here."
    leader = leaders.iloc[0]
    said = f"{leader['router']} is ahead, first in {leader['first']:.0%} of the draws"
    if len(leaders) > 1:
        said = f"{len(leaders)} routers share the lead: {_named(list(leaders['router']))}"
    close = overlapping(table)
    if not close:
        return f"{said}; no other router's interval overlaps with the leader's."
    others = (
        "the interval of 1 other overlaps"
        if len(close) == 1
        else f"the intervals of {len(close)} others overlap"
    )
    return f"{said}; {others} with the leader's: {_named(close)}."


def overlapping(table: pd.DataFrame) -> list[str]:
    """Return the routers whose intervals overlap with the leader's, the leader left out."""
    return list(table.loc[table["with_leader"] & (table["rank"] > 1), "router"])


def _named(routers: Sequence[str], most: int = 3) -> str:
    """Return the first few names, shortened, and how many more there are."""
    more = f" and {len(routers) - most} more" if len(routers) > most else ""
    return ", ".join(one_line(router, 40) for router in routers[:most]) + more


def _against(board: Board, view: View, candidate: str) -> pd.DataFrame:
    """Return measures against one candidate, with the entry of each."""
    results = views.rows(board, "results", view)
    found = board.per_candidate[board.per_candidate["candidate"] == candidate].set_index("result")
    return found.reindex(results.index).assign(entry=results["entry"])
