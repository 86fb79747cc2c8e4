"""FLOPs of candidates as rows of a cost table, and the table that catbench ships.

`python -m catbench.generate.costs.table FILE` counts the shipped table anew: every candidate of
`candidates`, both conventions, from the released configurations, without weights or network.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from catbench.costs import Cost
from catbench.files import atomic_file
from catbench.generate.candidates import find_candidate, known_candidates
from catbench.generate.packages import prepare, versions
from catbench.generate.settings import DrawingSettings, drawing_settings, local_source
from catbench.pool import Candidate

if TYPE_CHECKING:
    from catbench.generate.costs.unet import UNetCall

SHIPPED = Path(__file__).parents[2] / "data" / "costs" / "flops.parquet"
TERA = 1e12


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
    from catbench.generate.costs.call import count_call

    settings = drawing_settings(candidate)
    counter = _unet_call(settings, root)
    if counter is not None:
        whole, denoising = counter.flops(settings)
        how = "meta device, from configurations"
    else:
        whole, denoising = count_call(settings, root)
        how = "counted while drawing an image"
    method = f"{how}; torch {versions()['torch']}"
    return (
        Cost(candidate=candidate.id, unit="tflops", value=whole.total / TERA, method=method),
        Cost(
            candidate=candidate.id,
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
        pd.DataFrame([cost.model_dump() for cost in costs]).to_parquet(draft, index=False)


def _unet_call(settings: DrawingSettings, root: Path | None) -> UNetCall | None:
    """Return the counter of a UNet pipeline whose configurations are at hand, or None."""
    from catbench.generate.costs.architectures import RELEASED, read_architecture

    folder = local_source(settings.pipeline, root)
    architecture = read_architecture(folder) if folder else RELEASED.get(settings.pipeline)
    return _counter(json.dumps(asdict(architecture))) if architecture else None


@cache
def _counter(architecture: str) -> UNetCall:
    """Return one counter for all candidates of an architecture, given as JSON."""
    from catbench.generate.costs.architectures import UNetArchitecture
    from catbench.generate.costs.unet import UNetCall

    return UNetCall(UNetArchitecture(**json.loads(architecture)))


if __name__ == "__main__":
    write_costs([cost for one in known_candidates() for cost in count_costs(one)], Path(sys.argv[1]))
