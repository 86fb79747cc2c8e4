"""`catbench measure` as a function: the cost table of a suite's candidates, counted and measured here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from catbench.errors import GenerationError, UsageError, counted
from catbench.files import check_writable
from catbench.suite.pool import Candidate, Cost
from catbench.suite.store import load_suite
from catbench_make.costs.flop_table import flop_costs, write_costs
from catbench_make.packages import prepare, versions
from catbench_make.plan.candidates import choose_candidates, drawing_settings
from catbench_make.plan.job import can_be_compiled, hardware_name

if TYPE_CHECKING:
    from catbench_make.costs.clock import BatchTime, Measured

UNITS = ("tflops", "tflops_paper", "seconds", "joules")
"""In the order of the table; the first is what a suite's routers are priced by unless another is named."""
ROUNDS = 3
"""Times to go through all candidates: from fewer, no spread can be computed."""
UNSTEADY = 0.25
"""A spread above this is a warning: other work on the machine moved the value more than routers differ."""


def measure(
    suite: str | Path,
    out: Path,
    *,
    candidates: Sequence[str] | None = None,
    flops_only: bool = False,
    device: str = "cpu",
    batch: int = 1,
    repeats: int = 5,
    rounds: int = ROUNDS,
    batches: Sequence[int] = (),
    compiled: bool = False,
    on_candidate: Callable[[str, int, int], None] = lambda name, done, total: None,
    on_batch: Callable[[str, BatchTime], None] = lambda name, time: None,
) -> tuple[Cost, ...]:
    """Write the cost table of a suite's candidates to `out` (Parquet), and return its rows.

    All candidates are gone through `rounds` times, so that a machine that is slow for a while is slow for
    all of them; the median of all calls counts, and `spread` tells how far rounds lie apart. With `batches`,
    every candidate is timed at each of these batch sizes first, which `on_batch` is given one by one, and its
    fastest takes the place of `batch`. `on_candidate` is called with a candidate, how many are done and how
    many there are. Raises UsageError for a bad argument before anything is measured, GenerationError for a
    model that cannot be loaded.
    """
    asked = {"batch": [batch], "batches": batches, "repeats": [repeats], "rounds": [rounds]}
    for name, numbers in asked.items():
        if min(numbers, default=1) < 1:
            raise UsageError(f"--{name} {','.join(map(str, numbers))}: at least 1 is needed")
    if flops_only and (batches or compiled):
        raise UsageError("--flops-only runs nothing: it goes without --batches and --compile")
    unscored = load_suite(suite)
    chosen = choose_candidates(unscored.candidates, candidates)
    check_writable(out)
    prepare()
    hardware = "" if flops_only else hardware_name(device)
    costs: list[Cost] = []
    for done, candidate in enumerate(chosen):
        if flops_only:
            on_candidate(candidate.id, done, len(chosen))
        costs += flop_costs([candidate], unscored.root)
    if not flops_only:
        from catbench_make.costs.clock import measure_image, time_batches

        root, how = unscored.root, dict[str, Any](repeats=repeats, compiled=compiled)
        sizes = {candidate.id: batch for candidate in chosen}
        if batches:
            for candidate in chosen:
                times = time_batches(drawing_settings(candidate), device, batches, root, **how)
                sizes[candidate.id] = _fastest(candidate.id, times, min(batches), on_batch)
        calls: dict[str, list[Measured]] = {candidate.id: [] for candidate in chosen}
        for done in range(rounds * len(chosen)):
            candidate = chosen[done % len(chosen)]
            on_candidate(candidate.id, done, rounds * len(chosen))
            size = sizes[candidate.id]
            calls[candidate.id].append(measure_image(drawing_settings(candidate), device, size, root, **how))
        for candidate in chosen:
            costs += _clocked(candidate, calls[candidate.id], hardware, device, compiled)
    # A unit must price every candidate: joules that only some have are of no use to a router.
    if sum(cost.unit == "joules" for cost in costs) < len(chosen):
        costs = [cost for cost in costs if cost.unit != "joules"]
    costs.sort(key=lambda cost: UNITS.index(cost.unit))
    write_costs(costs, out)
    return tuple(costs)


def _fastest(
    candidate: str, times: Iterable[BatchTime], smallest: int, on_batch: Callable[[str, BatchTime], None]
) -> int:
    """Return the batch size at which an image takes the fewest seconds; raises GenerationError for none."""
    seconds: dict[int, float] = {}
    for time in times:
        seconds[time.batch] = time.seconds
        on_batch(candidate, time)
    if not seconds:
        raise GenerationError(f"{candidate}: not enough memory for --batches {smallest}: name a smaller")
    return min(seconds, key=seconds.__getitem__)


def _clocked(
    candidate: Candidate, measured: list[Measured], hardware: str, device: str, compiled: bool
) -> list[Cost]:
    """Return the seconds and joules of a candidate from what each round measured."""
    import torch

    from catbench_make.costs.clock import SECONDS_OF_ENERGY

    settings = drawing_settings(candidate)
    how = "compiled, " if compiled and can_be_compiled(settings) else ""
    in_rounds = f"in each of {len(measured)} rounds"
    clock = "CUDA events" if device != "cpu" else f"wall clock, threads: {torch.get_num_threads()}"
    packages = " ".join(f"{name} {version}" for name, version in versions().items())
    calls = counted(len(measured[0].seconds), "call")
    by_round = [median(one.seconds) for one in measured]
    seconds = median(second for one in measured for second in one.seconds)
    found = [("seconds", seconds, by_round, f"{how}median of {calls} {in_rounds}, {clock}; {packages}")]
    if joules := [one.joules for one in measured if one.joules is not None]:
        method = f"{how}NVML, mean of calls of {SECONDS_OF_ENERGY:g} s {in_rounds}; {packages}"
        found.append(("joules", fmean(joules), joules, method))
    return [
        Cost(
            candidate=candidate.id,
            unit=unit,
            value=value,
            hardware=hardware,
            batch_size=measured[0].batch,
            precision=settings.precision,
            method=method,
            spread=(max(values) - min(values)) / value if len(measured) > 1 else None,
        )
        for unit, value, values, method in found
    ]
