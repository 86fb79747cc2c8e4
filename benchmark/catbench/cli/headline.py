"""What is said first of a result: a title, the verdict, and a line a fact."""

from __future__ import annotations

from catbench.report.figure import cost_label
from catbench.report.numbers import Estimate
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.spelling import decimals_of, short, spell, spell_value
from catbench.report.verdict import headroom_of, reachable
from catbench.score.measures import MEASURES

PERCENT = ("share", "ratio")
"""Kinds of measures that are written in per cent."""
TINY = 0.001
"""Per cent: a router's own work below this is shown as less than it."""
SAID = {"match_best", "gain_at_best", "unlimited_gain"} | {
    "budget_error", "overspend", "deployed_gain", "consistency",
}  # fmt: skip
"""Measures that the verdict and the facts tell."""

Fact = tuple[str, str, str]
"""A label, a value, and words that explain it."""


def axes(result: Result) -> str:
    """Return what is compared: a metric against a cost, in a pool."""
    lower = " (lower is better)" if result.direction == "lower" else ""
    return f"{result.metric_label}{lower} against {cost_label(result.cost)}, pool {result.pool}"


def title(report: Report, result: Result) -> str:
    """Return what was scored on what: suite, router, metric, cost, pool, prompts, and how it was trained."""
    prompts = f"{result.prompts:,} {'' if report.folds else 'test '}prompts"
    trained = [f"in {report.folds} folds"] if report.folds else []
    if report.train_on:
        without = f" without {', '.join(report.left_out)}" if report.left_out else ""
        trained.append(f"trained on {report.train_on}{without}")
    trained += [
        f"{part.removeprefix('hold-out:').split(',')[0]} held out in training"
        for part in report.signature.split("|")
        if part.startswith("hold-out:")
    ]
    return (
        f"{'SIMULATED ' if report.simulated else ''}{result.suite}: {report.router.name}, {axes(result)}, "
        f"{', '.join([prompts, *trained])}"
    )


def sentence(result: Result) -> str:
    """Return the verdict as a sentence."""
    return f"{result.verdict[:1].upper()}{result.verdict[1:]}."


def facts(result: Result, *, linear: bool) -> list[Fact]:
    """Return what a newcomer needs, areas on one of the cost axes."""
    area = "_linear" if linear else ""
    return [*_areas(result, area), *_in_use(result), *_references(result, linear), _overhead(result)]


def _areas(result: Result, area: str) -> list[Fact]:
    linear = bool(area)
    axis = "on the linear cost axis: " if linear else ""
    within = "" if linear else reachable(result)  # the report has its interval on the logarithmic axis
    gain, own = result.estimate(f"gain{area}"), result.estimate(f"audc{area}")
    mixture = result.references["mixture"][f"audc{area}"]
    heights = [spell_value(found, decimals=decimals_of(gain)) for found in (own, mixture)]
    return [
        (
            MEASURES["headroom"].label,
            spell(result.estimate(f"headroom{area}"), percent=True),
            f"{axis}0% = not reading the prompt, 100% = oracle{'; ' if within else ''}{within}",
        ),
        (MEASURES["gain"].label, spell(gain), f"{axis}AUDC {heights[0]}, the mixture's {heights[1]}"),
    ]


def _in_use(result: Result) -> list[Fact]:
    kept, beyond = result.budgets.kept, result.budgets.beyond
    others = f"{beyond} more" if kept else f"{beyond}"
    more = f"; {others} {'is' if beyond == 1 else 'are'} beyond what it spends" if beyond else ""
    over, gain = result.estimate("overspend"), result.estimate("deployed_gain")
    alike = result.estimate("consistency")
    note = f"on average over {kept} budget{'s' * (kept > 1)} set on validation prompts; overspent by "
    said = [
        (
            MEASURES["budget_error"].label,
            spell(result.estimate("budget_error"), percent=True),
            f"{note}{spell_value(over, percent=True)}{more}" if kept else f"none was tried{more}",
        ),
        (
            MEASURES["deployed_gain"].label,
            spell(gain),
            f"over the mixture, at the cost really spent{'' if kept else ', the most that it spends'}",
        ),
    ]
    if alike.value is not None:
        note = "pairs of wordings that go to the same candidate"
        said.append((MEASURES["consistency"].label, spell(alike, percent=True), note))
    return said


def _references(result: Result, linear: bool) -> list[Fact]:
    shown = {
        "best_per_kind": (
            "best of each kind",
            f"the best candidate for each `{result.kind}`, by training means",
        ),
        "cascade": ("cascade", "sees a cheap image first, and may draw again"),
    }
    own = result.estimate("headroom_linear" if linear else "headroom")
    places = max(0, decimals_of(own) - 2)
    found: list[Fact] = []
    for name, (label, what) in shown.items():
        share = headroom_of(result, name, linear=linear)
        if share is not None and share.value is not None:
            note = f"of the headroom: {what}; for comparison, not ranked"
            found.append((label, spell(share, percent=True, decimals=places), note))
    return found


def _overhead(result: Result) -> Fact:
    unit = result.cost.partition("@")[0]
    flops = None
    if result.flops_per_prompt is not None:
        flops = (result.flops_per_prompt + (result.encoder_flops_per_prompt or 0)) / 1e12
    extra = result.seconds_per_prompt if unit == "seconds" else flops
    share = ""
    if result.estimate("audc_with_overhead").value is not None and extra is not None:
        percent = 100 * extra / min(result.costs)
        size = short(percent, 2, zero=True) if percent >= TINY else f"under {TINY}"
        share = f", {size}% of the cheapest candidate's cost"
    milliseconds = short(result.seconds_per_prompt * 1e3, 2, zero=True)
    return "router overhead", f"{milliseconds} ms", f"a prompt{share}; fitted in {result.fit_seconds:.1f} s"


def details(result: Result, *, linear: bool) -> list[Fact]:
    """Return every measure that `facts` and the verdict do not tell, but for those of each candidate."""
    area = "_linear" if linear else ""
    shown = {*SAID, f"headroom{area}", f"gain{area}"}
    notes = {
        "peak": "a maximum over the curve, so biased upwards",
        "peak_gain": "biased likewise",
        "audc_mixed": "of the curve's concave hull",
        "gain_binding": f"up to the cost of {result.best_single.candidate}",
    }
    found = [
        (MEASURES[name].label, spell(value, percent=MEASURES[name].kind in PERCENT), notes.get(name, ""))
        for name, value in result.measures.items()
        if isinstance(value, Estimate) and name not in shown
    ]
    found += [
        (f"AUDC, {name.replace('_', ' ')}", spell(result.references[name]["audc"]), "")
        for name in ("oracle", "oracle_leave_one_out", "oracle_shrunk")
        if "audc" in result.references.get(name, {})
    ]
    if result.overhead_note:
        found.append(("no AUDC with overhead", "", result.overhead_note))
    return found
