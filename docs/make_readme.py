"""`python docs/make_readme.py`: write the README's figures anew, each between its two comments.

They come from the reports in baselines/reports/nano and from the shipped matrix; `tests/test_docs.py` holds
the page to them.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import make_nano
import make_real
from make_shared import ROOT, report_of, reports_of, table, with_block

from catbench import load
from catbench.cli.report_tables import print_report
from catbench.report.result import Result
from catbench.report.spelling import spell

README = ROOT / "README.md"
SHOWN, METRIC = "ridge", "scene_accuracy"
ROUTERS = ("knn", "ridge", "embedllm", "transformer", "ridge:tfidf")
LINES = 12
"""Of what `catbench evaluate` prints."""


def blocks() -> dict[str, str]:
    """Return what stands between the comments of each name."""
    return {"output": output(), "real": real(), "candidates": candidates(), "routers": routers()}


def output() -> str:
    """Return the first lines that `catbench evaluate` prints of a shipped report."""
    report = report_of(SHOWN)
    report = report.model_copy(update={"results": (report.result(METRIC),)})
    with redirect_stdout(io.StringIO()) as said:
        print_report(report, matrix=load("nano"))
    lines = said.getvalue().splitlines()[:LINES]
    return "\n".join(["```text", *lines, "...", "```"])


def real() -> str:
    """Return what the router chosen on validation prompts saves, a row a real suite and metric."""
    return make_real.glance({suite: reports_of(suite) for suite in make_real.SUITES})


def candidates() -> str:
    """Return how each model of nano draws what it has seen in training, and what it has not."""
    return make_nano.knowledge(load("nano"))


def routers() -> str:
    """Return what a few routers save, by metric."""
    rows: list[list[str]] = []
    for name in ROUTERS:
        report = report_of(name)
        for metric in (METRIC, "clip_score"):
            result: Result = report.result(metric)
            match = spell(result.estimate("match_best"), percent=True, missing="never")
            if result.estimate("match_best").value is not None:
                match += " of its cost"
            share = spell(result.estimate("headroom"), percent=True)
            rows.append([f"`{name}`", result.metric_label, match, share])
    heads = ["router", "metric", "as good as the best single candidate at", "headroom captured"]
    return table(heads, rows, "|---|---|---|---|")


def page() -> str:
    """Return the README with every block made anew."""
    text = README.read_text(encoding="utf-8")
    for name, block in blocks().items():
        text = with_block(README, text, name, block)
    return text


if __name__ == "__main__":
    README.write_text(page(), encoding="utf-8")
