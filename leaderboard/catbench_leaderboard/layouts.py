"""Tables as the app shows them: labels, formats and what a heading means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from catbench.report import spelling
from catbench_leaderboard.board import View
from catbench_leaderboard.ranking import certain
from catbench_leaderboard.widgets import share

LEGEND = (
    "Mean rank: over the suite's metrics, in each draw of test prompts. Gain: area of the curve over the "
    "mixture's, on the chosen cost axis. Headroom captured: 0% = no better than not reading the prompt, 100% "
    "= oracle. Intervals: 95%, paired bootstrap over test prompts. ● leads, ○ is not surely behind. Every "
    "number but the measured time was derived again from the router's predictions."
)
MISSING = "–"


def percent(column: Any) -> Any:
    """Return shares in percent; what is 0 but for rounding is 0."""
    return np.round(np.asarray(column, dtype=float) * 100, 9) + 0.0


def interval(table: pd.DataFrame, name: str, scale: float = 1, decimals: int | None = None) -> pd.Series:
    """Return the ends of an estimate's intervals as text, with decimals that the widths warrant."""
    low, high = table[f"{name}_low"] * scale, table[f"{name}_high"] * scale
    width = (high - low).median()
    places = spelling.decimals_for(width if width > 0 else 1e-3) if decimals is None else decimals
    ends = zip(low, high, strict=True)
    return pd.Series(
        [
            MISSING if np.isnan(a) and np.isnan(b) else f"{_end(a, places)} … {_end(b, places)}"
            for a, b in ends
        ],
        index=table.index,
        dtype=object,
    )


def _end(value: float, decimals: int) -> str:
    return MISSING if np.isnan(value) else spelling.plain(value, decimals)


def leaderboard_table(table: pd.DataFrame, view: View) -> None:
    """Show the ranking."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    on = "" if view.axis == "log" else ", linear"
    shown = pd.DataFrame(
        {
            "rank": table["rank"],
            "router": table["router"],
            "mark": marks(table),
            "mean_rank": table["mean_rank"],
            "mean_rank_interval": interval(table, "mean_rank", decimals=1),
            "ranks": _ranks(table),
            "first": percent(table["first"]),
            "gain": table["gain"],
            "gain_interval": interval(table, "gain"),
            "headroom": percent(table["headroom"]),
            "headroom_interval": interval(table, "headroom", 100),
            "match_best": percent(table["match_best"]),
            "match_best_interval": interval(table, "match_best", 100),
            "audc": table["audc"],
            "audc_interval": interval(table, "audc"),
            "overhead_ms": table["overhead_ms"],
            "overhead_tflops": table["overhead_tflops"],
            "prompt_only": table["prompt_only"],
            "date": table["date"],
            "authors": table["authors"],
            "link": table["link"].where(table["link"] != "", None),
            "proofs": table["proofs"],
            "unranked": table["unranked"],
            "verdict": table["verdict"],
        }
    )
    optional = ("overhead_tflops", "prompt_only", "date", "authors", "link", "proofs", "unranked")
    _show(
        shown.drop(columns=[name for name in optional if (shown[name].isna() | (shown[name] == "")).all()]),
        {
            "rank": number("Rank", format="%d", width=50, pinned=True),
            "router": text("Router", width=140, pinned=True),
            "mark": text("Lead", width=50, help="● leads, ○ is not surely behind the leader"),
            "mean_rank": number("Mean rank", format="%.1f", help="Over the suite's metrics, in each draw"),
            "mean_rank_interval": text("95%", help="Interval of the mean rank", width=95),
            "ranks": text("Ranks", help="95% interval of the rank", width=70),
            "first": share("P(first)", help="Share of draws in which it is first"),
            "gain": number(f"Gain, {view.metric}{on}", format="%+.4f", help="Area over the mixture's"),
            "gain_interval": text("95% ", width=120),
            "headroom": share(f"Headroom, {view.metric}{on}"),
            "headroom_interval": text("95%  ", width=95),
            "match_best": share(
                "Cost to match",
                help="Least cost at which it is as good as the best single candidate, over its; – = never",
            ),
            "match_best_interval": text("95%   ", width=95),
            "audc": number(f"AUDC{on}", format="%.4f", help="Mean height of the deferral curve"),
            "audc_interval": text("95%    ", width=120),
            "overhead_ms": number("ms a prompt", format="%.3g", help="Measured time of the router itself"),
            "overhead_tflops": number("TFLOPs a prompt", format="%.3g", help="Router and its text encoder"),
            "prompt_only": text("Prompt only"),
            "date": text("Date"),
            "authors": text("By"),
            "link": st.column_config.LinkColumn("Paper", display_text="open"),
            "proofs": text("Proven", help="Which of: checked, rerun, fresh prompts; and on whose word"),
            "unranked": text("Not ranked because"),
            "verdict": text("What it saves", width="large"),
        },
    )


def suites_table(table: pd.DataFrame) -> None:
    """Show the ranking over suites."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    ends = table.rename(columns={"low": "value_low", "high": "value_high"})
    shown = pd.DataFrame(
        {
            "rank": table["rank"],
            "router": table["router"],
            "mark": marks(table.assign(surely_behind=certain(table))),
            "value": table["value"],
            "interval": interval(ends, "value", decimals=1),
            "ranks": _ranks(table),
            "first": percent(table["first"]),
            "unranked": table["unranked"],
        }
    )
    _show(
        shown,
        {
            "rank": number("Rank", format="%d", width=50, pinned=True),
            "router": text("Router", width=140, pinned=True),
            "mark": text("Lead", width=50),
            "value": number("Mean rank", format="%.1f"),
            "interval": text("95%", width=95),
            "ranks": text("Ranks", width=70),
            "first": share("P(first)"),
            "unranked": text("What is missing", width="large"),
        },
    )


def marks(table: pd.DataFrame) -> Any:
    """Return who leads, and who is not surely behind."""
    close = ~table["surely_behind"] & table["rank"].notna()
    return np.where(table["rank"] == 1, "●", np.where(close, "○", ""))


def _ranks(table: pd.DataFrame) -> list[str]:
    return [
        MISSING if np.isnan(low) else f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"
        for low, high in zip(table["rank_low"], table["rank_high"], strict=True)
    ]


def _show(shown: pd.DataFrame, columns: Mapping[str, Any]) -> None:
    height = min(35 * (len(shown) + 1) + 2, 620)
    st.dataframe(shown, hide_index=True, placeholder=MISSING, height=height, column_config=columns)


def reference_table(table: pd.DataFrame) -> None:
    """Show the references, pinned below the ranking."""
    shown = pd.DataFrame(
        {
            "reference": table["reference"],
            "headroom": percent(table["headroom"]),
            "audc": table["audc"],
            "audc_interval": interval(table, "audc"),
            "peak": table["peak"],
            "peak_interval": interval(table, "peak"),
        }
    )
    st.dataframe(
        shown,
        hide_index=True,
        placeholder=MISSING,
        column_config={
            "reference": st.column_config.TextColumn("Reference", width=260, pinned=True),
            "headroom": share("Headroom"),
            "audc": st.column_config.NumberColumn("AUDC", format="%.4f"),
            "audc_interval": "95%",
            "peak": st.column_config.NumberColumn("Peak", format="%.4f"),
            "peak_interval": "95% ",
        },
    )


def budget_table(table: pd.DataFrame, view: View) -> None:
    """Show quality and selection rates at a budget."""
    shown = table.drop(columns=["low", "high"])
    ends = table.rename(columns={"low": "q_low", "high": "q_high"})
    shown.insert(2, "interval", interval(ends, "q"))
    shown[shown.columns[3:]] = percent(shown[shown.columns[3:]])
    st.dataframe(
        shown,
        hide_index=True,
        placeholder=MISSING,
        column_config={
            "router": st.column_config.TextColumn("Router", pinned=True, width=170),
            "quality": st.column_config.NumberColumn(f"Mean {view.metric}", format="%.4f"),
            "interval": "95%",
            **{name: share(name, help="Share of prompts sent here") for name in shown.columns[3:]},
        },
    )


def savings_table(table: pd.DataFrame, view: View) -> None:
    """Show a router at a budget against every fixed candidate."""
    st.dataframe(
        table.assign(saving=percent(table["saving"])),
        hide_index=True,
        column_config={
            "candidate": st.column_config.TextColumn("Always", pinned=True, width=170),
            "cost": st.column_config.NumberColumn(f"Costs ({view.cost})", format="%.4g"),
            "quality": st.column_config.NumberColumn("Reaches", format="%.4f"),
            "gain": st.column_config.NumberColumn(
                "Router's gain over it", format="%+.4f", help="Positive: the router is better"
            ),
            "saving": share(
                "Router's saving", help="Share of its cost that is not spent; negative: the budget is larger"
            ),
        },
    )


def difference_table(table: pd.DataFrame) -> None:
    """Show differences by metric and slice."""
    if table.empty:
        st.info("They share no result.")
        return
    shown = table[["metric", "slice", "prompts", "first", "second", "difference"]].copy()
    ends = table.rename(columns={"low": "d_low", "high": "d_high"})
    shown["interval"] = pd.concat([interval(part, "d") for _, part in ends.groupby("metric")])  # of one unit
    shown["verdict"] = table["verdict"]
    number = st.column_config.NumberColumn
    st.dataframe(
        shown,
        hide_index=True,
        placeholder=MISSING,
        column_config={
            "metric": st.column_config.TextColumn("Metric", pinned=True),
            "slice": "Slice",
            "prompts": number("Prompts"),
            "first": number("First's gain", format="%+.4f"),
            "second": number("Second's gain", format="%+.4f"),
            "difference": number("Difference", format="%+.4f", help="Positive: the first is better"),
            "interval": "95%",
            "verdict": st.column_config.TextColumn(
                "First is surely", help="Where the interval is on one side of 0"
            ),
        },
    )
