"""`catbench submit`: make, check and run a submission."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.cli.shared_options import Memory, Sandbox, Wall, how_to_run

if TYPE_CHECKING:
    from catbench.report.report import Report
    from catbench.suite.matrix import ScoreMatrix

app = typer.Typer(
    help="Make, check and run a submission: a router that runs in a sandbox.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(metavar="PATH", help="The submission's folder.")]
Suites = Annotated[
    list[str] | None,
    typer.Option("--suite", help="A suite's name or folder instead of those it names; repeat for several."),
]


@app.command("new")
def new(
    slug: Annotated[str, typer.Argument(help="Name of the folder: small letters, digits and hyphens.")],
    out: Annotated[Path, typer.Option(help="Folder to put it in.")] = Path("submissions"),
) -> None:
    """Write a working submission to start from."""
    from catbench.submit.template import write_template

    folder = write_template(slug, out)
    typer.echo(f"{folder}: edit submission.toml and router.py, then\n  catbench submit check {folder}")


@app.command("check")
def check(
    path: Folder,
    suite: Annotated[str | None, typer.Option(help="A suite's name or folder to try it on.")] = None,
    sandbox: Sandbox = "bwrap",
    wall: Wall = None,
    memory: Memory = None,
) -> None:
    """Find everything that is wrong with a submission, and say how to fix it."""
    from catbench.errors import SubmissionError
    from catbench.submit.faults import AUTHOR
    from catbench.submit.folder import read_settings
    from catbench.submit.trial import check_submission

    problems, tried = check_submission(path, how_to_run(sandbox, wall, memory), suite)
    for problem in problems:
        typer.echo(f"- {problem.what}\n    {problem.fix}")
    if problems:
        later = "" if tried else "; its code is not run until these are fixed"
        raise SubmissionError(f"{path}: {len(problems)} to fix, listed above{later}")
    if AUTHOR in read_settings(path).authors:
        typer.echo(f"NOTE    submission.toml, authors: {AUTHOR!r} is still the template's; write who made it")
    typer.echo(f"{path}: nothing to fix (tried on {tried}, sandbox {sandbox})")


@app.command("run")
def run(
    path: Folder,
    suite: Suites = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the reports; default: the submission's own.")
    ] = None,
    sandbox: Sandbox = "bwrap",
    wall: Wall = None,
    memory: Memory = None,
    replicates: Annotated[int, typer.Option(min=0, help="Bootstrap replicates for the intervals.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="For the router; the bootstrap's draws stay.")] = 0,
    private: Annotated[
        Path | None,
        typer.Option(
            metavar="HOST", help="Score it on a host's private split (split-private): a coarse report."
        ),
    ] = None,
) -> None:
    """Evaluate a submission on the suites that it names and write its report; 2 where a check fails."""
    from catbench.cli.progress import progress_bar
    from catbench.errors import SubmissionError, UsageError
    from catbench.files import check_writable
    from catbench.score.bootstrap import Bootstrap
    from catbench.submit.folder import read_settings
    from catbench.submit.private import run_private
    from catbench.submit.run import run_submission
    from catbench.submit.sandbox.launch import check_available
    from catbench.suite.store import load, suite_folder

    how = how_to_run(sandbox, wall, memory)
    check_available(sandbox)
    folder, failed = out or path, list[str]()
    if private:
        if suite:
            raise UsageError("--private has a suite of its own: leave out --suite")
        target = folder / "report-private.json"
        check_writable(target)
        with progress_bar() as progress:
            report = run_private(path, private, how, replicates=replicates, seed=seed, progress=progress)
        report.save(target)
        failed += _tell(report, None, target)
    named = [] if private else suite or list(read_settings(path).suites)
    for number, name in enumerate(named):
        matrix = load(name)
        target = folder / ("report.json" if not number else f"report-{matrix.suite.id}.json")
        check_writable(target)
        with progress_bar() as progress:
            report = run_submission(
                path,
                matrix,
                how.hiding(suite_folder(name)),
                bootstrap=Bootstrap(replicates),
                seed=seed,
                progress=progress,
            )
        report.save(target)
        failed += _tell(report, matrix, target)
    if failed:
        raise SubmissionError(f"{path}: checks failed, and stand in the report: {', '.join(failed)}")


def _tell(report: Report, matrix: ScoreMatrix | None, target: Path) -> list[str]:
    """Say what came out of a run; return the checks that failed."""
    from catbench.cli.report_tables import print_report

    print_report(report, matrix=matrix)
    submission = report.submission
    assert submission is not None
    for one in submission.checks:
        typer.echo(f"{'passed' if one.passed else 'FAILED'}  {one.name}: {one.says}")
    for metric, stands in submission.standing.items():
        if stands.below:
            typer.echo(f"MARKED  {metric}: below the {' and the '.join(stands.below)}")
    found = submission.duplicates
    if found.exact or found.near:
        said = f"{found.exact} of {found.prompts} test prompts stand in its files, {found.near} nearly"
        typer.echo(f"NOTE    {said}: {'; '.join(found.examples)}")
    typer.echo(f"report  {target}")
    return [f"{report.results[0].suite}: {one.name}" for one in submission.checks if not one.passed]
