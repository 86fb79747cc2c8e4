"""`catbench generate`: make a suite's score matrix from its prompts."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.filesize import decimal

from catbench.errors import UsageError

if TYPE_CHECKING:
    from catbench_make.drawing.engines.ray import RayEngine
    from catbench_make.drawing.generation import Outcome, Progress
    from catbench_make.drawing.run_estimate import RunEstimate
    from catbench_make.drawing.run_folder import RunPart


def generate(
    suite: Annotated[str, typer.Argument(help="A suite's name or folder, with or without scores.")],
    out: Annotated[Path, typer.Option(help="The run's folder; a rerun makes what is missing in it.")],
    candidates: Annotated[
        str | None, typer.Option(help="Candidate ids with commas between. Default: the suite's.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Prompts to take, every split in its proportion. Default: all.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Images per prompt and candidate. Default: the suite's.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    batch: Annotated[int, typer.Option(help="Images to draw at once.")] = 8,
    text_batch: Annotated[int, typer.Option(help="Prompts to encode at once; may change last places.")] = 1,
    decode_batch: Annotated[
        int | None, typer.Option(help="Images to decode at once. Default: those drawn at once.")
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="torch.compile and CUDA graphs; may change last places.")
    ] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where shards are made: here, or on a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(help="HOST:PORT of the Ray cluster's head node, or auto. Default: this machine alone."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Workers on the Ray cluster. Default: one for each GPU.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="I/N", help="Make the I-th of N shares alone, for the jobs of an array. Then run without."
        ),
    ] = None,
    images: Annotated[
        bool, typer.Option("--images", help="Keep the images, and put a sheet a test prompt in the suite.")
    ] = False,
    fresh_test: Annotated[
        int | None, typer.Option(metavar="SEED", help="nano: draw new test prompts from this seed instead.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the run will take, and stop.")] = False,
) -> None:
    """Draw every image of a suite, score it, and write the suite with its scores to OUT/suite."""
    from catbench_make.drawing.generation import Plan, check_batches, generate
    from catbench_make.drawing.run_estimate import processor_speed
    from catbench_make.drawing.run_folder import RunPart
    from catbench_make.plan.job import check_device, hardware_name

    check_batches(batch, text_batch, decode_batch)
    check_device(device)
    share = RunPart.parse(part) if part else None
    chosen = _engine(engine, address, workers)
    names = [name.strip() for name in candidates.split(",")] if candidates else None
    plan = Plan.of(suite, names, limit, samples, fresh_test=fresh_test)
    if dry_run:
        here = ""  # a plan may be for another machine than this one
        if not chosen:
            with suppress(UsageError):
                here = hardware_name(device)
        speed = processor_speed() if here and device == "cpu" else None
        _print_estimate(plan.estimate(images, here, speed))
        return
    with chosen or nullcontext():
        outcome = generate(
            plan,
            out,
            device=device,
            batch=batch,
            keep_images=images,
            compiled=compiled,
            text_batch=text_batch,
            decode_batch=decode_batch,
            engine=chosen,
            part=share,
            on_progress=_print_progress,
        )
    _print_outcome(outcome, len(plan.suite.prompts), share)


def _engine(kind: str, address: str | None, workers: int | None) -> RayEngine | None:
    """Return the Ray cluster that is asked for, to be connected to; None = this process."""
    if kind == "local":
        for option, value in (("address", address), ("workers", workers)):
            if value is not None:
                raise UsageError(f"--{option} {value} goes with --engine ray")
        return None
    from catbench_make.drawing.engines.ray import RayEngine

    return RayEngine(address, workers)


def _print_estimate(estimate: RunEstimate) -> None:
    hours = "unknown" if estimate.device_hours is None else f"{estimate.device_hours:,.2f}"
    typer.echo(f"shards        {estimate.shards:,}")
    typer.echo(f"images        {estimate.images:,}")
    typer.echo(f"disk          about {decimal(estimate.disk_bytes)}")
    typer.echo(f"device-hours  {hours} ({estimate.basis})")


def _print_progress(progress: Progress) -> None:
    """Print one line a shard on stderr: a run takes hours, and its log is read afterwards."""
    if progress.done is None:
        typer.echo(f"{progress.shards_due} shards, {progress.images_due} images to make", err=True)
        return
    shard = progress.done.shard.name
    left = (
        "" if progress.seconds_left is None else f", {timedelta(seconds=round(progress.seconds_left))} left"
    )
    typer.echo(
        f"{progress.shards}/{progress.shards_due} {shard}: {progress.images_per_second:.2f} images/s{left}",
        err=True,
    )
    for note in (*progress.done.notes, *filter(None, [progress.done.problem])):
        typer.echo(f"  {note}", err=True)


def _print_outcome(outcome: Outcome, prompts: int, part: RunPart | None) -> None:
    for name in outcome.damaged:
        typer.echo(f"shard {name} was damaged and has been made again", err=True)
    if cut := len(outcome.prompts_cut):
        first = min(outcome.prompts_cut)
        typer.echo(
            f"{cut} of {prompts} prompts are longer than a text encoder's window and were cut ({first}, ...)",
            err=True,
        )
    if part:
        typer.echo(
            f"{outcome.images} images drawn: part {part.number} of {part.of} is made; once all are, the same "
            "command without --part writes the suite"
        )
        return
    typer.echo(f"{outcome.images} images drawn; the suite is {outcome.suite}")
