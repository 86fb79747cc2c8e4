"""`python docs/make_reports.py [NAME ...]`: write the reports in baselines/reports anew, all or those named.

The commands are those of baselines/reports/README.md; ten minutes or so in all, most of it the transformer's.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "baselines" / "reports"
ROUTERS = ("knn", "ridge", "embedllm", "guarded", "mixture", "mlp", "transformer", "trees", "uniroute")
OTHERS = {
    "seconds": ("--cost", "seconds"),
    "nano": ("--pool", "nano"),
    "tflops-paper": ("--cost", "tflops_paper"),
}
"""Ending of a report's name -> its options."""
RUNS = {
    **{router: (router,) for router in ROUTERS},
    **{f"{router}-{name}": (router, *OTHERS[name])
       for name in ("seconds", "nano") for router in ("knn", "ridge", "embedllm")},
    **{f"{router}-tflops-paper": (router, *OTHERS["tflops-paper"]) for router in ("knn", "ridge")},
}  # fmt: skip
SLICED = ("ridge",)
"""Reports with slices by complexity: each slice has replicates of its own."""


def main(names: list[str]) -> None:
    """Run the commands one after another; a failed one ends it."""
    for name in names or RUNS:
        options = ["--by", "complexity"] if name in SLICED else []
        command = ["evaluate", *RUNS[name], *options, "--compact", "--json", str(FOLDER / f"{name}.json")]
        print(name, flush=True)  # noqa: T201
        subprocess.run(
            [str(Path(sys.executable).with_name("catbench")), *command], check=True, stdout=subprocess.DEVNULL
        )


if __name__ == "__main__":
    main(sys.argv[1:])
