"""`catbench leaderboard`: who is ahead, by how much, and whether it is certain."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from catbench.cli.shared_options import Force


def leaderboard(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]...", help="Folders of reports. Default: submissions, baselines/reports."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is served.")] = 8501,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Write front page, routers and tables here as files instead."),
    ] = None,
    force: Force = False,
) -> None:
    """Serve the leaderboard of some reports as a page, or write it as files."""
    from catbench.cli.progress import progress_bar
    from catbench.errors import MissingExtraError, UsageError
    from catbench.report.places import shipped_folders

    if find_spec("streamlit") is None:
        raise MissingExtraError("the leaderboard's page", "streamlit", "leaderboard")
    places = folders or shipped_folders()
    for place in places:
        if not place.is_dir():
            raise UsageError(f"{place} is no folder: give folders with reports of `catbench evaluate --json`")
    # By name: the library knows of no other room.
    if export:
        write = import_module("catbench_leaderboard.export").export
        with progress_bar() as progress:
            write(places, export, force=force, progress=progress)
        typer.echo(f"{export / 'index.html'} needs no server; the same tables lie beside it")
        return
    server = import_module("catbench_leaderboard.serve")
    server.check_port(port)
    with progress_bar() as progress:
        server.prepare(places, progress)
    typer.echo(f"http://localhost:{port}")
    server.serve(port, headless=headless)
