"""Is routing worth it? What stands first on the board, of the router that is best on validation prompts.

Named by a test score it would be a maximum, so its own validation gain, which lies in its report, names it.
"""

from __future__ import annotations

from markupsafe import Markup

from catbench.report.result import Result
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.markup import bold
from catbench_leaderboard.problems import Row
from catbench_leaderboard.suite_words import METRICS, about


def best_validated(board: Board, view: View) -> Row | None:
    """Return the ranked router whose validation gain is the greatest; None where there is none."""
    rows = board.problem(view).rows.get((view.metric, "all"), ())
    known = [row for row in rows if not row.entry.unranked and row.result.validation_gain is not None]
    return max(known, key=lambda row: row.result.validation_gain or 0.0, default=None)


def surely(result: Result) -> bool:
    """Return whether a router is surely better than the best single candidate at its cost, and cheaper."""
    better, match = result.estimate("gain_at_best"), result.estimate("match_best")
    return (better.low or 0) > 0 and match.high is not None and match.high < 1


def sentence(board: Board, view: View) -> Markup:
    """Return in a sentence or two whether routing is worth it on a view's suite and metric."""
    row = best_validated(board, view)
    if row is None:
        return Markup("Nobody is ranked here: nobody whom this board believes ran these routers again.")
    result, words = row.result, about(view.suite)
    answer = (
        "Yes" if surely(result) else "Not certain" if result.estimate("match_best").value else "Not shown"
    )
    saves = f"draws images {result.verdict.partition(';')[0]}"
    if result.best_single.cost <= min(result.costs):
        saves = f"saves nothing, because the best single candidate, {result.best_single.candidate}, is the cheapest"
    measure = METRICS.get(result.metric, result.metric_label)
    return Markup("Is routing worth it? {} on {:,} {}, the router {} {} (by {}). {}").format(
        bold(f"{answer}:"),
        result.prompts,
        words.prompts,
        bold(row.label[:60]),
        saves,
        measure,
        _elsewhere(board, view),
    )


def _elsewhere(board: Board, view: View) -> Markup:
    """Return on which other real suites a router chosen alike is surely worth it, and on which not."""
    if not view.every:
        return Markup("")
    found = {suite: best_validated(board, board.view(suite)) for suite in board.real if suite != view.suite}
    sure = {suite for suite, row in found.items() if row and surely(row.result)}
    parts = {
        "Yes too": [about(s).tab for s in found if s in sure],
        "not shown": [about(s).tab for s in found if s not in sure],
    }
    said = "; ".join(f"{how} on {' and '.join(names)}" for how, names in parts.items() if names)
    return Markup("{}.").format(said[:1].upper() + said[1:])
