"""`python docs/make_nano.py`: write docs/nano.md, what the shipped suite can and cannot tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from catbench import load
from catbench.report.numbers import Estimate
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.score.bootstrap import Bootstrap, intervals
from catbench.suite.matrix import ScoreMatrix

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "baselines" / "reports" / "nano"
ROUTERS = ("knn", "ridge", "embedllm")
METRICS = ("clip_score", "scene_accuracy")
POOLS = {"all": "{}.json", "nano": "{}-nano.json"}
"""Pool -> file of a router's report."""
KINDS = {"two things or fewer": (1, 2), "four or more": (4, 5, 6)}
REFERENCES = {
    "mixture": "mixture (does not read the prompt)",
    "cascade": "cascade (sees a first image)",
    "oracle_shrunk": "shrunk oracle, scored on an unseen image",
    "oracle": "oracle",
}
TEXT = """# nano: what it can and cannot tell

Made by `python docs/make_nano.py` from the shipped matrix and the reports in `baselines/reports/nano`.
Brackets are 95% intervals of a bootstrap over scenes ({prompts} test prompts of {groups} scenes,
{samples} images of each a candidate). What the numbers mean: [definitions](definitions.md).

## Quality by candidate, for simple and for crowded scenes

{candidates}

What makes reading the prompt worth something here is partly built in: S has seen scenes of two things at
most, and Turbo and Lightning are distilled from it, so all of them draw simple scenes nearly as well as L,
and crowded ones worse. Steps matter less than in the paper's Figure 1c: beyond four, L gains nothing that
these prompts can tell. A one-step image without distillation is noise. No scene is empty: all eight empty
ones fell to training.

## What a router saves

Against the best single candidate, chosen by training means, cost in TFLOPs. Pool `all` holds every candidate
(`nano+` is its other name), pool `nano` the step counts of one model.

{verdicts}

## What there is to gain, and who gains it

Areas under the deferral curve on the logarithmic cost axis. The oracle chooses by the test scores themselves;
the shrunk oracle is scored on an image that it has not seen, and shows how much is within reach at least.

{references}

Gain over the mixture, and the headroom captured (its share of what the oracle gains), on both axes:

{routers}
"""


def page() -> str:
    """Return the page."""
    matrix = load("nano")
    test = matrix.prompts.iloc[matrix.rows("test")]
    found = {
        (pool, router): Report.read(REPORTS / name.format(router))
        for pool, name in POOLS.items()
        for router in ROUTERS
    }
    stale = [name for name, report in found.items() if report.result().suite_digest != matrix.digest]
    if stale:
        raise SystemExit(f"reports of another version of the suite: {stale}")
    titles = {metric: found["all", "knn"].result(metric).metric_label for metric in METRICS}
    return TEXT.format(
        prompts=len(test),
        groups=test["group"].nunique(),
        samples=matrix.samples["test"],
        candidates=_candidates(matrix, titles),
        verdicts=_verdicts(found, titles),
        references=_references(found, titles),
        routers=_routers(found, titles),
    )


def _candidates(matrix: ScoreMatrix, titles: dict[str, str]) -> str:
    test = matrix.prompts.iloc[matrix.rows("test")]
    things, groups = test["complexity"].to_numpy(), test["group"].to_numpy()
    pool = matrix.pool()
    columns: list[list[str]] = []
    for metric in METRICS:
        quality = matrix.qualities(metric, "test", pool).mean(axis=2)
        for kind in KINDS.values():
            inside = np.isin(things, kind)

            def means(weights: np.ndarray, rows: np.ndarray = quality[inside]) -> dict[str, np.ndarray]:
                return {"mean": weights @ rows / weights.sum(axis=1, keepdims=True)}

            ends = intervals(means, groups[inside], Bootstrap())["mean"]
            columns.append(
                [
                    f"{v:.3f} [{a:.3f}, {b:.3f}]"
                    for v, a, b in zip(ends.value, ends.low, ends.high, strict=True)
                ]
            )
    heads = [f"{titles[metric]}, {kind}" for metric in METRICS for kind in KINDS]
    order = np.argsort(pool.cost, kind="stable")
    rows = [[f"`{pool.ids[m]}`", f"{pool.cost[m]:.5f}", *(column[m] for column in columns)] for m in order]
    return _table(["candidate", "TFLOPs", *heads], rows)


def _references(found: dict[tuple[str, str], Report], titles: dict[str, str]) -> str:
    rows = [
        [pool, titles[metric], *(_said(found[pool, "knn"].result(metric), name) for name in REFERENCES)]
        for pool in POOLS
        for metric in METRICS
    ]
    return _table(["pool", "metric", *REFERENCES.values()], rows)


def _said(result: Result, reference: str) -> str:
    return _spelled(result.references[reference]["audc"], 4)


def _verdicts(found: dict[tuple[str, str], Report], titles: dict[str, str]) -> str:
    rows = [
        [pool, titles[metric], f"`{router}`", found[pool, router].result(metric).verdict]
        for pool in POOLS
        for metric in METRICS
        for router in ROUTERS
    ]
    return _table(["pool", "metric", "router", "verdict"], rows)


def _routers(found: dict[tuple[str, str], Report], titles: dict[str, str]) -> str:
    rows: list[list[str]] = []
    for pool in POOLS:
        for metric in METRICS:
            for router in ROUTERS:
                result = found[pool, router].result(metric)
                said = [
                    _spelled(result.estimate(name), decimals)
                    for name, decimals in (("gain", 5), ("headroom", 3), ("headroom_linear", 3))
                ]
                rows.append([pool, titles[metric], f"`{router}`", *said])
    return _table(["pool", "metric", "router", "gain", "headroom captured", "on the linear axis"], rows)


def _spelled(estimate: Estimate, decimals: int) -> str:
    ends = [f"{end:.{decimals}f}" if end is not None else "-" for end in (estimate.low, estimate.high)]
    return f"{estimate.value:.{decimals}f} [{', '.join(ends)}]"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    (ROOT / "docs" / "nano.md").write_text(page(), encoding="utf-8")
