"""One router beside others, as text in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from catbench.cli.headline import sentence
from catbench.cli.table_layout import console, first_that_fits, say, table_lines
from catbench.report.figure import cost_label
from catbench.report.numbers import Estimate
from catbench.report.side_by_side import Beside
from catbench.report.spelling import spell, wrapped


def print_side_by_side(found: dict[str, tuple[Beside, ...]]) -> None:
    """Print the verdict on the first report's router, and a table a metric, the greatest gain first."""
    target = console()
    for number, rows in enumerate(found.values()):
        mine = next(row for row in rows if row.against is None)
        result = mine.result
        lower = " (lower is better)" if result.direction == "lower" else ""
        title = (
            f"{result.suite}: {mine.name} beside {len(rows) - 1} other"
            f"{'s' * (len(rows) != 2)}, {result.metric_label}{lower} against {cost_label(result.cost)}, "
            f"pool {result.pool}, {result.prompts:,} prompts"
        )
        if number:
            say(target, "")
        say(target, *wrapped(title, target.width), style="bold")
        say(target, *wrapped(f"{mine.name}: {sentence(result)}", target.width), "")
        say(target, *_table(rows, mine, target.width))


def _table(rows: Sequence[Beside], mine: Beside, width: int) -> list[str]:
    heads = ("router", "cost to match\nthe best one", "gain", f"less that of\n{mine.name}", "surely")
    cells = [
        (
            row.name,
            spell(row.result.estimate("match_best"), percent=True, missing="never"),
            spell(row.result.estimate("gain")),
            "-" if row.against is None else spell(row.against),
            "" if row.against is None else _surely(row.against),
        )
        for row in rows
    ]
    folded = [tuple(cell.replace(" [", "\n[") for cell in row) for row in cells]
    tables = [table_lines(heads, cells, (0, 4)), table_lines(heads, cells, (4,), above=True)]
    return first_that_fits([*tables, table_lines(heads, folded, (0, 4))], width)


def _surely(found: Estimate) -> str:
    if found.low is None or found.high is None or found.low <= 0 <= found.high:
        return ""
    return "better" if found.low > 0 else "worse"
