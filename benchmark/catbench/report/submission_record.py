"""What a report says of a submission: who made it, how it ran, what was checked, what is proven.

`Report.submission` holds a `Submission`. The proofs of a row of the leaderboard are `Proofs`, read by
`proofs(report)`: `checked` (every check passed) from the report; `arithmetic`, `rerun` and `fresh` from
`report.verification.json` beside it, which `catbench verify --record` writes for a host and which counts for
exactly the report whose SHA-256 it names. Anybody can write such a file: `by` says which host signed it
(`catbench.report.host_key`), and is empty where it is only claimed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field, ValidationError

from catbench import __version__
from catbench.files import sha256_of, write_text
from catbench.report.host_key import allowed_signers, signature_path, signer
from catbench.report.limits import Limits
from catbench.report.places import VERIFICATION
from catbench.suite.info import InfoRecord

CHECK_WORDS = {
    "repeats": "The same prompts are asked twice: the same answers must come.",
    "order": "Prompts are asked in another order: answers may not depend on their neighbours.",
    "one at a time": "Some prompts are asked alone: answers may not depend on which others are asked.",
    "shuffled labels": "It is trained on shuffled scores: whoever gains then knows scores from elsewhere.",
    "mixed labels": "It is trained on scores mixed with those of other prompts: the same, for finer leaks.",
    "reworded prompts": "Prompts are reworded: what is gained may not hang on their exact letters.",
    "noise": "Predictions may not know the noise of single images, which no prompt tells.",
}
"""What each honesty check does (`catbench.submit.checks`, `canaries` and `noise`)."""
CHECKS = frozenset(CHECK_WORDS)
"""Names of the honesty checks: a report that lacks one was not checked."""


SURE = 1e-3
"""How often an honest router may fail a statistical check."""


class Check(InfoRecord):
    """One honesty check."""

    name: str
    passed: bool
    value: float | None = None
    """What was measured."""
    bound: float | None = None
    """What it may be at most."""
    says: str
    """What was done, and what came out."""


class BesideBaselines(InfoRecord):
    """A submission beside what needs no router, on one metric."""

    audc: float
    mixture: float
    """AUDC of the mixture."""
    best_constant: str
    """The candidate that is best when it is always picked, by AUDC."""
    best_constant_audc: float
    below: tuple[Literal["mixture", "best constant candidate"], ...] = ()
    """What it does not reach: such a submission is marked."""


class Duplicates(InfoRecord):
    """Test prompts that stand in a submission's files."""

    exact: int
    near: int
    """At least 80% of the prompt's runs of three words stand together in one file."""
    prompts: int
    """Test prompts looked for."""
    examples: tuple[str, ...] = ()
    """File and text of the first few."""


class SandboxRecord(InfoRecord):
    """How a submission ran."""

    kind: Literal["bwrap", "process", "none"]
    limits: Limits
    not_protected: str
    """What this kind of sandbox does not protect from."""
    wall_seconds: float
    """Longest of the runs."""
    peak_memory_bytes: int
    """Most that was seen at once, of all processes."""
    peak_processes: int
    control_group: bool
    """Whether the kernel bounded memory and tasks of all processes together, beside the watch."""


class Submission(InfoRecord):
    """A submission as it was run for this report."""

    slug: str
    name: str
    authors: tuple[str, ...]
    paper: str | None
    licence: str
    date: str
    """Day of the run, UTC, as 2026-11-30."""
    prompt_only: bool
    unseen_candidates: bool
    needs_gpu: bool
    requirements: tuple[str, ...]
    files: dict[str, str]
    """Path in the folder -> SHA-256, of every file that ran."""
    predictions_sha256: str
    """Of the predictions' canonical bytes, taken before a test score was used."""
    sandbox: SandboxRecord
    checks: tuple[Check, ...]
    standing: dict[str, BesideBaselines]
    """By metric."""
    duplicates: Duplicates

    @property
    def passed(self) -> bool:
        """Whether every check was made and passed."""
        made = {check.name for check in self.checks}
        return made >= CHECKS and all(check.passed for check in self.checks)


class Rerun(InfoRecord):
    """A submission run again by a host."""

    passed: bool
    date: str
    sandbox: str
    largest_difference: float
    """Of a prediction, relative to how far those of its prompt lie apart."""
    identical: bool
    """Whether the digest is the same too."""
    failed_checks: tuple[str, ...] = ()
    """Honesty checks that failed in this run."""


Interval: TypeAlias = tuple[float, float, float]
"""Value, low and high end."""


class Fresh(InfoRecord):
    """A submission run on test prompts that did not exist when it was made."""

    holds: bool
    """Whether no check failed, and on no metric the gain is surely smaller than the report claims."""
    date: str
    suite: str
    suite_digest: str
    gain: dict[str, Interval]
    """By metric, with its 95% interval."""
    difference: dict[str, Interval]
    """By metric: that gain less the claimed one, with an interval of 95% over all metrics together."""
    failed_checks: tuple[str, ...] = ()
    """Honesty checks that failed in this run."""


class Verification(InfoRecord):
    """`report.verification.json`: what a host proved of one report."""

    schema_version: Literal[3] = Field(3, alias="schema")
    report_sha256: str
    catbench: str
    date: str
    rerun: Rerun | None = None
    fresh: Fresh | None = None


class Proofs(InfoRecord):
    """What is proven of a row of the leaderboard, from the least to the most."""

    checked: bool
    """Every honesty check passed when it was run."""
    arithmetic: bool
    """Every number was derived again from the stored predictions."""
    rerun: Rerun | None
    """The predictions come from the submission."""
    fresh: Fresh | None
    """Where it `holds`, it is as good on prompts that it cannot know; else it was shown not to be."""
    by: str = ""
    """Host who signed this, by the name that this user gives his key; empty: as claimed by the folder."""
    stale: str = ""
    """Why what lies beside the report proves nothing; empty where it is believed, or nothing is there."""


def today() -> str:
    """Return the day, UTC, as 2026-11-30."""
    return datetime.now(UTC).date().isoformat()


def verification_path(report: Path) -> Path:
    """Return where the verification of a report stands: `report.verification.json`."""
    return report.with_suffix(VERIFICATION)


def _verification(report: Path) -> tuple[Verification | None, str, str]:
    """Return the verification of exactly this report, who signed it, and why none is believed.

    Where this user names the keys of hosts, one of them must have signed it; else nobody is asked, and nobody
    named. The reason is empty where there is no verification at all.
    """
    path = verification_path(report)
    if not path.is_file():
        return None, "", ""
    try:
        content = path.read_bytes()
        found = Verification.model_validate_json(content)
    except (OSError, ValidationError):
        return None, "", "another schema, or no verification"
    if found.report_sha256 != sha256_of(report):
        return None, "", "a verification of another report"
    allowed = allowed_signers()
    by = signer(path, content, allowed) if allowed else ""
    return (found, by, "") if by or not allowed else (None, "", "signed by nobody whose key you name")


def record_verification(path: Path, again: Rerun | None, new: Fresh | None) -> Path:
    """Write what was proven of a saved report beside it; return where."""
    target = verification_path(path)
    found = Verification(
        schema=3,
        report_sha256=sha256_of(path),
        catbench=__version__,
        date=today(),
        rerun=again,
        fresh=new,
    )
    write_text(target, found.model_dump_json(indent=1, by_alias=True) + "\n")
    signature_path(target).unlink(missing_ok=True)  # it was of what stood there before
    return target


def proofs(report: Path, submission: Submission | None) -> Proofs:
    """Return what is proven of a saved report about a submission."""
    found, by, stale = _verification(report)
    return Proofs(
        checked=submission is not None and submission.passed,
        arithmetic=found is not None,
        rerun=found.rerun if found else None,
        fresh=found.fresh if found else None,
        by=by,
        stale=stale,
    )
