"""`python docs/make_performance.py`: write docs/performance.md from the last run that was stored."""

from __future__ import annotations

import json
from typing import Any

from make_shared import DOCS, table

STORED = DOCS / "performance"
TEXT = """# Speed

Made by `python docs/make_performance.py` from the last run of `make benchmark`, which compares each run with
the one before it. Ratios within one run, never seconds: what catbench takes against the bare computation that
nobody can do without. Curves are exact; sizes are prompts x candidates (x samples x metrics).

{table}

{line} (this run and what ran beside it).
"""


def page() -> str:
    """Return the page; raises FileNotFoundError where no run is stored."""
    runs = sorted(STORED.glob("*/*.json"))
    if not runs:
        raise FileNotFoundError(f"{STORED} holds no run: make benchmark")
    run: dict[str, Any] = json.loads(runs[-1].read_text(encoding="utf-8"))
    found = [one["extra_info"] for one in run["benchmarks"] if "ratio" in one["extra_info"]]
    rows = [[one["what"], f"{one['ratio']:.3g}", one["of"]] for one in found]
    machine = run["machine_info"]
    processor = machine["cpu"].get("brand_raw") or machine["processor"] or machine["machine"]
    named = f"{processor}, {machine['cpu'].get('count', '?')} processors, Python {machine['python_version']}"
    line = f"Measured on {named}, {run['datetime'][:10]}, at a load of {run['commit_info']['load']:g}"
    return TEXT.format(table=table(["what", "times", "of"], rows, "|---|---|---|"), line=line)


if __name__ == "__main__":
    (DOCS / "performance.md").write_text(page(), encoding="utf-8")
