"""`python docs/make_paper.py [--run]`: write docs/paper.md, the paper's exhibits on real COCO scores.

The page is made of the files in docs/paper. `--run` makes those anew first: flasheval-coco
must be installed (`catbench suites` says how), and it takes most of an hour.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from make_shared import DOCS, table

import catbench
from catbench.paper.exhibit import write
from catbench.paper.figure1c import figure1c
from catbench.paper.figure3 import figure3
from catbench.paper.runs import Runs
from catbench.paper.tables import table1

FOLDER = DOCS / "paper"
SUITE = "flasheval-coco"
METRICS = {"clip_score": "CLIPScore", "image_reward": "ImageReward", "aesthetic": "Aesthetic"}
TRIALS = 20
TABLES = {"knn": "k-NN", "ridge": "ridge", "mixture": "mixture"}
"""Routers of which there is a Table 1, with their titles."""
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
quality that it reaches at the candidate's cost; in brackets the share of trials in which that is above the
candidate's own. All trials share one set of test prompts, so a share of 1 is no certainty: intervals stand in
[real.md](real.md).

{{table1}}

## Figure 3: deferral curves

![Deferral curves of ridge and k-NN, of the mixture and the candidates](paper/figure3.png)

At the cost of `{SINGLE}`, with all candidates to choose from, and with those of SD 2.1 alone:

| | `{SINGLE}` | ridge, all | ridge, SD 2.1 | mixture of all |
|---|---|---|---|---|
{{figure3}}

## Figure 1c: quality by steps, for simple and for complex captions

![Mean quality by denoising steps, simple and complex captions](paper/figure1c.png)

The paper says that complex prompts need more steps. {{added}}, in the third of the
captions with the fewest words and in that with the most (± two standard errors, as if the means were
independent, which makes them too wide):

| | simple | complex | complex gains more by | |
|---|---|---|---|---|
{{figure1c}}
"""
KINDS = ("simple", "complex")


def page() -> str:
    """Return the page."""
    gains = pd.read_csv(FOLDER / "figure1c.csv")
    low, high = gains["steps"].min(), gains["steps"].max()
    return TEXT.format(
        table1=table1_text(),
        figure3=figure3_rows(),
        added=f"What {high:g} steps add to {low:g} of SD 2.1",
        figure1c=figure1c_rows(gains, low, high),
    )


def table1_text() -> str:
    """Return Table 1 with a line a candidate, a part a metric."""
    found = {router: _rows(FOLDER / f"table1-{router}.csv") for router in TABLES}
    parts: list[str] = []
    for title in METRICS.values():
        of_metric = {router: rows[title] for router, rows in found.items()}
        fixed, cost = of_metric["knn"]["Fixed"], found["knn"][""]["TFLOPs"]
        heads, lines = [title, "TFLOPs", "alone", *TABLES.values()], list[list[str]]()
        best = -np.inf
        for candidate in sorted(fixed, key=lambda name: (float(cost[name]), -float(fixed[name]))):
            if float(fixed[candidate]) <= best:
                continue
            best = float(fixed[candidate])
            said = [
                f"{rows['Ours (S=1)'][candidate]} ({rows['Win rate (S=1)'][candidate]})"
                for rows in of_metric.values()
            ]
            lines.append([candidate, cost[candidate], fixed[candidate], *said])
        parts.append(table(heads, lines, "|---|---|---|" + "---|" * len(TABLES)))
    return "\n\n".join(parts)


def figure3_rows() -> str:
    """Return the heights of the curves at the cost of the single model, a row a metric."""
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
    return "\n".join(said)


def figure1c_rows(data: pd.DataFrame, low: float, high: float) -> str:
    """Return whether complex captions gain more from steps than simple ones, a row a metric."""
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
    return "\n".join(lines)


def run() -> None:
    """Make the files in docs/paper anew."""
    FOLDER.mkdir(exist_ok=True)
    matrix, metrics = catbench.load(SUITE), list(METRICS)
    for router in TABLES:
        with TemporaryDirectory() as folder:
            write(table1(Runs(matrix, knn=router, metrics=metrics), TRIALS), Path(folder))
            shutil.copy(Path(folder) / "table1.csv", FOLDER / f"table1-{router}.csv")
    runs = Runs(matrix, transformer="ridge", metrics=metrics)
    with TemporaryDirectory() as folder:
        for exhibit in (figure1c(runs), figure3(runs)):
            write(exhibit, Path(folder))
        for name in KEPT:
            shutil.copy(Path(folder) / name, FOLDER / name)


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
    (DOCS / "paper.md").write_text(page(), encoding="utf-8")
