"""Run a submission on a suite: answers first, then their digest, then checks and scores, into a report."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from catbench.download import Progress
from catbench.errors import SubmissionError, UsageError
from catbench.report.evaluation import evaluate
from catbench.report.limits import Limits
from catbench.report.report import Report
from catbench.report.submission_record import SandboxRecord, Submission, today
from catbench.route.routing import NamedRouter
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import Rounds, rounds_of
from catbench.submit.checks import beside_baselines
from catbench.submit.duplicates import find_duplicates
from catbench.submit.folder import Settings, read_settings, stage
from catbench.submit.judging import judge
from catbench.submit.requirements import install, read_requirement
from catbench.submit.sandbox.launch import NOT_PROTECTED, Inside, SandboxKind, check_available
from catbench.submit.sandbox.routers import Routers
from catbench.submit.sandbox.session import SandboxSession, Session
from catbench.suite.matrix import ScoreMatrix

GPU = ("/dev/nvidia*", "/dev/dri", "/dev/kfd")
DECLARED = ("name", "authors", "paper", "licence", "unseen_candidates", "needs_gpu", "requirements")
"""What a report says in the words of `submission.toml`."""
WORDS = (".py", ".md")
"""Endings of files that hold no data."""
_IN_THIS_PROCESS = threading.RLock()


@dataclass(frozen=True)
class How:
    """How submissions are run."""

    sandbox: SandboxKind = "bwrap"
    limits: Limits = field(default_factory=Limits)
    masked: tuple[Path, ...] = ()
    """Folders that the sandbox hides besides all named suites."""

    def hiding(self, folder: Path) -> How:
        """Return the same with one more folder hidden."""
        return replace(self, masked=(*self.masked, folder.resolve()))


@contextmanager
def staged(folder: Path, matrix: ScoreMatrix, how: How) -> Generator[tuple[Inside, Settings, dict[str, str]]]:
    """Copy a submission to a folder of its own and install its requirements, for as long as the block runs.

    Yields how it is run, its settings, and its files: path -> SHA-256. Raises SubmissionError with the
    folder's problems, UsageError where the sandbox is not available.
    """
    check_available(how.sandbox)
    settings = read_settings(folder)
    with tempfile.TemporaryDirectory(prefix="catbench-", ignore_cleanup_errors=True) as place:
        copy = Path(place) / folder.resolve().name
        copy.mkdir()
        files = stage(folder, copy)
        inside = Inside(
            name=copy.name,
            folder=copy,
            entry=settings.entry,
            sandbox=how.sandbox,
            limits=how.limits.for_prompts(len(matrix.prompts)),
            masked=how.masked,
            devices=_devices(copy.name) if settings.needs_gpu else (),
        )
        needed = [read_requirement(text) for text in settings.requirements]
        yield install(needed, inside, Path(place)), settings, files


@contextmanager
def session_of(inside: Inside) -> Generator[Session]:
    """Begin a session, which knows of no other; it has ended, with all its processes, when the block ends.

    Where no sandbox is asked for it is in this very process, without any protection, and one goes after the
    other. What it raises in the block is a RouterError, and so is a limit broken since it last answered,
    which is raised when the block ends. Raises UsageError where its sandbox is not available.
    """
    check_available(inside.sandbox)
    if inside.sandbox == "none":
        with _IN_THIS_PROCESS:
            yield Routers(inside.name, inside.folder, inside.entry)
        return
    with (
        tempfile.TemporaryDirectory(prefix="catbench-", ignore_cleanup_errors=True) as scratch,
        closing(SandboxSession(inside, Path(scratch))) as session,
    ):
        yield session
        session.check()


def run_submission(
    folder: Path,
    matrix: ScoreMatrix,
    how: How,
    *,
    bootstrap: Bootstrap | None = None,
    seed: int = 0,
    progress: Progress = lambda what, done, total: None,
) -> Report:
    """Evaluate a submission on all metrics of a suite; its checks, passed or not, stand in the report.

    Raises SubmissionError for a folder with problems, RouterError where it fails or breaks a limit,
    UsageError where the sandbox is not available.
    """
    pools = [matrix.pool(metric=metric.name, seed=seed) for metric in matrix.metrics]
    rounds = rounds_of(matrix)
    with staged(folder, matrix, how) as (inside, settings, files):
        name = inside.name
        check_untrained(files, rounds, name)
        progress(f"{name}: in the sandbox ({how.sandbox})", 0, 1)
        router = NamedRouter(name, lambda pool: None)

        def score(answers: dict[str, Answer]) -> Report:
            return evaluate(
                router, matrix, bootstrap=bootstrap, seed=seed, progress=progress, answers=answers
            )

        judged = judge(lambda: session_of(inside), rounds, pools, score)
        duplicates = find_duplicates([inside.folder / file for file in files], rounds.test.texts())
    record = Submission(
        slug=name,
        **settings.model_dump(include=set(DECLARED)),
        date=today(),
        prompt_only=True,  # it is given prompts and nothing else
        files=files,
        predictions_sha256=judged.digest,
        sandbox=SandboxRecord(
            kind=how.sandbox,
            limits=inside.limits,
            not_protected=NOT_PROTECTED[how.sandbox],
            **vars(judged.usage),
        ),
        checks=tuple(judged.checks),
        standing={pool.metric: beside_baselines(judged.answers[pool.metric], rounds, pool) for pool in pools},
        duplicates=duplicates,
    )
    return judged.scored.model_copy(update={"submission": record})


def check_untrained(files: Iterable[str], rounds: Rounds, name: str) -> None:
    """Raise SubmissionError where a submission brings files of data to a suite that is scored by folds.

    What is fitted was trained on all public labels, and every prompt is tested in one of the folds. Whether a
    file of data is fitted nobody can tell, so none is taken: code, its list of packages and words alone.
    """
    fitted = sorted(
        file
        for file in files
        if Path(file).suffix not in WORDS and Path(file).name not in ("submission.toml", "requirements.txt")
    )
    if fitted and len(rounds.each) > 1:
        raise SubmissionError(
            f"{name} brings {fitted[0]}, and {rounds.test.matrix.suite.id!r} is scored by folds, which test "
            "every prompt: what a file holds of their labels would be tested on them; learn it in fit()"
        )


def _devices(name: str) -> tuple[str, ...]:
    found = [str(path) for pattern in GPU for path in sorted(Path("/").glob(pattern[1:]))]
    if not found:
        raise UsageError(f"{name} needs a GPU (needs-gpu in submission.toml), and this machine shows none")
    return tuple(found)
