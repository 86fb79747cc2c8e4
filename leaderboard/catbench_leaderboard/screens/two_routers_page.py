"""Two routers: is the one better than the other, where, and on which prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from markupsafe import Markup

from catbench.errors import CatbenchError
from catbench.report.figure import cost_label
from catbench.report.numbers import Estimate
from catbench.report.stored import budgets, differing
from catbench.submit.paired_ranks import paired_bands, paired_gains
from catbench.submit.problems import Row
from catbench.terminal import one_line
from catbench_leaderboard import markup
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard.board import chosen
from catbench_leaderboard.figures import difference_figure
from catbench_leaderboard.leaderboard_table import alike, ordered
from catbench_leaderboard.markup import Column
from catbench_leaderboard.style import THEMES
from catbench_leaderboard.text import in_markdown, score


def other_than(first: Row, rows: Sequence[Row]) -> int:
    """Return the position of the best ranked router that does not choose as another one does."""
    found = [place for place, row in enumerate(rows) if not alike(row, first)]
    return found[0] if found else 0


def differences_markup(table: pd.DataFrame, first: str, labels: Mapping[str, str]) -> Markup:
    """Return the paired differences as a table, drawn on one axis for each metric."""
    lines: list[list[str | Markup]] = []
    for metric, own in table.groupby("metric", sort=False):
        rows = own.to_dict("records")
        found = [Estimate(value=one["difference"], low=one["low"], high=one["high"]) for one in rows]
        for one, cell in zip(rows, markup.drawn(found), strict=True):
            slice, prompts = markup.name(one["slice"].replace("=", ": ")), f"{one['prompts']:,}"
            lines.append([labels[str(metric)], slice, prompts, cell, one["surely"] or "not certain"])
    better = Column(f"{one_line(first, 30)} is better by", "drawn")
    columns = [Column("Metric"), Column("Prompts"), Column("Number", "number wide"), better]
    return markup.table("On all prompts, and by kind", [*columns, Column("Surely")], lines)


def prompts_markup(table: pd.DataFrame, first: str, second: str, metric: str) -> Markup:
    """Return the prompts that differ as a table; scores are of a metric."""
    names = [one_line(label, 24) for label in (first, second)]
    columns = [Column("Prompt"), *(Column(f"{one} picks", "name") for one in names)]
    columns.append(Column(f"{names[0]} is better by", "number"))
    pick = Markup("{}<br><small>reaches {}</small>")
    lines: list[list[str | Markup]] = []
    for one in table.to_dict("records"):
        picks = [pick.format(one[which], score(one[f"{which}_quality"])) for which in ("first", "second")]
        lines.append([markup.name(one["prompt"], 160), *picks, score(one["gain"])])
    return markup.table(f"Prompts where they differ most in {metric}, at this budget", columns, lines)


def show() -> None:
    """Lay out a paired comparison."""
    about = "Is the one better than the other? Both are scored on the same draws of prompts."
    board = layout.opened(markup.titled("Two routers", about))
    view = layout.choose(board)
    layout.filters(board, view, "metric", "pool", "cost", "slice", "axis")
    rows = {row.label: row for row in ordered(board, view)}
    labels = list(rows)
    left, right = st.columns(2)
    with left:
        first = layout.pick("First", labels, "first")
    with right:
        second = layout.pick("Second", labels, "second", other_than(rows[first], list(rows.values())))
    one, other = rows[first], rows[second]
    whole = {metric: rows[0].result.metric_label for (metric, _), rows in board.problem(view).rows.items()}
    gains = paired_gains(board.problem(view), view.metric, view.axis, first, second)
    layout.html(differences_markup(gains, first, whole))
    try:
        if view.slice == "all":
            bands, theme = paired_bands(one, other), THEMES[layout.theme()]
            layout.html(difference_figure(one, other, bands, view.axis, theme))
        if layout.has_suite(board.problem(view).key.digest, view.suite):
            place = layout.budget(budgets(one.result).tolist(), cost_label(view.cost))
            found = differing(chosen(one), chosen(other), one.result, place)
            layout.html(prompts_markup(found, first, second, whole[view.metric]))
    except CatbenchError as error:
        st.info(in_markdown(str(error), 400))
