"""`python docs/make_paper.py [--run]`: write docs/paper.md, the paper's exhibits on real COCO scores.

The page is made of the files in docs/paper. `--run` makes those anew first, with `catbench paper` and
`catbench evaluate`: flasheval-coco must be installed (`catbench suites` says how). It takes half an hour.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from catbench.report.report import Report

FOLDER = Path(__file__).parent / "paper"
SUITE = "flasheval-coco"
METRICS = {"clip_score": "CLIPScore", "image_reward": "ImageReward", "aesthetic": "Aesthetic"}
TRIALS = 20
TABLES = ("knn", "mixture")
"""Routers of which there is a Table 1."""
KEPT = ("figure1c.csv", "figure1c.png", "figure3.csv", "figure3.png")
SINGLE = "sd-2.1-ddim-50"
"""The candidate at whose cost the pools of Figure 3 are compared: one model, at full quality."""
TEXT = f"""# The paper's tables and figures, on real scores

Made by `python docs/make_paper.py` from the files in `docs/paper`, which `catbench paper` wrote on
`{SUITE}`: 36 Stable Diffusion candidates on COCO captions, FlashEval's scores. The paper's candidates are
SDXL's; the setting (COCO, steps of one model, several models, CLIPScore) is the same. The paper drew new
images for each trial; here there is one a prompt and candidate, so a trial draws the training prompts anew,
with replacement.

## Table 1: quality at a candidate's cost, over {TRIALS} trials

Rows are the candidates that none beats at no greater cost. A router's number is the mean over trials of the
quality that it reaches at the candidate's cost (the mixture's: fitted once, on all training prompts); in
brackets the share of trials in which that is above the candidate's own. All trials share one set of test
prompts, so a share of 1 is no certainty: intervals stand in [real.md](real.md).

{{table1}}

## Figure 3: deferral curves

![Deferral curves of ridge and k-NN, of the mixture and the candidates](paper/figure3.png)

{{figure3}}

## Figure 1c: quality by steps, for simple and for complex captions

![Mean quality by denoising steps, simple and complex captions](paper/figure1c.png)

{{figure1c}}
"""


def page() -> str:
    """Return the page."""
    return TEXT.format(table1=table1(), figure3=figure3(), figure1c=figure1c())


def table1() -> str:
    """Return Table 1 with a line a candidate, a part a metric."""
    found = {router: _rows(FOLDER / f"table1-{router}.csv") for router in TABLES}
    parts: list[str] = []
    for title in METRICS.values():
        of_metric = {router: rows[title] for router, rows in found.items()}
        fixed, cost = of_metric["knn"]["Fixed"], found["knn"][""]["TFLOPs"]
        lines = [f"| {title} | TFLOPs | alone | k-NN | mixture |", "|---|---|---|---|---|"]
        best = -np.inf
        for candidate in sorted(fixed, key=lambda name: (float(cost[name]), -float(fixed[name]))):
            if float(fixed[candidate]) <= best:
                continue
            best = float(fixed[candidate])
            said = [
                f"{rows['Ours (S=1)'][candidate]} ({rows['Win rate (S=1)'][candidate]})"
                for rows in of_metric.values()
            ]
            lines.append(f"| {' | '.join([candidate, cost[candidate], fixed[candidate], *said])} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def figure3() -> str:
    """Return the heights of the curves at the cost of the single model, as a table."""
    curves = pd.read_csv(FOLDER / "figure3.csv")
    fixed = _rows(FOLDER / "table1-knn.csv")
    cost = float(fixed[""]["TFLOPs"][SINGLE])
    said: list[str] = []
    for metric, title in METRICS.items():
        at = {
            str(name): float(np.interp(cost, one["tflops"], one["quality"]))
            for name, one in curves[curves["metric"] == metric].groupby("curve")
        }
        alone = float(fixed[title]["Fixed"][SINGLE])
        names = ("ridge (all)", "ridge (homogeneous)", "mixture")
        said.append(f"| {title} | {alone:.4g} | {' | '.join(f'{at[name]:.4g}' for name in names)} |")
    return "\n".join(
        [
            f"At the cost of `{SINGLE}`, with all candidates to choose from, and with those of SD 2.1 alone:",
            "",
            f"| | `{SINGLE}` | ridge, all | ridge, SD 2.1 | mixture of all |",
            "|---|---|---|---|---|",
            *said,
        ]
    )


def figure1c() -> str:
    """Return whether complex captions gain more from steps than simple ones, metric by metric."""
    data = pd.read_csv(FOLDER / "figure1c.csv")
    low, high = data["steps"].min(), data["steps"].max()
    lines: list[str] = []
    for metric, title in METRICS.items():
        of = data[data["metric"] == metric].set_index(["prompts", "steps"])
        rise = {kind: of.loc[(kind, high), "quality"] - of.loc[(kind, low), "quality"] for kind in KINDS}
        ends = of.loc[[(kind, step) for kind in KINDS for step in (low, high)]]
        error = np.sqrt(float((ends["standard_error"] ** 2).sum()))
        more = rise["complex"] - rise["simple"]
        surely = "more" if more > 2 * error else "less" if more < -2 * error else "not surely more or less"
        shown = [title, *(f"{rise[kind]:+.4f}" for kind in KINDS), f"{more:+.4f} ± {2 * error:.4f}", surely]
        lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(
        [
            textwrap.fill(
                f"The paper says that complex prompts need more steps. What {high:g} steps add to {low:g} of "
                "SD 2.1, in the third of the captions with the fewest words and in that with the most (± two "
                "standard errors, as if the means were independent, which makes them too wide):",
                110,
            ),
            "",
            "| | simple | complex | complex gains more by | |",
            "|---|---|---|---|---|",
            *lines,
        ]
    )


KINDS = ("simple", "complex")


def run() -> None:
    """Make the files in docs/paper anew."""
    FOLDER.mkdir(exist_ok=True)
    command = str(Path(sys.executable).with_name("catbench"))
    options = ["--suite", SUITE, "--trials", str(TRIALS), *(f"--metric={metric}" for metric in METRICS)]
    with TemporaryDirectory() as folder:
        out = Path(folder) / "knn"
        named = ["--knn", "knn", "--transformer", "ridge", "--out", str(out)]
        subprocess.run([command, "paper", *options, *named], check=True)
        shutil.copy(out / "table1.csv", FOLDER / "table1-knn.csv")
        for name in KEPT:
            shutil.copy(out / name, FOLDER / name)
        report = Path(folder) / "mixture.json"
        subprocess.run([command, "evaluate", "mixture", *options, "--json", str(report)], check=True)
        write_mixture(Report.read(report))


def write_mixture(report: Report) -> None:
    """Write the mixture's numbers as a Table 1."""
    rows: list[list[str]] = []
    for result in report.results:
        ids = result.candidates
        title = f"{METRICS[result.metric]} ↑"
        reached = [result.estimate("quality_at", name).value for name in ids]
        won = [result.estimate("win_rate", name).value for name in ids]
        rows.append([title, "Ours (S=1)", *("-" if q is None else f"{q:.5g}" for q in reached)])
        rows.append([title, "Win rate (S=1)", *("-" if w is None else f"{w:.3g}" for w in won)])
    header = ["metric", "", *report.results[0].candidates]
    pd.DataFrame(rows, columns=header).to_csv(FOLDER / "table1-mixture.csv", index=False)


def _rows(path: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Return a table's cells as metric -> row -> candidate -> text."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.columns = ["metric", "row", *table.columns[2:]]
    table = table.drop(columns="signature", errors="ignore")
    found: dict[str, dict[str, dict[str, str]]] = {}
    for record in table.to_dict("records"):
        title, row = record.pop("metric").removesuffix(" ↑"), record.pop("row")
        found.setdefault(title, {})[row] = record
    return found


if __name__ == "__main__":
    if "--run" in sys.argv[1:]:
        run()
    (Path(__file__).parent / "paper.md").write_text(page(), encoding="utf-8")
