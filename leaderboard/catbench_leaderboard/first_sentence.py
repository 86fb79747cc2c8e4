"""Is routing worth it? What stands first on the board, of the router that is best on validation prompts.

Named by a test score it would be a maximum, so its own validation gain, which lies in its report, names it.
"""

from __future__ import annotations

from markupsafe import Markup

from catbench.report.result import Result
from catbench.report.verdict import saves
from catbench.submit.problems import Row
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.markup import bold, name
from catbench_leaderboard.suite_words import METRICS, about


def best_validated(board: Board, view: View) -> Row | None:
    """Return the ranked router whose validation gain is the greatest; None where there is none."""
    rows = board.problem(view).rows.get((view.metric, "all"), ())
    known = [row for row in rows if not row.entry.unranked and row.result.validation_gain is not None]
    return max(known, key=lambda row: row.result.validation_gain or 0.0, default=None)


def what_it_is(board: Board, suite: str) -> Markup:
    """Return in a line what a suite is: first, whether its images are real."""
    words = about(suite)
    kind = words.kind(simulated=board.main(suite).key.simulated)
    return Markup("<strong>{}.</strong> {}").format(kind, words.line)


def surely(result: Result) -> bool:
    """Return whether a router is surely better than the best single candidate at its cost, and cheaper."""
    better, match = result.estimate("gain_at_best"), result.estimate("match_best")
    return better.sure > 0 and match.high is not None and match.high < 1


def sentence(board: Board, view: View) -> Markup:
    """Return in a few sentences whether routing is worth it on a view's suite and metric."""
    row = best_validated(board, view)
    if row is None:
        return Markup("Nobody is ranked here: nobody whom this board believes ran these routers again.")
    result, words = row.result, about(view.suite)
    worth = bold("Yes:" if surely(result) else "Not shown:")
    judged = f"Judged by {METRICS.get(result.metric, result.metric_label)}."
    text = "Is routing worth it? {} on {:,} {}, the router <strong>{}</strong>{}. {} {}"
    said = (worth, result.prompts, words.prompts, name(row.label), _saves(result), judged)
    return Markup(text).format(*said, _elsewhere(board, view))


def _saves(result: Result) -> str:
    """Return what a router does to the cost of the best single candidate, and to what reads no prompt."""
    if surely(result):
        return f" draws images {saves(result)}"
    better = result.estimate("gain").sure > 0
    said = saves(result)
    said = f": {said}" if said.startswith("nothing to save") else f" is {said}"
    return said + "; averaged over budgets it surely beats not reading the prompt" * better


def _elsewhere(board: Board, view: View) -> str:
    """Return on which other real suites a router chosen alike is surely worth it, and on which not."""
    others = [suite for suite in board.real if view.every and suite != view.suite]
    found = {suite: best_validated(board, board.view(suite)) for suite in others}
    sure = [about(suite).tab for suite, row in found.items() if row and surely(row.result)]
    unsure = [about(suite).tab for suite in found if about(suite).tab not in sure]
    parts = {"yes too": sure, "not shown": unsure}
    said = "; ".join(f"{how} on {' and '.join(names)}" for how, names in parts.items() if names)
    return f"{said[:1].upper()}{said[1:]}." if said else ""
