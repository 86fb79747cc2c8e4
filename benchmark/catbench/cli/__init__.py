"""The command `catbench`: one verb a file, heavy imports inside the verbs."""

from __future__ import annotations

import sys

import typer

from catbench import __version__
from catbench.cli import (
    compare,
    evaluate,
    generate,
    importing,
    leaderboard,
    measure,
    paper,
    prompts,
    simulate,
    submit,
    suites,
    verify,
)

app = typer.Typer(
    help="Benchmark of cost-aware text-to-image routing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.command("paper")(paper.paper)
app.command("suites")(suites.suites)
app.command("verify")(verify.verify)
app.command("simulate")(simulate.simulate)
app.add_typer(importing.app, name="import")
app.add_typer(submit.app, name="submit")
app.add_typer(prompts.app, name="prompts")
app.command("generate")(generate.generate)
app.command("measure")(measure.measure)
app.command("leaderboard")(leaderboard.leaderboard)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"catbench {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error (accepted anywhere)."),
) -> None:
    """Route each prompt to the generator that gives the most quality per cost, and measure it."""


def main() -> None:
    """Run the command line; an error is one line on stderr and exit code 2."""
    from catbench.errors import CatbenchError, missing_extra

    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    if not arguments:
        arguments = ["--help"]
    try:
        sys.exit(app(arguments, standalone_mode=False))
    except typer.Abort:
        typer.echo("catbench: stopped", err=True)
        sys.exit(130)
    except Exception as raised:
        error = missing_extra(raised) or raised
        usage = getattr(error, "format_message", None)  # what the command-line library says of options
        known = usage is not None or isinstance(error, (CatbenchError, OSError))
        if not known or len(arguments) < len(sys.argv) - 1:
            raise
        said = usage() if usage else str(error)
        typer.echo(f"catbench: {' '.join(map(str.strip, said.splitlines()))}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
