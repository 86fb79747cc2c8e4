"""`catbench verify`: check a suite's files and rules, or a report's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.cli.shared_options import Memory, Sandbox, Wall, how_to_run

if TYPE_CHECKING:
    from catbench.report.report import Report
    from catbench.submit.run import How
    from catbench.suite.matrix import ScoreMatrix


def verify(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="SUITE|REPORT", help="A suite's name or folder, a report.json, or with --all a folder."
        ),
    ] = None,
    all_reports: Annotated[
        bool, typer.Option("--all", help="Every report of a folder; default: the leaderboard's.")
    ] = False,
    rerun: Annotated[
        bool, typer.Option(help="Also run the report's submission again, in the sandbox.")
    ] = False,
    fresh: Annotated[
        str | None,
        typer.Option(metavar="SUITE", help="Also run it on this suite with new test prompts."),
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="Folder of the report's suite, where it has no name here.")
    ] = None,
    train_on: Annotated[
        str | None,
        typer.Option(metavar="SUITE", help="Folder of the suite that the report's router was trained on."),
    ] = None,
    record: Annotated[
        bool, typer.Option(help="Write what is proven beside the report: REPORT.verification.json.")
    ] = False,
    sign: Annotated[
        Path | None,
        typer.Option(metavar="KEY", help="Sign what --record writes, with this key of ssh-keygen's."),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --all: write the SHA-256s of these reports, all verified and rerun, here.",
        ),
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="The same into your own index, which your leaderboard reads.")
    ] = False,
    describe: Annotated[
        bool,
        typer.Option("--describe", help="Write README.md and croissant.json into the suite's folder again."),
    ] = False,
    sandbox: Sandbox = "bwrap",
    wall: Wall = None,
    memory: Memory = None,
) -> None:
    """Check every digest and rule of a suite, or derive every number of a report again.

    Exit code 1: the numbers follow, but the submission's own checks failed, or what they claim does not hold
    on new prompts, or knows the noise.
    """
    from catbench.errors import CatbenchError, SubmissionError, UsageError
    from catbench.report.index import own_index
    from catbench.report.places import report_files, shipped_folders
    from catbench.report.report import Report
    from catbench.report.suite_of import suite_of_report, suite_trained_on
    from catbench.suite.store import suite_folder

    if mine and index:
        raise UsageError("--mine writes your own index, --index one that you name: give one of the two")
    index = own_index() if mine else index
    if what is None and not all_reports:
        raise UsageError("give a suite, a report, or --all")
    if (sign and not record) or (index and not all_reports):
        raise UsageError("--sign goes with --record, --index and --mine go with --all")
    if not (all_reports or str(what).endswith(".json")):
        if rerun or fresh or record or suite:
            raise UsageError("--rerun, --fresh, --record and --suite are for reports")
        _verify_suite(str(what), describe=describe)
        return
    if describe:
        raise UsageError("--describe is for suites")
    how = how_to_run(sandbox, wall, memory)
    folders = [Path(what)] if what else shipped_folders()
    found = [path for folder in folders for path in report_files(folder)] if all_reports else folders
    if not found:
        raise UsageError(f"{' and '.join(map(str, folders))}: no report below it")
    broken, doubtful, shown = list[str](), list[str](), list[Path]()
    prove = bool(rerun or fresh or record)
    for path in found:
        try:
            report = Report.read(path)
            if report.private and all_reports:
                typer.echo(f"private {path}: only its host can verify it")
                continue
            shown.append(path)
            if not (suite or index or prove) and _is_in_index(path, report):
                continue
            matrix = suite_of_report(report, suite)
            holds = _derive(path, report, matrix, suite_trained_on(report, train_on), renewed=record)
            if prove:
                hidden = how.hiding(suite_folder(suite or report.results[0].suite))
                holds &= _prove(path, report, matrix, hidden, rerun, fresh, record=record, key=sign)
            if not holds:
                doubtful.append(str(path))
        except CatbenchError as error:
            if not all_reports:
                raise
            broken.append(str(path))
            typer.echo(f"FAILED  {error}")
    if broken:
        raise SubmissionError(f"{len(broken)} of {len(found)} reports do not hold: {', '.join(broken)}")
    if doubtful:
        raise typer.Exit(1)
    if index:
        _write_index(index, shown, folders[0])


def _write_index(index: Path, paths: list[Path], first: Path) -> None:
    """Write the index of reports that hold. Raises SubmissionError where a submission was not rerun."""
    from catbench.errors import SubmissionError
    from catbench.report.index import write_index
    from catbench.report.places import shipped_folders
    from catbench.report.report import Report
    from catbench.report.submission_record import proofs

    for path in paths:
        submission = Report.read(path).submission
        found = proofs(path, submission)
        if submission and not (found.checked and found.rerun and found.rerun.passed):
            raise SubmissionError(
                f"{path}: its checks failed, or no rerun of it as it is now is recorded beside it, so no "
                f"index can have it (catbench verify {path} --rerun --record)"
            )
    root = shipped_folders()[0].resolve().parent
    if not all(path.resolve().is_relative_to(root) for path in paths):
        root = first.resolve().parent
    count = write_index(index, paths, root)
    typer.echo(f"index   {index}: {count} reports")


def _is_in_index(path: Path, report: Report) -> bool:
    """Whether an index has a report whose suite is not here, or of another version; say so where it has."""
    from catbench.report.index import digests_of, verified_as
    from catbench.suite.here import is_here

    if is_here(report.results[0].suite_digest) or not (name := verified_as(digests_of(path, report))):
        return False
    typer.echo(f"holds   {path}: verified and rerun before a release, as {name}; its suite is not here")
    return True


def _derive(
    path: Path, report: Report, matrix: ScoreMatrix, trained: ScoreMatrix | None, *, renewed: bool
) -> bool:
    """Derive every number of a report again and say so; return whether its predictions know no noise.

    Nothing is said of a verification beside it that is to be `renewed`.
    """
    from catbench.report.stored import pool_of_report
    from catbench.report.submission_record import proofs, verification_path
    from catbench.submit.noise import check_noise
    from catbench.submit.verify import verify_report

    rounds, answers = verify_report(report, matrix, str(path), trained)
    typer.echo(f"holds   {path}: every number follows from its predictions")
    if report.submission and not report.submission.passed:
        failed = ", ".join(check.name for check in report.submission.checks if not check.passed)
        typer.echo(f"FAILED  {path}: checks of the submission, as the report says: {failed}")
    if "win_rate" in report.results[0].measures:
        typer.echo(f"NOTE    {path}: win rates need refits and are not derived again")
    if not renewed and (why := proofs(path, report.submission).stale):
        stale = f"{verification_path(path).name} is {why}"
        typer.echo(f"NOTE    {path}: {stale}: it proves nothing; make it again with --rerun --record")
    noise = check_noise(answers, rounds.test, [pool_of_report(report, rounds, metric) for metric in answers])
    ceiling = "" if noise.value is None else " (above it is only who knows the test scores)"
    typer.echo(f"{'noise ' if noise.passed else 'FAILED'}  {path}: {noise.says}{ceiling}")
    return noise.passed and (report.submission is None or report.submission.passed)


def _prove(
    path: Path,
    report: Report,
    matrix: ScoreMatrix,
    how: How,
    again: bool,
    elsewhere: str | None,
    *,
    record: bool,
    key: Path | None,
) -> bool:
    """Run a submission `again`, and on the suite `elsewhere`; return whether it holds there.

    With `record` both are written down and signed with `key`. Raises SubmissionError where it predicts
    something else than the report says, or fails checks.
    """
    from catbench.errors import SubmissionError
    from catbench.report.host_key import sign
    from catbench.report.submission_record import record_verification
    from catbench.submit.rerun import fresh, rerun
    from catbench.suite.store import load, suite_folder

    same = rerun(report, path.parent, matrix, how) if again else None
    new = None
    if elsewhere:
        how = how.hiding(suite_folder(elsewhere))
        new = fresh(report, path.parent, matrix, load(elsewhere), how)
        for metric, (value, low, high) in new.gain.items():
            apart, least, most = new.difference[metric]
            typer.echo(
                f"fresh   {path}: gain in {metric} on {new.suite} {value:.3g} [{low:.3g}, {high:.3g}], "
                f"beside the claimed one {apart:+.3g} [{least:+.3g}, {most:+.3g}]"
            )
        if new.failed_checks:
            typer.echo(f"FAILED  {path}: on {new.suite} it fails checks: {', '.join(new.failed_checks)}")
        elif not new.holds:
            typer.echo(f"FAILED  {path}: it does not hold on new prompts: its gain is smaller than claimed")
    if record:
        written = record_verification(path, same, new)
        typer.echo(f"record  {written}")
        if key:
            typer.echo(f"signed  {sign(written, key)}")
    if same:
        said = "identical" if same.identical else f"{same.largest_difference:.2g} apart, relative"
        if same.failed_checks:
            raise SubmissionError(f"{path}: run again, it fails checks: {', '.join(same.failed_checks)}")
        if not same.passed:
            raise SubmissionError(f"{path}: run again, the submission predicts something else: {said}")
        typer.echo(f"rerun   {path}: predictions {said} (sandbox {same.sandbox})")
    return new is None or new.holds


def _verify_suite(suite: str, *, describe: bool) -> None:
    from catbench.home import check_own
    from catbench.suite import store
    from catbench.suite.description import write_descriptions
    from catbench.suite.hub_suites import origin_of
    from catbench.suite.manifest import DESCRIPTIONS
    from catbench.suite.pool import PRICED
    from catbench.suite.prompts import SPLITS
    from catbench.suite.tables.prices import without_price

    folder = store.suite_folder(suite)
    if describe:
        check_own(folder)
    matrix = store.verify(suite)
    sizes = ", ".join(f"{len(matrix.rows(s))} {s} (x{matrix.samples[s]})" for s in SPLITS)
    title = f": {matrix.suite.title}" if matrix.suite.title != matrix.suite.id else ""
    typer.echo(f"{matrix.suite.id} {matrix.suite.version}{title}")
    typer.echo(f"prompts     {len(matrix.prompts)}: {sizes}, samples in brackets")
    typer.echo(f"candidates  {', '.join(matrix.candidate_ids)}")
    typer.echo(f"pools       {', '.join([*matrix.pools, 'all'])}")
    typer.echo(f"metrics     {', '.join(f'{m.name} ({m.direction} is better)' for m in matrix.metrics)}")
    typer.echo(f"costs       {', '.join(matrix.cost_keys)}")
    for key, missing in without_price(matrix.costs, matrix.candidate_ids).items():
        if missing:
            typer.echo(f"            no price in {key} for {', '.join(missing)}: --pool {PRICED}{key}")
    typer.echo(f"features    {', '.join(matrix.features) or 'none'}")
    typer.echo(f"licence     {matrix.suite.licence or 'not stated'}")
    typer.echo(f"digest      {matrix.digest}")
    if origin := origin_of(folder):
        typer.echo(f"fetched     from {origin.repository}, commit {origin.commit}")
    typer.echo("every file and every rule holds")
    if describe:
        write_descriptions(folder, store.read_manifest(folder), matrix.costs)
        typer.echo(f"{' and '.join(DESCRIPTIONS)} are written in {folder}")
