"""Two routers: is the one better than the other, where, and on which prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from markupsafe import Markup

from catbench.arrays import Floats
from catbench.errors import CatbenchError
from catbench.report.choices import budgets, differing
from catbench.report.figure import cost_label
from catbench.report.numbers import Estimate
from catbench.score.bootstrap import ends
from catbench.submit.problems import Row, on_axis
from catbench.terminal import one_line
from catbench_leaderboard import board_answers as answers
from catbench_leaderboard import markup
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.figures import difference_figure
from catbench_leaderboard.markup import Column
from catbench_leaderboard.number_words import score
from catbench_leaderboard.ranking import alike, ordered
from catbench_leaderboard.style import THEMES
from catbench_leaderboard.text import in_markdown

NAMES = ("metric", "slice", "prompts", "difference", "low", "high", "surely")


def differences(board: Board, view: View, first: str, second: str) -> pd.DataFrame:
    """Return the paired difference of gain, first less second, by metric and slice, on the view's axis.

    Columns: `metric`, `slice`, `prompts`, `difference`, `low`, `high`, and `surely`: `better` or `worse`
    where the interval is on one side of 0.
    """
    rows: list[Mapping[str, object]] = []
    for (metric, slice), found in board.problem(view).rows.items():
        here = {row.label: row for row in found}
        if first in here and second in here:
            pair = here[first], here[second]
            gains = [row.result.estimate(on_axis("gain", view.axis)).value or 0.0 for row in pair]
            (low,), (high,), _ = ends((pair[0].areas(view.axis) - pair[1].areas(view.axis))[:, None])
            surely = "better" if low > 0 else "worse" if high < 0 else ""
            values = (metric, slice, pair[0].result.prompts, gains[0] - gains[1], low, high, surely)
            rows.append(dict(zip(NAMES, values, strict=True)))
    return pd.DataFrame(rows)


def along(first: Row, second: Row) -> tuple[Floats, Floats]:
    """Return the ends of the paired difference of two routers' gains along the cost, (G,) each.

    Raises CatbenchError where replicates are gone, or have changed.
    """
    gains: list[Floats] = []
    for row in (first, second):
        table = row.entry.table("replicates")
        own = table[table["result"] == row.number]
        gains.append(own.filter(like="gain_").to_numpy(dtype=np.float64))
    return ends(gains[0] - gains[1])[:2]


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
    columns = [Column("Metric"), Column("Prompts"), Column("Number", "number", wide=True), better]
    return markup.table("On all prompts, and by kind", [*columns, Column("Surely")], lines)


def prompts_markup(table: pd.DataFrame, first: str, second: str) -> Markup:
    """Return the prompts that differ as a table."""
    names = [one_line(label, 24) for label in (first, second)]
    columns = [Column("Prompt"), *(Column(f"{one} picks", "name") for one in names)]
    columns.append(Column(f"{names[0]} is better by", "number"))
    pick = Markup("{}<br><small>reaches {}</small>")
    lines: list[list[str | Markup]] = []
    for one in table.to_dict("records"):
        picks = [pick.format(one[which], score(one[f"{which}_quality"])) for which in ("first", "second")]
        lines.append([markup.name(one["prompt"], 160), *picks, score(one["gain"])])
    return markup.table("Prompts where they differ most, at this budget", columns, lines)


def show() -> None:
    """Lay out a paired comparison."""
    about = "Is the one better than the other? Both are scored on the same draws of prompts."
    board = layout.opened(markup.titled("Two routers", about))
    if board is None:
        return
    view = layout.choose(board)
    rows = {row.label: row for row in ordered(board, view)}
    labels = list(rows)
    left, right = st.columns(2)
    with left:
        first = layout.pick("First", labels, "first")
    with right:
        second = layout.pick("Second", labels, "second", other_than(rows[first], list(rows.values())))
    one, other = rows[first], rows[second]
    whole = {metric: rows[0].result.metric_label for (metric, _), rows in board.problem(view).rows.items()}
    layout.html(differences_markup(differences(board, view, first, second), first, whole))
    try:
        if view.slice == "all":
            layout.html(difference_figure(one, other, along(one, other), view.axis, THEMES[layout.theme()]))
        if layout.has_suite(board.problem(view).key.digest, view.suite):
            place = layout.budget(budgets(one.result).tolist(), cost_label(view.cost))
            found = differing(answers.chosen(one), answers.chosen(other), one.result, place)
            layout.html(prompts_markup(found, first, second))
    except CatbenchError as error:
        st.info(in_markdown(str(error), 400))
    layout.filters(board, view, "metric", "pool", "cost", "slice", "axis")
