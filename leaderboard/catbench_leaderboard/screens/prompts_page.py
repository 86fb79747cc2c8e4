"""Prompts: one test prompt, every candidate's image or score of it, and what routers choose."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from markupsafe import Markup

from catbench.errors import CatbenchError, listed
from catbench.report.figure import cost_label
from catbench.report.spelling import spell_cost
from catbench.report.stored import budgets
from catbench.score.rounds import Part
from catbench.submit.problems import Row
from catbench.suite.here import matrix_of, suite_folders
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.sheets import images
from catbench.suite.store import read_manifest
from catbench.terminal import one_line
from catbench_leaderboard import markup
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard.board import Board, View, chosen, rounds_of
from catbench_leaderboard.leaderboard_table import ordered
from catbench_leaderboard.markup import Column
from catbench_leaderboard.text import in_markdown
from catbench_leaderboard.text import score as spell_score

MOST = 500
"""Prompts that a search lists at once."""
TILE = Markup(
    '<figure><img alt="what {0} drew" src="data:image/png;base64,{1}"><figcaption>{0}<br>{2} {3}<br>{4}'
    "</figcaption></figure>"
)
ROUTERS = 20
"""Routers whose choices are shown, the best ranked ones."""


def matching(part: Part, search: str) -> pd.DataFrame:
    """Return `prompt_id` and `text` of the tested prompts that hold every word of a search, in any case."""
    asked = part.matrix.prompts.iloc[part.rows][["prompt_id", "text"]]
    text = (asked["text"] + " " + asked["prompt_id"]).str.casefold()
    keep = np.ones(len(asked), dtype=bool)
    for word in search.casefold().split():
        keep &= text.str.contains(word, regex=False).to_numpy()
    return asked[keep].head(MOST).reset_index(drop=True)


def scores(
    matrix: ScoreMatrix, candidates: Sequence[str], cost: str, metric: str, prompt_id: str
) -> pd.DataFrame:
    """Return a row a candidate, the cheapest first: `candidate`, `cost`, mean `score` of this prompt."""
    pool = matrix.pool(candidates=list(candidates), cost=cost)
    row = int(np.flatnonzero(matrix.prompts["prompt_id"].to_numpy() == prompt_id)[0])
    places = [matrix.candidate_ids.index(name) for name in pool.ids]
    depth = matrix.samples["test"]
    means = matrix.scores[metric][row, :, :depth].astype(np.float64).mean(axis=1)[places]
    table = pd.DataFrame({"candidate": pool.ids, "cost": pool.cost, "score": means})
    return table.sort_values("cost", kind="stable", ignore_index=True)


def choices(rows: Sequence[Row], place: int, prompt_id: str) -> dict[str, str]:
    """Return the candidate that each router picks at a budget, by the router's label.

    `place` is the budget's position among those of a curve. Raises CatbenchError where predictions are gone,
    or have changed.
    """
    found: dict[str, str] = {}
    for row in rows:
        one = chosen(row)
        found[row.label] = row.result.candidates[int(one.choices[place, one.part.ids.index(prompt_id)])]
    return found


def candidates_markup(
    table: pd.DataFrame, pictures: Mapping[str, bytes], picked: Mapping[str, str], view: View, label: str
) -> Markup:
    """Return every candidate with its image, or a bar, its score, and who picks it at the budget."""
    by = {name: [who for who, choice in picked.items() if choice == name] for name in table["candidate"]}
    bars = markup.bars(table["score"].tolist(), float(table["score"].min()), float(table["score"].max()))
    columns = [Column("Candidate", "name"), Column(cost_label(view.cost), "number wide")]
    columns += [Column(label, "number"), Column("Score as a bar"), Column("Picked by")]
    lines: list[list[str | Markup]] = []
    tiles: list[Markup] = []
    for one, bar in zip(table.to_dict("records"), bars, strict=True):
        score = spell_score(one["score"])
        who = listed([one_line(router, 24) for router in by[one["candidate"]]])
        lines.append([markup.name(one["candidate"]), spell_cost(one["cost"]), score, bar, who])
        image = base64.b64encode(pictures.get(one["candidate"], b"")).decode()
        said = markup.bold(f"picked by {who}") if who else ""
        tiles.append(TILE.format(one["candidate"], image, label, score, said))
    if not pictures:
        return markup.table("Candidates, the cheapest first", columns, lines)
    return Markup('<div class="tiles">{}</div>').format(Markup("").join(tiles))


def show() -> None:
    """Lay out one prompt."""
    about = "One test prompt: what every candidate made of it, and which one routers choose."
    board = layout.opened(markup.titled("Prompts", about))
    here = sorted(board.suites, key=lambda suite: board.main(suite).key.digest not in suite_folders())
    view = layout.choose(board, suites=here)
    layout.filters(board, view, "metric", "pool", "cost")
    if not layout.has_suite(board.problem(view).key.digest, view.suite):
        return
    search = st.text_input("Search", key="words", bind="query-params", placeholder="words of a prompt …")
    try:
        matched = matching(rounds_of(board.rows(view)[0].entry).test, search)
        if matched.empty:
            st.info("No test prompt holds these words.")
            return
        names = [f"{one.prompt_id}: {one_line(str(one.text), 80)}" for one in matched.itertuples()]
        at = names.index(layout.pick("Prompt", names, "prompt"))
        layout.html(markup.paragraph(markup.name(str(matched["text"].iloc[at]), 400), "quote"))
        _one(board, view, str(matched["prompt_id"].iloc[at]))
    except CatbenchError as error:
        st.info(in_markdown(str(error), 400))


def _one(board: Board, view: View, prompt: str) -> None:
    key, rows = board.problem(view).key, ordered(board, view)[:ROUTERS]
    place = layout.budget(budgets(rows[0].result).tolist(), cost_label(view.cost))
    table = scores(matrix_of(key.digest), key.candidates, view.cost, view.metric, prompt)
    folder = suite_folders()[key.digest]
    pictures = images(folder, read_manifest(folder), prompt)
    picked = choices(rows, place, prompt)
    to = layout.router_address(board)
    links = (markup.link(to(label, view.suite), markup.name(label)) for label in picked)
    lines = [[link, markup.name(choice)] for link, choice in zip(links, picked.values(), strict=True)]
    layout.html(
        candidates_markup(table, pictures, picked, view, rows[0].result.metric_label),
        markup.table("What routers choose at this budget", [Column("Router"), Column("Chooses")], lines),
    )
