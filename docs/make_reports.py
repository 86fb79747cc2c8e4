"""`python docs/make_reports.py [NAME ...]`: write the reports in baselines/reports anew, all or those named.

A name is a suite (`nano`), or a report of one (`nano/ridge`). Real suites must be installed first
(`catbench suites` says how). On two busy cores nano took 14 minutes, most of it the transformer's, and the
real suites 50.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "baselines" / "reports"
ON_NANO = (
    "knn", "ridge", "embedllm", "guarded", "mixture", "mlp", "transformer", "trees", "uniroute", "routet2i",
    "routellm-mf", "cems", "adadiff", "ridge:tfidf",
)  # fmt: skip
ON_REAL = (
    "mixture", "ridge", "guarded", "knn", "guarded:knn", "uniroute", "embedllm", "routellm-mf", "cems", "mlp",
)  # fmt: skip
SMALL = ("trees",)
"""Also run where training prompts are few: it takes minutes a metric on 29,000."""
LARGE = ("flasheval-coco",)
METRICS = {
    "flasheval-coco": ("clip_score", "image_reward"),
    "flasheval-diffusiondb": ("clip_score", "image_reward"),
    "evalmi": ("perception", "correspondence"),
    "pqpp": ("relevance",),
    "cems": ("clip_score",),
}
"""Real suite -> the metrics that are scored."""
OPTIONS = {"cems": ("--cost", "seconds"), "evalmi": ("--pool", "priced:tflops")}
ELSEWHERE = {"flasheval-coco": "flasheval-diffusiondb", "flasheval-diffusiondb": "flasheval-coco"}
"""Suite -> the one that its candidates are also known from: training there, tests here."""
SLICED = {"nano/ridge": "complexity", "evalmi/ridge": "family"}
"""Report with slices, each with replicates of its own -> their column."""


def runs() -> dict[str, tuple[str, ...]]:
    """Return the arguments of `catbench evaluate` for every report."""
    nano = ("--suite", "nano")
    found = {f"nano/{router.replace(':', '-')}": (router, *nano) for router in ON_NANO}
    for ending, routers, options in (
        ("seconds", ON_NANO[:3], ("--cost", "seconds")),
        ("nano", ON_NANO[:3], ("--pool", "nano")),
        ("tflops-paper", ON_NANO[:2], ("--cost", "tflops_paper")),
    ):
        found |= {f"nano/{router}-{ending}": (router, *nano, *options) for router in routers}
    for suite, metrics in METRICS.items():
        options = ("--suite", suite, *(f"--metric={metric}" for metric in metrics), *OPTIONS.get(suite, ()))
        routers = ON_REAL if suite in LARGE else (*ON_REAL, *SMALL)
        found |= {f"{suite}/{router.replace(':', '-')}": (router, *options) for router in routers}
        if suite in ELSEWHERE:
            elsewhere = ("--train-on", ELSEWHERE[suite])
            found |= {
                f"{suite}/{router}-elsewhere": (router, *options, *elsewhere) for router in ON_REAL[1:3]
            }
    for name, column in SLICED.items():
        found[name] = (*found[name], "--by", column)
    return found


def main(names: list[str]) -> None:
    """Run the commands one after another; a failed one ends it."""
    command = str(Path(sys.executable).with_name("catbench"))
    for name, arguments in runs().items():
        if names and not {name, name.partition("/")[0]} & set(names):
            continue
        print(name, flush=True)  # noqa: T201
        target = FOLDER / f"{name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        run = [command, "evaluate", *arguments, "--compact", "--json", str(target)]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(sys.argv[1:])
