"""FLOPs of candidates as rows of a cost table, and the table that catbench ships.

The shipped table, made by `docs/make_flops.py`, has every candidate of `candidates` in both conventions, from
the released configurations, without weights or network. Infinity is counted on its official code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from catbench.files import atomic_file
from catbench.home import DATA
from catbench.suite.pool import Candidate, Cost, cost_table
from catbench_make.checkout import INFINITY
from catbench_make.costs import architectures
from catbench_make.packages import prepare, versions
from catbench_make.plan.candidates import drawing_settings, find_candidate
from catbench_make.plan.settings import DrawingSettings, local_source

if TYPE_CHECKING:
    from catbench_make.costs.flops import Flops

SHIPPED = DATA / "costs" / "flops.parquet"
TERA = 1e12
ON_META = "meta device, from configurations"
"""How most FLOPs are counted."""


def flop_costs(candidates: Sequence[Candidate], root: Path | None = None) -> tuple[Cost, ...]:
    """Return `tflops` of all candidates, then `tflops_paper`: shipped where known, else counted.

    `root` is the suite's folder. Raises GenerationError where a model must be loaded to be counted, and
    cannot be.
    """
    shipped = {(cost.candidate, cost.unit): cost for cost in shipped_costs()}
    costs: list[Cost] = []
    for candidate in candidates:
        known = find_candidate(candidate.id)
        if known and drawing_settings(known) == drawing_settings(candidate):
            costs += [shipped[candidate.id, unit] for unit in ("tflops", "tflops_paper")]
        else:
            costs += count_costs(candidate, root)
    return tuple(sorted(costs, key=lambda cost: cost.unit))


def count_costs(candidate: Candidate, root: Path | None = None) -> tuple[Cost, Cost]:
    """Return a candidate's `tflops` and `tflops_paper`, counted now. Raises as `flop_costs` does."""
    prepare()
    return costs_of(candidate.id, *_count(drawing_settings(candidate), root))


def costs_of(name: str, flops: tuple[Flops, Flops], how: str = ON_META) -> tuple[Cost, Cost]:
    """Return `tflops` and `tflops_paper` of a candidate from the FLOPs of its whole call and its denoiser."""
    whole, denoising = flops
    method = f"{how}; torch {versions()['torch']}"
    return (
        Cost(candidate=name, unit="tflops", value=whole.total / TERA, method=method),
        Cost(
            candidate=name,
            unit="tflops_paper",
            value=(denoising.total - denoising.attention) / TERA,
            method=f"{method}; denoiser without attention products",
        ),
    )


def shipped_costs() -> tuple[Cost, ...]:
    """Return the FLOPs of every known candidate as shipped with catbench."""
    return tuple(Cost.model_validate(row) for row in pd.read_parquet(SHIPPED).to_dict("records"))


def write_costs(costs: Sequence[Cost], path: Path) -> None:
    """Write a cost table as Parquet, whole or not at all; raises UsageError where it cannot be written."""
    with atomic_file(path) as draft:
        cost_table(costs).to_parquet(draft, index=False)


def _count(settings: DrawingSettings, root: Path | None) -> tuple[tuple[Flops, Flops], str]:
    """Return the FLOPs of one image, of the whole call and of its denoiser, and how they were counted."""
    if settings.pipeline == INFINITY:
        from catbench_make.costs.infinity_flops import infinity_flops

        return infinity_flops(settings), ON_META
    folder = local_source(settings.pipeline, root)
    released = architectures.RELEASED.get(settings.pipeline)
    architecture = architectures.read_architecture(folder) if folder else released
    if architecture is not None:
        from catbench_make.costs.pipeline_flops import call_flops

        return call_flops(architecture, settings), ON_META
    from catbench_make.costs.flops import count_call

    return count_call(settings, root), "counted while drawing an image"
