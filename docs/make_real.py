"""`python docs/make_real.py`: write docs/real.md and its plots, what routers save on real scores.

From the reports in baselines/reports alone: no suite has to be installed. `docs/make_reports.py` makes those.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from make_shared import DOCS, reports_of, table

from catbench.report.figure import cost_label
from catbench.report.plot import write_plot
from catbench.report.ranks import mean_ranks, over_suites
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.side_by_side import areas_of
from catbench.report.spelling import short, spell
from catbench.score.bootstrap import ends
from catbench.score.measures import MEASURES

SUITES = {
    "flasheval-coco": "COCO captions, six Stable Diffusion models at 10 to 50 steps (FlashEval)",
    "flasheval-diffusiondb": "DiffusionDB prompts, the same six models (FlashEval)",
    "evalmi": "people's ratings of 24 models, of which those with a counted price (EvalMi-50K)",
    "pqpp": "people's relevance judgements of GLIDE and SDXL on COCO captions (PQPP)",
    "cems": "DiffusionDB, PartiPrompts and DrawBench prompts, four fast models, measured seconds (CEMS)",
}
COLUMNS = {
    "match_best": "as good as the best single at",
    "gain_at_best": "better at its cost by",
    "unlimited_gain": "with no limit by",
    "headroom": "headroom",
    "deployed_gain": "at kept budgets",
    "budget_error": "budget error",
}
"""Measure -> the head of its column in the table of a suite and metric."""
DRAWN = ("ridge", "knn", "embedllm")
ELSEWHERE = "-elsewhere"
TEXT = """# What routers save on real scores

Made by `python docs/make_real.py` from the reports in `baselines/reports`. Brackets are 95% intervals of the
paired bootstrap over groups of test prompts; areas are on the logarithmic cost axis. What the numbers mean:
[definitions](definitions.md). Install a suite to make any of them again: `catbench import NAME`, then the
command at the top of [make_reports.py](make_reports.py).

## At a glance

For each metric the router with the best area on *validation* prompts, and what it does on the test prompts.

{glance}

{claims}

## Who is ahead

Mean ranks over a suite's metrics, on common draws of its prompts, and over suites (each counts once; suites
are drawn independently). 1 is the best; the mixture does not read the prompt.

{ranks}

{suites}

## Trained on one set of prompts, tested on another

The same candidates stand in both of FlashEval's suites. Gain over the mixture of the tested suite:

{elsewhere}

The paper's own tables and figures from `flasheval-coco`: [paper.md](paper.md).

## By kind of task

`ridge` on EvalMi, kinds of task with the most prompts first: the gain over the mixture of that kind.

{tasks}
"""


def page() -> str:
    """Return the page."""
    found = {suite: reports_of(suite) for suite in SUITES}
    return TEXT.format(
        glance=glance(found),
        claims=claims(found),
        ranks=ranks(found),
        suites="\n\n".join(section(suite, reports) for suite, reports in found.items()),
        elsewhere=elsewhere(found),
        tasks=tasks(found["evalmi"]["ridge"]),
    )


def own(reports: dict[str, Report]) -> dict[str, Report]:
    """Return those whose router was trained on the suite itself."""
    return {name: report for name, report in reports.items() if not name.endswith(ELSEWHERE)}


def chosen(reports: dict[str, Report], metric: str) -> tuple[str, Result]:
    """Return the router whose validation gain is the greatest."""
    results = {name: report.result(metric) for name, report in own(reports).items()}
    return max(results.items(), key=lambda item: item[1].validation_gain or 0.0)


def glance(found: dict[str, dict[str, Report]]) -> str:
    """Return a row a suite and metric."""
    rows = [
        [suite, result.metric_label, f"`{name}`", result.verdict]
        for suite, reports in found.items()
        for metric in metrics(reports)
        for name, result in [chosen(reports, metric)]
    ]
    return table(["suite", "metric", "router", "on test prompts"], rows)


def metrics(reports: dict[str, Report]) -> list[str]:
    """Return the metrics of a suite's reports."""
    return list(dict.fromkeys(result.metric for report in reports.values() for result in report.results))


def claims(found: dict[str, dict[str, Report]]) -> str:
    """Return on which suites the paper's claim holds surely, and on which it is not shown."""
    holds: list[str] = []
    others: list[str] = []
    for suite, reports in found.items():
        for metric in metrics(reports):
            name, result = chosen(reports, metric)
            better, match = (result.estimate(measure) for measure in ("gain_at_best", "match_best"))
            sure = better.sure > 0 and match.high is not None and match.high < 1
            of = f"{suite}, {result.metric_label} (`{name}`: {spell(better)} at the same cost)"
            (holds if sure else others).append(of)
    lines = [
        "The paper's claim is that a router beats the best single model, at that model's cost and below it."
    ]
    if holds:
        lines.append(f"It holds, with 95% certainty in each case, on {'; '.join(holds)}.")
    if others:
        lines.append(f"It is not shown on {'; '.join(others)}.")
    return "\n".join(lines)


def ranks(found: dict[str, dict[str, Report]]) -> str:
    """Return a row a router, a column a suite."""
    names = sorted(set.intersection(*(set(own(reports)) for reports in found.values())))
    of_suite = [
        mean_ranks([areas(reports, names, m) for m in metrics(reports)]) for reports in found.values()
    ]
    columns = [*of_suite, over_suites(of_suite)]
    order = np.argsort(columns[-1].mean(axis=0), kind="stable")
    cells = [
        [
            f"{mean:.1f} [{low:.1f}, {high:.1f}]"
            for mean, low, high in zip(c.mean(axis=0), *ends(c)[:2], strict=True)
        ]
        for c in columns
    ]
    rows = [[f"`{names[k]}`", *(column[k] for column in cells)] for k in order]
    return table(["router", *found, "all"], rows)


def areas(reports: dict[str, Report], names: Sequence[str], metric: str) -> np.ndarray:
    """Return replicates (R, K) of the routers' areas, higher is better."""
    return np.stack([areas_of(reports[name], metric) for name in names], axis=1)


def section(suite: str, reports: dict[str, Report]) -> str:
    """Return the section about a suite: a table and a plot a metric."""
    first = next(iter(own(reports).values()))
    folds = f", {first.folds} folds" if first.folds else ""
    result, about = first.results[0], SUITES[suite]
    unit = cost_label(result.cost)
    heads = ["router", *COLUMNS.values(), "ms a prompt", "TFLOPs a prompt"]
    lines = [
        f"## {suite}",
        f"{about[0].upper()}{about[1:]}. {result.prompts:,} test prompts{folds}, against {unit}.",
    ]
    for metric in metrics(reports):
        of_metric = [(name, report.result(metric)) for name, report in own(reports).items()]
        of_metric.sort(key=lambda item: -(item[1].estimate("gain").value or 0))
        label, best = of_metric[0][1].metric_label, of_metric[0][1].best_single
        lines += [
            f"### {label}",
            f"Best single candidate by training prompts: `{best.candidate}`, {short(best.cost, 4)} {unit}.",
            table(heads, [row(name, one) for name, one in of_metric]),
            f"![gain over the mixture against cost](real/{suite}-{metric}.png)",
        ]
    return "\n\n".join(lines)


def row(name: str, result: Result) -> list[str]:
    """Return a router's cells."""
    flops = result.flops_per_prompt
    percent = {name for name, measure in MEASURES.items() if measure.kind in ("share", "ratio")}
    said = [
        spell(result.estimate(one), percent=one in percent, missing="never" if one == "match_best" else "-")
        for one in COLUMNS
    ]
    teraflops = "-" if flops is None else f"{flops / 1e12:.1g}"
    return [f"`{name}`", *said, f"{result.seconds_per_prompt * 1e3:.2g}", teraflops]


def elsewhere(found: dict[str, dict[str, Report]]) -> str:
    """Return a row a suite, router and metric: trained there and here."""
    rows: list[list[str]] = []
    for suite, reports in found.items():
        for name in (name for name in reports if name.endswith(ELSEWHERE)):
            router = name.removesuffix(ELSEWHERE)
            for metric in metrics(reports):
                gains = [reports[one].result(metric).estimate("gain") for one in (name, router)]
                cells = [spell(gain) for gain in gains]
                label = reports[name].result(metric).metric_label
                rows.append([suite, reports[name].train_on, label, f"`{router}`", *cells])
    return table(["tested on", "trained on", "metric", "router", "gain", "gain if trained on its own"], rows)


def tasks(report: Report) -> str:
    """Return a row a kind of task, a column a metric."""
    kinds: dict[str, dict[str, Result]] = {}
    for result in report.results:
        if result.slice != "all":
            kinds.setdefault(result.slice.partition("=")[2], {})[result.metric] = result
    names = list(next(iter(kinds.values())))
    order = sorted(kinds, key=lambda kind: -next(iter(kinds[kind].values())).prompts)
    rows = [
        [kind, str(of[names[0]].prompts), *(spell(of[name].estimate("gain")) for name in names)]
        for kind in order
        for of in [kinds[kind]]
    ]
    labels = [report.result(name).metric_label for name in names]
    return table(["kind", "prompts", *labels], rows)


def only(report: Report, metric: str) -> Report:
    """Return a report with one metric's result on all prompts, and its replicates."""
    result = report.result(metric)
    inside = report.replicates["result"] == report.results.index(result)
    replicates = report.replicates[inside].assign(result=0)
    return report.model_copy(update={"results": (result,), "replicates": replicates})


def draw() -> None:
    """Draw curves and gains of a few routers, one picture a suite and metric."""
    folder = DOCS / "real"
    folder.mkdir(exist_ok=True)
    for suite in SUITES:
        reports = reports_of(suite)
        for metric in metrics(reports):
            few = [only(reports[name], metric) for name in DRAWN]
            write_plot(few, folder / f"{suite}-{metric}.png")


if __name__ == "__main__":
    (DOCS / "real.md").write_text(page(), encoding="utf-8")
    draw()
