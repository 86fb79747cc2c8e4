"""`catbench simulate`: a suite whose truth is written down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catbench.cli.shared_options import Force


def simulate(
    out: Annotated[Path, typer.Option(help="The suite's folder.")],
    prompts: Annotated[
        int, typer.Option(help="Prompts, of which 80% train, 10% validation, 10% test.")
    ] = 5000,
    candidates: Annotated[int, typer.Option(help="Candidates, priced from 1 to 64 TFLOPs.")] = 6,
    samples: Annotated[int, typer.Option(help="Samples per prompt and candidate.")] = 4,
    signal: Annotated[
        float, typer.Option(help="How much the words tell of each candidate; 0 = nothing.")
    ] = 1.0,
    noise: Annotated[float, typer.Option(help="Noise of single samples; 0 = none.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Draws prompts and noise.")] = 0,
    force: Force = False,
) -> None:
    """Make a SIMULATED suite.

    Signal and noise are planted, and truth.parquet holds the expected qualities.
    """
    from catbench.suite.simulate import Simulation, simulate
    from catbench.suite.store import save

    matrix, truth = simulate(Simulation(prompts, candidates, samples, signal, noise, seed))
    save(matrix, out, extra={"truth": truth}, force=force)
    typer.echo(f"SIMULATED suite of {prompts} prompts x {candidates} candidates x {samples} samples in {out}")
