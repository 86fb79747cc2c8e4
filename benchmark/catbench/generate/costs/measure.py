"""`catbench measure` as a function: the cost table of a suite's candidates, counted and measured here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from catbench.costs import Cost
from catbench.errors import UsageError
from catbench.files import check_writable
from catbench.generate.candidates import choose_candidates
from catbench.generate.costs.table import flop_costs, write_costs
from catbench.generate.job import hardware_name
from catbench.generate.packages import prepare, versions
from catbench.generate.problem import load_problem
from catbench.generate.settings import drawing_settings
from catbench.pool import Candidate

UNITS = ("tflops", "tflops_paper", "seconds", "joules")
"""In the order of the table; the first is what a suite's routers are priced by unless told otherwise."""


def measure(
    suite: str | Path,
    out: Path,
    *,
    candidates: Sequence[str] | None = None,
    flops_only: bool = False,
    device: str = "cpu",
    batch: int = 1,
    repeats: int = 5,
    on_candidate: Callable[[str, int, int], None] | None = None,
) -> tuple[Cost, ...]:
    """Write the cost table of a suite's candidates to `out` (Parquet), and return its rows.

    `on_candidate` is told a candidate, how many are done and how many there are. Raises UsageError for a bad
    argument before anything is measured, GenerationError for a model that cannot be loaded.
    """
    if batch < 1 or repeats < 1:
        raise UsageError(f"--batch {batch}, --repeats {repeats}: at least 1 is needed")
    problem = load_problem(suite)
    chosen = choose_candidates(problem.candidates, candidates)
    check_writable(out)
    prepare()
    hardware = "" if flops_only else hardware_name(device)
    costs: list[Cost] = []
    for done, candidate in enumerate(chosen):
        if on_candidate:
            on_candidate(candidate.id, done, len(chosen))
        costs += flop_costs([candidate], problem.root)
        if not flops_only:
            costs += _clocked(candidate, hardware, device, batch, repeats, problem.root)
    # A unit must price every candidate: joules that only some have are of no use to a router.
    if sum(cost.unit == "joules" for cost in costs) < len(chosen):
        costs = [cost for cost in costs if cost.unit != "joules"]
    costs.sort(key=lambda cost: UNITS.index(cost.unit))
    write_costs(costs, out)
    return tuple(costs)


def _clocked(
    candidate: Candidate, hardware: str, device: str, batch: int, repeats: int, root: Path | None
) -> list[Cost]:
    from catbench.generate.costs.clock import measure_image

    settings = drawing_settings(candidate)
    measured = measure_image(settings, device, batch, root, repeats=repeats)
    packages = " ".join(f"{name} {version}" for name, version in versions().items())
    clock = "CUDA events" if device != "cpu" else "wall clock"
    values = {
        "seconds": (measured.seconds, f"median of {repeats} calls, {clock}; {packages}"),
        "joules": (measured.joules, f"NVML, mean of {repeats} calls; {packages}"),
    }
    return [
        Cost(
            candidate=candidate.id,
            unit=unit,
            value=value,
            hardware=hardware,
            batch_size=measured.batch,
            precision=settings.precision,
            method=method,
        )
        for unit, (value, method) in values.items()
        if value is not None
    ]
