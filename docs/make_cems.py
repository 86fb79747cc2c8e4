"""`python docs/make_cems.py FOLDER`: write docs/cems.md from the reports NAME.json of a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from catbench import compare, load
from catbench.report import Estimate, Report

METRIC = "clip_score"
TEXT = """# Routers on CEMS

Made by `python docs/make_cems.py FOLDER` from one report a router, each of

```sh
catbench import cems
catbench evaluate ROUTER --suite cems --metric clip_score --json FOLDER/ROUTER.json
```

on {prompts} test prompts of CEMS (Lee and Lee, CIKM 2024): CLIP score against the seconds that its authors
measured, four models. What a router reads stands beside its name: TF-IDF, or MiniLM as a frozen encoder
(`transformer:minilm`, `knn:minilm`); differences are to the knn that reads the same. The best single model,
by training prompts, is `{best}`, at {best_cost:.3f} s. Brackets are 95% intervals of the paired bootstrap
over prompts; areas are on the logarithmic cost axis. The mixture, which does not read the prompts, has an
AUDC of {mixture}, and a cascade that first looks at a cheap image {cascade}. The paper claims less than 0.001
TFLOPs a prompt for its router; a frozen encoder that runs for it alone stands in the last column.

{table}
"""


def page(folder: Path) -> str:
    """Return the page about the reports in a folder; others are compared with `knn` and `knn:minilm`."""
    reports = {report.router.name: report for report in map(Report.read, sorted(folder.glob("*.json")))}
    matrix, first = load("cems"), reports["knn"].result(METRIC)
    rows: list[tuple[float, str]] = []
    for name, report in reports.items():
        result = report.result(METRIC)
        router, _, encoder = name.partition(":")
        same = f"knn:{encoder}" if encoder and router != "guarded" else "knn"
        knn = reports.get(same)
        against = "-" if router == "knn" or knn is None else compare(report, knn, matrix)[0]
        said = [
            f"`{name}`",
            spelled(result.estimate("match_best"), 100, "%"),
            spelled(result.estimate("gain_at_best")),
            spelled(result.estimate("unlimited_gain")),
            spelled(result.estimate("headroom"), 100, "%"),
            spelled(result.estimate("gain")),
            against if isinstance(against, str) else spelled(against.estimate("audc")),
            f"{result.seconds_per_prompt * 1e3:.2g}",
            tflops(result.flops_per_prompt),
            tflops(result.encoder_flops_per_prompt),
        ]
        rows.append((result.estimate("headroom").value or 0, " | ".join(said)))
    heads = (
        "router | as good as the best model at | better at its cost by | with no limit by | headroom | "
        "gain over the mixture | AUDC minus knn's | ms a prompt | TFLOPs a prompt | of its encoder"
    )
    lines = [heads, " | ".join(["---"] * 10), *(text for _, text in sorted(rows, reverse=True))]
    return TEXT.format(
        prompts=f"{first.prompts:,}",
        best=first.best_single.candidate,
        best_cost=first.best_single.cost,
        mixture=spelled(first.references["mixture"]["audc"]),
        cascade=spelled(first.references["cascade"]["audc"]),
        table="\n".join(f"| {line} |" for line in lines),
    )


def tflops(flops: float | None) -> str:
    """Return FLOPs as `1.2e-06` TFLOPs, `-` where none are said."""
    return "-" if flops is None else f"{flops / 1e12:.2g}"


def spelled(estimate: Estimate, scale: float = 1, unit: str = "") -> str:
    """Return `value [low, high]`, `never` for a target that is not reached."""
    decimals = 0 if scale > 1 else 2
    value, low, high = (
        "never" if number is None else f"{round(number * scale, decimals) + 0.0:.{decimals}f}"
        for number in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value}{unit if estimate.value is not None else ''} [{low}, {high}]"


if __name__ == "__main__":
    Path(__file__).with_name("cems.md").write_text(page(Path(sys.argv[1])), encoding="utf-8")
