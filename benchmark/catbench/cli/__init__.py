"""The command `catbench`: one verb a file, heavy imports inside the verbs."""

from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer

from catbench import __version__
from catbench.terminal import print_in_any_encoding

app = typer.Typer(
    help="Benchmark of cost-aware text-to-image routing.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
OWN = {
    "evaluate": "evaluate_command:evaluate",
    "fit": "fit_command:fit",
    "route": "route_command:route",
    "compare": "compare_command:compare",
    "paper": "paper_command:paper",
    "inspect": "inspect_command:inspect",
    "suites": "suites_command:suites",
    "verify": "verify_command:verify",
    "pull": "pull_command:pull",
    "push": "push_command:push",
    "simulate": "simulate_command:simulate",
    "import": "import_command:app",
    "submit": "submit_command:app",
    "split-private": "split_private_command:split_private",
    "leaderboard": "leaderboard_command:leaderboard",
}
"""The verbs of this package, in the order of the help; they are added as those of other packages are."""
COMMANDS = "catbench.commands"
"""Entry points of other packages: `VERB` or `GROUP.VERB` -> a function, or a group of commands. They are
loaded whenever the command line is, so their modules import what is heavy inside the verbs."""
_groups = {"": app}


def _add_commands(points: dict[str, EntryPoint]) -> None:
    """Add each to the command line, or to a group of it; one that cannot be imported says why when it is
    used."""
    for name, point in points.items():
        group, _, verb = name.rpartition(".")
        if (to := _groups.get(group)) is None:  # a group that cannot be imported, and says so itself
            continue
        try:
            found = point.load()
        except ImportError as error:
            to.command(verb, context_settings={"ignore_unknown_options": True})(_stub(point, error))
            continue
        if isinstance(found, typer.Typer):
            to.add_typer(found, name=verb)
            _groups[name] = found
        else:
            to.command(verb)(found)


def _stub(point: EntryPoint, error: ImportError) -> Any:
    """Return a command that says why the one that was meant is not there."""

    def absent(words: list[str] = typer.Argument(None, hidden=True)) -> None:  # noqa: B008
        from catbench.errors import UsageError, missing_extra

        raise missing_extra(error) or UsageError(f"{point.value} cannot be imported: {error}") from error

    absent.__doc__ = f"Not to be used here: {point.value} cannot be imported."
    return absent


_add_commands({name: EntryPoint(name, f"{__name__}.{where}", COMMANDS) for name, where in OWN.items()})
_add_commands({point.name: point for point in sorted(entry_points(group=COMMANDS), key=lambda one: one.name)})


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


EXTRA_OF = {"generate": "generate", "measure": "generate"}
"""Command -> the extra that brings all of what it needs, where a part of that would be too little."""


_DUE = {
    "valid integer": "a whole number",
    "valid number": "a number",
    r"greater than or equal to (\S+)": "a number of at least {}",
    r"less than or equal to (\S+)": "a number of at most {}",
}
"""What the command-line library says of a wrong number -> what is due."""


def main() -> None:
    """Run the command line; an error is one line on stderr and exit code 2."""
    print_in_any_encoding()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    if not arguments:
        arguments = ["--help"]
    try:
        sys.exit(app(arguments, standalone_mode=False))
    except typer.Abort:
        typer.echo("catbench: stopped", err=True)
        sys.exit(130)
    except Exception as raised:
        line = _line(raised, arguments)
        if line is None or len(arguments) < len(sys.argv) - 1:
            raise
        shown = raised.args[0] if type(raised).__name__ == "NoArgsIsHelpError" else ""
        typer.echo(shown or " ".join(map(str.strip, line.splitlines())), err=True)
        sys.exit(2)


def _line(raised: Exception, arguments: list[str]) -> str | None:
    """Return what is said of an error; None where it is none that anybody foresaw."""
    from catbench.errors import CatbenchError, MissingExtraError, RouterError, missing_extra

    error = missing_extra(raised, extra=EXTRA_OF.get(arguments[0])) or raised
    if usage := getattr(error, "format_message", None):  # what the command-line library says of options
        return f"catbench: {_wrong_number(error, arguments) or usage()}"
    if isinstance(error, MissingExtraError):
        groups = {group.name for group in app.registered_groups}
        return f"catbench {' '.join(arguments[: 1 + (arguments[0] in groups)])}: {error}"
    if isinstance(error, MemoryError):
        return f"catbench: this needs more memory than there is: {error}"
    if isinstance(error, RouterError) and error.__cause__:
        return f"catbench: {error}; --debug shows the traceback"
    return f"catbench: {error}" if isinstance(error, (CatbenchError, OSError)) else None


def _wrong_number(error: Exception, arguments: list[str]) -> str | None:
    """Return what is said of an option that is given another number than is due; None for another error."""
    names: list[str] = getattr(getattr(error, "param", None), "opts", [])
    words = " ".join(arguments).replace("=", " ").split(" ")
    for pattern, due in _DUE.items():
        if found := re.search(pattern, str(error)):
            for name in (name for name in names if name in words[:-1]):
                return f"{name} {words[words.index(name) + 1]}: give {due.format(*found.groups())}"
    return None
