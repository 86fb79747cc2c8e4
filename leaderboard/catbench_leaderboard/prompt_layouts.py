"""What the app shows of prompts and of a suite: tables, images, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from catbench_leaderboard.board import View


def prompts_table(table: pd.DataFrame, view: View) -> None:
    """Show the prompts where two routers differ most."""
    if table.empty:
        st.info("At this budget both reach the same quality on every prompt.")
        return
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "prompt_id": st.column_config.TextColumn("Prompt", width=110),
            "prompt": st.column_config.TextColumn("Text", width="large"),
            "first": "First picks",
            "second": "Second picks",
            "first_quality": st.column_config.NumberColumn(f"Its {view.metric}", format="%.4f"),
            "second_quality": st.column_config.NumberColumn(f"Its {view.metric} ", format="%.4f"),
            "gain": st.column_config.NumberColumn("First's gain", format="%+.4f"),
        },
    )


def quality_table(table: pd.DataFrame, view: View) -> None:
    """Show each candidate's quality on one prompt."""
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "candidate": st.column_config.TextColumn("Candidate", pinned=True),
            "cost": st.column_config.NumberColumn(f"Cost ({view.cost})", format="%.4g"),
            **{name: st.column_config.NumberColumn(name, format="%.4f") for name in table.columns[2:]},
        },
    )


def choice_table(table: pd.DataFrame, view: View) -> None:
    """Show what routers choose for one prompt."""
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "router": st.column_config.TextColumn("Router", pinned=True, width=170),
            "chose": "Chooses",
            "cost": st.column_config.NumberColumn(f"Cost ({view.cost})", format="%.4g"),
            view.metric: st.column_config.NumberColumn(f"Reaches ({view.metric})", format="%.4f"),
        },
    )
    st.caption(
        "The choice at the largest mean cost within the budget that one trade-off gives; best ranked first."
    )


def tiles(images: Sequence[tuple[str, bytes]], members: Sequence[str]) -> None:
    """Show the images of the pool's candidates, side by side."""
    shown = [(candidate, png) for candidate, png in images if candidate in members]
    if shown:
        st.image([png for _, png in shown], caption=[candidate for candidate, _ in shown], width=128)


def facts(found: Mapping[str, str], signature: str) -> None:
    """Show what a suite says of itself, and the signature of results on it."""
    table = pd.DataFrame(found.items(), columns=["what", "value"])
    st.table(table.set_index("what"), border="horizontal", hide_header=True)
    st.caption("Signature of the results")
    st.code(signature, language=None, wrap_lines=True)


def plain(table: pd.DataFrame, pinned: str) -> None:
    """Show a table as it is."""
    number = st.column_config.NumberColumn
    floats = {name: number(name, format="%.5g") for name in table.select_dtypes("float").columns}
    st.dataframe(
        table,
        hide_index=True,
        column_config={pinned: st.column_config.TextColumn(pinned, pinned=True), **floats},
    )
