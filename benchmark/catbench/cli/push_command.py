"""`catbench push`: a suite to a dataset hub."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

MOST_LISTED = 10
"""Files of a folder that a dry run names one by one."""


def folded(paths: Iterable[str]) -> list[str]:
    """Return paths as they are, but a folder of many files as one line: `images/ (300 files)`."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    return [
        line
        for folder, files in folders.items()
        for line in ([f"{folder}/ ({len(files):,} files)"] if folder and len(files) > MOST_LISTED else files)
    ]


def push(
    suite: Annotated[str, typer.Argument(help="A suite's name or folder.")],
    name: Annotated[str, typer.Argument(metavar="NAME[@BRANCH]", help="OWNER/NAME on the hub.")],
    private: Annotated[
        bool, typer.Option("--private", help="Where the repository is made now, make it private.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")
    ] = False,
    have_the_right: Annotated[
        bool,
        typer.Option("--i-have-the-right", help="Send a suite whose licence is not one that lets anybody."),
    ] = False,
) -> None:
    """Verify a suite and send it to a dataset hub in one commit, with a card and a Croissant description.

    The token is the hub library's own: `hf auth login`, or HF_TOKEN. What was sent before a break is not
    sent again.
    """
    from tempfile import TemporaryDirectory

    from catbench.hub.address import Address
    from catbench.hub.sending import send
    from catbench.suite.description import files_to_send, write_descriptions
    from catbench.suite.store import read_manifest, suite_folder, verify

    address, folder = Address.parse(name), suite_folder(suite)
    matrix, manifest = verify(folder), read_manifest(folder)
    with TemporaryDirectory() as beside:
        sent = files_to_send(folder, manifest, Path(beside), have_the_right=have_the_right)
        write_descriptions(folder, manifest, matrix.costs, to=Path(beside), repository=address.repository)
        size = f"{len(sent)} files, {sum(path.stat().st_size for path in sent.values()) / 1e6:,.1f} MB"
        licence = f"licence {manifest.suite.licence or 'not stated'}"
        if dry_run:
            for line in folded(sent):
                typer.echo(line)
            typer.echo(f"{size}, {licence}: nothing is sent")
            return
        message = f"{manifest.suite.id} {manifest.suite.version}, content {matrix.digest[:12]}"
        commit = send(address, sent, message, private=private)
    typer.echo(f"{address.repository}, {address.revision}: commit {commit}: {size}, {licence}")
    typer.echo(address.page)
    typer.echo(f"next: catbench evaluate ridge --suite {Address(address.repository, commit)}")
