"""`catbench split-private`: withhold a part of a suite's test scores, for a host to score submissions on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def split_private(
    suite: Annotated[str, typer.Argument(help="A suite's name or folder.")],
    public: Annotated[
        Path | None, typer.Option(help="Folder for the suite that everybody gets. Default: SUITE-public.")
    ] = None,
    host: Annotated[
        Path | None, typer.Option(help="Folder for what only the host has. Default: SUITE-host.")
    ] = None,
    share: Annotated[float, typer.Option(help="Share of the test prompts that is withheld.")] = 0.5,
    seed: Annotated[
        int, typer.Option(min=0, help="Chooses which; draws of intervals have a secret of their own.")
    ] = 0,
    most: Annotated[int, typer.Option(min=1, help="How often a submission may be scored.")] = 3,
) -> None:
    """Withhold a part of a suite's test scores: a public suite, and a host's folder to score submissions on.

    Then `catbench submit run PATH --private HOST`.
    """
    from catbench.home import shipped_suites
    from catbench.submit.private import split_private
    from catbench.suite.store import WAYS, digest_of, load

    matrix = load(suite)
    public, host = public or Path(f"{matrix.suite.id}-public"), host or Path(f"{matrix.suite.id}-host")
    count = split_private(matrix, share, seed, public, host, most)
    shipped = shipped_suites()
    if matrix.suite.id in {*shipped, *WAYS} or matrix.digest in map(digest_of, shipped.values()):
        typer.echo(
            f"catbench: the scores of {matrix.suite.id!r} are public, so withholding them protects nothing; "
            "new prompts do (catbench generate nano --fresh-test SEED)",
            err=True,
        )
    typer.echo(f"{public}: {len(matrix.rows('test')) - count} test prompts with scores, {count} without")
    typer.echo(f"{host}: the scores of these {count}; keep it to yourself")
