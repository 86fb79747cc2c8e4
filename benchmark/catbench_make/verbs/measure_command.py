"""`catbench measure`: what an image of each candidate costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.errors import UsageError

if TYPE_CHECKING:
    from catbench.suite.pool import Cost
    from catbench_make.costs.clock import BatchTime


def measure(
    suite: Annotated[str, typer.Argument(help="A suite's name or folder, with or without scores.")],
    out: Annotated[Path, typer.Option(help="The cost table to write, as Parquet.")],
    flops_only: Annotated[bool, typer.Option("--flops-only", help="Count FLOPs; run nothing.")] = False,
    candidates: Annotated[
        str | None, typer.Option(help="Candidate ids with commas between. Default: the suite's.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    batch: Annotated[
        int, typer.Option(min=1, help="Images that are drawn at once where seconds are measured.")
    ] = 1,
    batches: Annotated[
        str | None,
        typer.Option(help="Batch sizes to try, as 1,2,4,8: each candidate's fastest is the one measured."),
    ] = None,
    compiled: Annotated[bool, typer.Option("--compile", help="torch.compile and CUDA graphs.")] = False,
    repeats: Annotated[int, typer.Option(min=1, help="Timed calls a candidate; the median counts.")] = 5,
    rounds: Annotated[
        int,
        typer.Option(min=1, help="Times to go through all candidates: the spread between them is reported."),
    ] = 3,
) -> None:
    """Count FLOPs in both conventions, and measure seconds and joules per image on this machine."""
    from catbench_make.costs.measure import UNSTEADY, measure

    names = [name.strip() for name in candidates.split(",")] if candidates else None
    costs = measure(
        suite,
        out,
        candidates=names,
        flops_only=flops_only,
        device=device,
        batch=batch,
        repeats=repeats,
        rounds=rounds,
        batches=_sizes(batches),
        compiled=compiled,
        on_candidate=_print_progress,
        on_batch=_print_batch,
    )
    print_costs(costs)
    unsteady = [cost for cost in costs if (cost.spread or 0) > UNSTEADY]
    if unsteady:
        worst = max(unsteady, key=lambda cost: cost.spread or 0)
        typer.echo(
            f"warning: {len(unsteady)} of these differ by more than {UNSTEADY:.0%} between rounds, most "
            f"{worst.candidate} in {worst.unit} ({worst.spread:.0%}): was the machine at other work? Measure "
            "again when it is idle, or with more --rounds; the table has the spread of each",
            err=True,
        )


def print_costs(costs: Sequence[Cost]) -> None:
    """Print a line a cost."""
    width = max(len(cost.candidate) for cost in costs)
    for cost in costs:
        on = f"  on {cost.hardware}, batch {cost.batch_size}" if cost.hardware else ""
        spread = "" if cost.spread is None else f", rounds {cost.spread:.0%} apart"
        typer.echo(f"{cost.candidate:{width}}  {cost.value:12.6g} {cost.unit}{on}{spread}")


def _print_progress(candidate: str, done: int, total: int) -> None:
    typer.echo(f"{done + 1}/{total} {candidate}", err=True)


def _print_batch(candidate: str, time: BatchTime) -> None:
    share = "" if time.denoiser_share is None else f", {time.denoiser_share:.0%} of it the denoiser alone"
    typer.echo(f"{candidate}  batch {time.batch}: {time.seconds:.4g} seconds an image{share}")


def _sizes(batches: str | None) -> list[int]:
    """Return the numbers of `--batches`; raises UsageError for what is none."""
    try:
        return [int(size) for size in batches.split(",")] if batches else []
    except ValueError as error:
        raise UsageError(f"--batches {batches}: numbers with commas between, as 1,2,4,8") from error
