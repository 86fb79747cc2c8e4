"""A report in a few lines: what `print(report)` shows, and a notebook."""

from __future__ import annotations

from html import escape

from catbench.report import Estimate, Report, Result
from catbench.spelling import spell, wrapped

WIDTH = 80


def in_a_line(report: Report) -> str:
    """Return which router was scored on what."""
    slices = len({result.slice for result in report.results}) - 1
    metrics = ", ".join(dict.fromkeys(result.metric for result in report.results))
    by = f", {slices} slices" if slices else ""
    simulated = "SIMULATED " if report.simulated else ""
    return f"Report({simulated}{report.router.name} on {report.results[0].suite}: {metrics}{by})"


def in_lines(report: Report) -> str:
    """Return the headline of every metric, without slices, as lines of text."""
    lines = [in_a_line(report)]
    for result in _whole(report):
        first, *more = wrapped(_line(result), WIDTH - 4)
        lines += [f"  {first}", *(f"    {line}" for line in more)]
    return "\n".join(lines)


def in_html(report: Report) -> str:
    """Return the same as a small table for a notebook; everything is escaped."""
    heads = ("metric", "headroom captured", "gain over the mixture", "verdict")
    cells = [
        (result.metric_label, _headroom(result), _gain(result), result.verdict) for result in _whole(report)
    ]
    rows = [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells]
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<p>{escape(in_a_line(report))}</p><table><tr>{head}</tr>{''.join(rows)}</table>"


def of_result(result: Result) -> str:
    """Return the headline of one result."""
    return f"Result({result.suite}, {result.slice}: {_line(result)})"


def _whole(report: Report) -> list[Result]:
    return [result for result in report.results if result.slice == "all"]


def _line(result: Result) -> str:
    lower = " (lower is better)" if result.direction == "lower" else ""
    return (
        f"{result.metric}{lower}: {result.verdict}; {_headroom(result)} of the headroom, "
        f"gain over the mixture {_gain(result)}"
    )


def _headroom(result: Result) -> str:
    return _spelled(result, "headroom", percent=True)


def _gain(result: Result) -> str:
    return _spelled(result, "gain")


def _spelled(result: Result, name: str, *, percent: bool = False) -> str:
    """Return a measure as text; `-` where a report of a stranger lacks it, for a summary never fails."""
    found = result.measures.get(name)
    return spell(found, percent=percent) if isinstance(found, Estimate) else "-"
