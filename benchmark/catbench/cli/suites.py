"""`catbench suites`: the suites that can be named."""

from __future__ import annotations

import typer


def suites() -> None:
    """List the suites that can be named."""
    from catbench.errors import SuiteError
    from catbench.store import home, known_suites, read_manifest

    found = known_suites()
    for name, folder in found.items():
        try:
            manifest = read_manifest(folder)
            typer.echo(f"{name:12} {sum(manifest.splits.values()):7d} prompts  {manifest.suite.title}")
        except SuiteError as error:
            typer.echo(f"{name:12} broken: {error}")
        typer.echo(f"{'':12} {folder}")
    if not found:
        typer.echo(f"no suite in {home()}; make one: catbench import cems, or catbench simulate --out DIR")
