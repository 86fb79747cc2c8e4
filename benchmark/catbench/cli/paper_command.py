"""`catbench paper`: the paper's tables and figures from a suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.cli.shared_options import CostUnit, Metrics, Suite

if TYPE_CHECKING:
    from catbench.paper.exhibit import Exhibit
    from catbench.paper.runs import Runs


def paper(
    suite: Suite = "nano",
    out: Annotated[Path | None, typer.Option(help="Folder of the files. Default: paper-SUITE here.")] = None,
    metric: Metrics = None,
    cost: CostUnit = None,
    pool: Annotated[str | None, typer.Option(help="The heterogeneous pool. Default: all candidates.")] = None,
    transformer: Annotated[
        str, typer.Option(help="The first estimator; transformer:FOLDER names its text encoder.")
    ] = "transformer",
    knn: Annotated[str, typer.Option(help="The second; knn:NAME names its prompt feature.")] = "knn",
    trials: Annotated[int, typer.Option(min=1, help="Trials of Table 1.")] = 100,
    replicates: Annotated[int, typer.Option(min=2, help="Bootstrap replicates for the intervals.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="For routers and trials; the bootstrap's draws stay.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Make tables again that are there.")] = False,
) -> None:
    """Write the tables and figures of the CATImage paper for a suite, as Markdown, LaTeX, CSV, PNG, SVG.

    Each is written as soon as it is done; after a stop the same command makes what is missing.
    """
    from catbench.cli.progress import progress_bar
    from catbench.paper.all_exhibits import write_paper
    from catbench.paper.exhibit import forms
    from catbench.paper.runs import Runs
    from catbench.score.bootstrap import Bootstrap
    from catbench.suite.store import load

    matrix = load(suite)
    folder = out or Path(f"paper-{matrix.suite.id}")

    def said(name: str, title: str) -> None:
        typer.echo(f"{folder / name}.{{{','.join(forms(name))}}}  {title or 'was there'}")

    with progress_bar(each_step=True) as progress:
        runs = Runs(
            matrix,
            transformer=transformer,
            knn=knn,
            metrics=metric or None,
            cost=cost,
            pool=pool,
            bootstrap=Bootstrap(replicates),
            seed=seed,
            progress=progress,
        )
        write_paper(makers(runs, trials), folder, {**runs.asked, "trials": trials}, force=force, said=said)
    for note in runs.left_out:
        typer.echo(f"note: {note}", err=True)


def makers(runs: Runs, trials: int) -> dict[str, Callable[[], Exhibit]]:
    """Return what makes each table and figure, by name; `trials` is T of Table 1, which takes longest.

    Raises UsageError where there is no estimator, or one of them is a policy.
    """
    from catbench.errors import UsageError
    from catbench.paper.figure1c import figure1c
    from catbench.paper.figure3 import figure3
    from catbench.paper.figure4 import figure4
    from catbench.paper.selection import selection
    from catbench.paper.tables import table1, table2, table3

    if not runs.estimators:  # asked first: what cannot be shown is said before the trials begin
        raise UsageError(f"no estimator is available here: {'; '.join(runs.left_out)}")
    others = (table2, table3, figure1c, figure3, figure4, selection)
    return {
        **{maker.__name__: lambda maker=maker: maker(runs) for maker in others},
        "table1": lambda: table1(runs, trials),
    }
