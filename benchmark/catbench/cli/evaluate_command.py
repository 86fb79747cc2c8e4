"""`catbench evaluate`: score a router."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catbench.cli.shared_options import CostAxis, CostUnit, Metrics, PoolName, RouterName, Suite


def evaluate(
    router: RouterName,
    suite: Suite = "nano",
    metric: Metrics = None,
    cost: CostUnit = None,
    pool: PoolName = None,
    candidates: Annotated[
        str | None, typer.Option(help="Candidate ids with commas between, instead of a pool.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="SLICE", help="Prompt column to slice the results by.")
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            help="Score all prompts by so many folds (cross-fitting); 0 = by the suite's splits. "
            "Default: as the suite asks."
        ),
    ] = None,
    train_on: Annotated[
        str | None, typer.Option(metavar="SUITE", help="Fit on this suite, which shares candidates.")
    ] = None,
    trials: Annotated[int, typer.Option(min=0, help="Trials for the win rate; each refits the router.")] = 0,
    trial_samples: Annotated[int, typer.Option(help="Samples that a trial draws per training prompt.")] = 1,
    replicates: Annotated[int, typer.Option(min=0, help="Bootstrap replicates for the intervals.")] = 1000,
    hold_out: Annotated[
        str | None,
        typer.Option(metavar="CANDIDATE", help="Hide this candidate in training; give --labels of it after."),
    ] = None,
    labels: Annotated[
        int | None, typer.Option(help="Validation labels of the candidate held out that are given.")
    ] = None,
    compact: Annotated[
        bool,
        typer.Option("--compact", help="Round predictions to 16 bits before they are scored and stored."),
    ] = False,
    axis: Annotated[CostAxis, typer.Option(help="Cost axis of the headline shown.")] = "log",
    show_all: Annotated[bool, typer.Option("--all", help="Show every candidate and measure.")] = False,
    seed: Annotated[
        int, typer.Option(min=0, help="For the router and the trials; the bootstrap's draws stay.")
    ] = 0,
    json: Annotated[
        Path | None, typer.Option(help="Write the report here, and predictions beside it.")
    ] = None,
    predictions: Annotated[Path | None, typer.Option(help="Write predictions to this Parquet file.")] = None,
    curve: Annotated[
        Path | None, typer.Option(help="Write curves, gains and references along the costs: .csv.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write deferral curves: .png, .svg or .html.")] = None,
) -> None:
    """Fit a router, and score it on test prompts."""
    from catbench.cli.progress import progress_bar
    from catbench.cli.report_tables import print_report
    from catbench.errors import UsageError
    from catbench.files import atomic_file, check_writable
    from catbench.report.axes import check_format
    from catbench.report.evaluation import evaluate
    from catbench.report.figure import curve_table
    from catbench.report.plot import write_plot
    from catbench.report.trials import Trials
    from catbench.route.holdout import HoldOut
    from catbench.score.bootstrap import Bootstrap
    from catbench.suite.store import load

    if (hold_out is None) != (labels is None):
        raise UsageError("--hold-out CANDIDATE and --labels N go together")
    if plot:
        check_format(plot)
    if curve and curve.suffix != ".csv":
        raise UsageError(f"cannot write {curve}: a curve's file ends in .csv")
    check_writable(json, predictions, curve, plot)
    matrix, trained = load(suite), load(train_on) if train_on else None
    with progress_bar() as progress:
        report = evaluate(
            router,
            matrix,
            metric=metric or None,
            cost=cost,
            pool=pool,
            candidates=[name.strip() for name in candidates.split(",")] if candidates else None,
            by=by,
            folds=folds,
            train_on=trained,
            trials=Trials(trials, trial_samples),
            bootstrap=Bootstrap(replicates),
            seed=seed,
            hold_out=HoldOut(hold_out, labels) if hold_out and labels is not None else None,
            compact=compact,
            progress=progress,
        )
    if json:
        report.save(json, predictions)
    elif predictions:
        report.save_predictions(predictions)
    if curve:
        with atomic_file(curve) as draft:
            curve_table(report).to_csv(draft, index=False)
    if plot:
        write_plot([report], plot)
    print_report(report, linear=axis == "linear", every=show_all, matrix=matrix, train_on=trained)
