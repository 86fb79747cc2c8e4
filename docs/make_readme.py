"""`python docs/make_readme.py`: write the README's figures anew, each between its two comments.

They come from the reports in baselines/reports/nano and from the shipped matrix; `tests/test_docs.py` holds
the page to them.
"""

from __future__ import annotations

import importlib
import io
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from catbench import load
from catbench.cli.report_tables import print_report
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.spelling import spell

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent))  # for the script beside this one
REPORTS = ROOT / "baselines" / "reports" / "nano"
SHOWN, METRIC = "ridge", "scene_accuracy"
ROUTERS = ("knn", "ridge", "embedllm", "transformer", "ridge:tfidf")
LINES = 12
"""Of what `catbench evaluate` prints."""


def blocks() -> dict[str, str]:
    """Return what stands between the comments of each name."""
    return {"output": output(), "real": real(), "candidates": candidates(), "routers": routers()}


def output() -> str:
    """Return the first lines that `catbench evaluate` prints of a shipped report."""
    report = Report.read(REPORTS / f"{SHOWN}.json")
    report = report.model_copy(update={"results": (report.result(METRIC),)})
    with redirect_stdout(io.StringIO()) as said:
        print_report(report, matrix=load("nano"))
    lines = said.getvalue().splitlines()[:LINES]
    return "\n".join(["```text", *lines, "...", "```"])


def real() -> str:
    """Return what the router chosen on validation prompts saves, a row a real suite and metric."""
    maker = importlib.import_module("make_real")
    return maker.glance({suite: maker.reports_of(suite) for suite in maker.SUITES})


def candidates() -> str:
    """Return how each model of nano draws what it has seen in training, and what it has not."""
    return importlib.import_module("make_nano").knowledge(load("nano"))


def routers() -> str:
    """Return what a few routers save, by metric."""
    rows = ["| router | metric | as good as the best single candidate at | headroom captured |"]
    rows.append("|---|---|---|---|")
    for name in ROUTERS:
        report = Report.read(REPORTS / f"{name.replace(':', '-')}.json")
        for metric in (METRIC, "clip_score"):
            result: Result = report.result(metric)
            match = spell(result.estimate("match_best"), percent=True, missing="never")
            if result.estimate("match_best").value is not None:
                match += " of its cost"
            share = spell(result.estimate("headroom"), percent=True)
            rows.append(f"| `{name}` | {result.metric_label} | {match} | {share} |")
    return "\n".join(rows)


def page() -> str:
    """Return the README with every block made anew."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, block in blocks().items():
        pattern = rf"(<!-- {name}: [^>]*-->\n).*?(\n<!-- end of {name} -->)"
        text, found = re.subn(pattern, lambda m, b=block: m[1] + b + m[2], text, flags=re.S)
        if found != 1:
            raise SystemExit(f"README.md needs the comments of {name!r} once")
    return text


if __name__ == "__main__":
    (ROOT / "README.md").write_text(page(), encoding="utf-8")
