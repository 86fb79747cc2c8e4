"""`catbench pull`: a suite from a dataset hub."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.cli.shared_options import Force, Out, check_name

if TYPE_CHECKING:
    from catbench.suite.manifest import Manifest


def pull(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@REVISION]",
            help="OWNER/NAME, and a branch, tag or commit; or the address of its page.",
        ),
    ],
    out: Out = None,
    force: Force = False,
    most_gb: Annotated[
        float,
        typer.Option(help="The largest suite that is fetched, in GB; one in the cache is there already."),
    ] = 4.0,
) -> None:
    """Fetch a suite from a dataset hub, verify its digests, and put it where it can be named.

    Digests prove that it came whole, not who made it. What breaks off goes on when the command is run again.
    """
    from catbench.cli.progress import progress_bar
    from catbench.files import atomic_folder, check_free
    from catbench.home import home
    from catbench.hub.address import Address
    from catbench.suite.description import write_descriptions
    from catbench.suite.hub_suites import fetched, origin_of
    from catbench.suite.manifest import read_manifest
    from catbench.suite.store import verify

    def accept(manifest: Manifest) -> None:
        if not out:
            check_name(manifest.suite.id, "give this one a folder with --out")
        check_free(out or home() / manifest.suite.id, force=force)

    with progress_bar() as progress:
        found = fetched(Address.parse(name), most_bytes=int(most_gb * 1e9), accept=accept, progress=progress)
    matrix = verify(found)
    folder = out or home() / matrix.suite.id
    with atomic_folder(folder, force=force) as draft:
        shutil.copytree(found, draft, dirs_exist_ok=True)
        write_descriptions(draft, read_manifest(draft), matrix.costs)
    if origin := origin_of(folder):
        typer.echo(f"{origin.repository}, {origin.revision}: commit {origin.commit}")
    metrics = ", ".join(metric.name for metric in matrix.metrics)
    typer.echo(f"{len(matrix.prompts)} prompts x {len(matrix.candidates)} candidates, {metrics}, in {folder}")
    typer.echo(f"licence {matrix.suite.licence or 'not stated'}")
    typer.echo("every digest holds: it came whole, as its manifest says; who made it they do not tell")
    typer.echo(f"next: catbench evaluate ridge --suite {out or matrix.suite.id}")
