"""The folder of a submission: `submission.toml`, `router.py`, small weights; and what is wrong with it."""

from __future__ import annotations

import ast
import os
import re
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from symtable import symtable
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from catbench.errors import SubmissionError
from catbench.files import sha256_of
from catbench.report.limits import MIB
from catbench.submit.faults import SETTINGS, Fault, escaped, setting_faults
from catbench.submit.requirements import read_requirement
from catbench.submit.weights import WEIGHTS, weight_faults

ENTRY = "router.py:make_router"
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SUFFIXES = {".toml", ".py", ".json", ".txt", ".md", ".parquet", ".sig", *WEIGHTS}
PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".joblib", ".bin", ".ckpt"}
SUITE = r"[a-z0-9][a-z0-9._+-]*"
REPORTS = re.compile(r"report[^/]*\.(json|parquet|json\.sig)")
"""What an evaluation leaves in the folder, and a host's signature: it is not run."""
MOST_FILES = 100
LARGEST_FILE, LARGEST_FOLDER = 20 * MIB, 25 * MIB
LARGEST_SETTINGS = 16 * 1024
"""Bytes of `submission.toml`: one dotted key of n parts takes a parser n² steps."""
LARGEST_MODULE, LARGEST_CODE = 256 * 1024, 2 * MIB
"""Bytes of one Python file, and of all together: to parse them takes five hundred times as much memory."""
UNPARSABLE = (OSError, SyntaxError, ValueError, RecursionError, MemoryError)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it has control characters")
    return text


Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]
Line: TypeAlias = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]


class Settings(BaseModel):
    """`submission.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: Name
    authors: tuple[Line, ...] = Field(min_length=1)
    paper: str | None = Field(None, pattern=r"^https?://\S+$")
    licence: Line
    suites: tuple[Annotated[str, Field(pattern=f"^{SUITE}$")], ...] = Field(min_length=1)
    """Names, never paths: a submission brings no suite of its own."""
    entry: str = ENTRY
    requirements: tuple[str, ...] = ()
    needs_gpu: bool = Field(False, alias="needs-gpu")
    unseen_candidates: bool = Field(False, alias="unseen-candidates")
    """Whether it can predict for candidates that it never saw qualities of."""


def read_settings(folder: Path) -> Settings:
    """Return what `submission.toml` says. Raises SubmissionError with all that is wrong with it."""
    record, problems = _record(folder)
    if problems:
        raise SubmissionError("; ".join(map(str, problems)))
    return Settings.model_validate(record)


def named_suites(folder: Path) -> list[str]:
    """Return the suites that `submission.toml` names, whatever else is wrong with it."""
    suites = (_record(folder)[0] or {}).get("suites", [])
    listed: list[object] = suites if isinstance(suites, list) else []
    return [name for name in listed if isinstance(name, str) and re.fullmatch(SUITE, name)]


def folder_faults(folder: Path) -> list[Fault]:
    """Return everything that is wrong with a folder and can be seen without running it."""
    if not folder.is_dir():
        return [Fault(f"{folder} is no folder", "give the path of a submission's folder")]
    problems: list[Fault] = []
    if not SLUG.fullmatch(folder.resolve().name):
        fix = "use small letters, digits and hyphens: it is the submission's slug"
        problems.append(Fault(f"the folder is called {folder.resolve().name!r}", fix))
    found = list(_files(folder))
    problems += [entry for entry in found if isinstance(entry, Fault)]
    files = [entry for entry in found if isinstance(entry, PurePosixPath)]
    if not any(entry.what.startswith("more than") for entry in problems):
        problems += _content_faults(folder, files)
    record, more = _record(folder)
    problems += more
    if record is not None:  # of what it says, whatever is right is looked at though something else is wrong
        entry, requirements = record.get("entry", ENTRY), record.get("requirements", [])
        problems += _entry_faults(folder, entry, files) if isinstance(entry, str) else []
        problems += _requirement_faults(requirements) if isinstance(requirements, list) else []
    return problems


def stage(folder: Path, target: Path) -> dict[str, str]:
    """Copy the files that a submission consists of to `target`; return path -> SHA-256.

    Links are never followed. Raises SubmissionError with the folder's problems.
    """
    if problems := folder_faults(folder):
        raise SubmissionError(f"{escaped(folder.name)}: " + "; ".join(map(str, problems)))
    digests: dict[str, str] = {}
    for name in _files(folder):
        if isinstance(name, Fault) or REPORTS.fullmatch(str(name)):
            continue
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            content = _read(folder / name, LARGEST_FILE)
        except (OSError, ValueError) as error:
            raise SubmissionError(f"{name} changed while it was copied: {error}") from error
        copy.write_bytes(content)
        copy.chmod(0o644)
        digests[str(name)] = sha256_of(copy)
    for path in (target, *target.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return dict(sorted(digests.items()))


def _record(folder: Path) -> tuple[dict[str, Any] | None, list[Fault]]:
    """Return `submission.toml`, None where it cannot be read, and what is wrong with it."""
    try:
        record = tomllib.loads(_read(folder / SETTINGS, LARGEST_SETTINGS).decode("utf-8"))
    except FileNotFoundError:
        return None, [Fault(f"there is no {SETTINGS}", "`catbench submit new SLUG` writes one")]
    except RecursionError:
        return None, [Fault(f"{SETTINGS} cannot be read", "it is nested too deeply: write it flat")]
    except tomllib.TOMLDecodeError as error:
        fix = (
            f'{error}: texts stand in "quotes", lists in [brackets]; the rest is looked at once this is right'
        )
        return None, [Fault(f"{SETTINGS} is no TOML", fix)]
    except (OSError, ValueError) as error:
        return None, [Fault(f"{SETTINGS} cannot be read", f"{error}")]
    try:
        Settings.model_validate(record)
    except ValidationError as error:
        return record, setting_faults(error.errors())
    return record, []


def _read(path: Path, most: int) -> bytes:
    """Return a small file's bytes. Raises OSError for a link, ValueError for no regular or a large file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return content


def _files(folder: Path) -> Iterator[PurePosixPath | Fault]:
    """Yield the paths of regular files, and a problem for everything else; gives up beyond the limit."""
    waiting, count = [PurePosixPath()], 0
    while waiting:
        place = waiting.pop()
        with os.scandir(folder / place) as entries:
            for entry in entries:
                name = place / entry.name
                if entry.name == "__pycache__":
                    continue
                if (count := count + 1) > MOST_FILES:
                    fix = f"at most {MOST_FILES}: put data into one npz or safetensors file"
                    yield Fault(f"more than {MOST_FILES} files and folders", fix)
                    return
                if entry.is_symlink():
                    yield Fault(f"{name!s} is a link", "put the file itself there: links are not followed")
                elif entry.is_dir():
                    waiting.append(name)
                elif entry.is_file():
                    yield name
                else:
                    yield Fault(f"{name!s} is no regular file", "remove it")


def _content_faults(folder: Path, files: list[PurePosixPath]) -> Iterator[Fault]:
    weights, data = "smaller weights, or fit them from the training split", "put data into an npz file"
    sizes = {name: (folder / name).stat().st_size for name in files}
    code = sum(size for name, size in sizes.items() if name.suffix == ".py")
    if (size := sum(sizes.values())) > LARGEST_FOLDER:
        yield Fault(f"its files have {size:,} bytes together", f"at most {LARGEST_FOLDER:,}: {weights}")
    if code > LARGEST_CODE:
        yield Fault(f"its Python files have {code:,} bytes together", f"at most {LARGEST_CODE:,}: {data}")
    for name, size in sizes.items():
        yield from _name_faults(name)
        most, fix = (LARGEST_MODULE, data) if name.suffix == ".py" else (LARGEST_FILE, weights)
        if size > most:
            yield Fault(f"{name} has {size:,} bytes", f"at most {most:,}: {fix}")
        elif name.suffix in WEIGHTS:
            yield from weight_faults(folder / name)
        elif name.suffix == ".py" and code <= LARGEST_CODE:
            yield from _code_faults(folder, name)


def _name_faults(name: PurePosixPath) -> Iterator[Fault]:
    if not str(name).isprintable():
        yield Fault(f"{name} has control characters in its name", "rename it")
    if name.suffix in PICKLES:
        fix = "save weights as npz or safetensors: both hold no code"
        yield Fault(f"{name} is, or may be, a pickle", fix)
    elif name.suffix not in SUFFIXES:
        fix = f"a submission is made of {', '.join(sorted(SUFFIXES))} files"
        yield Fault(f"{name} has an unknown ending", fix)
    elif name.suffix == ".py" and name.parts[0].removesuffix(".py") in sys.stdlib_module_names:
        yield Fault(f"{name} is named like a module of Python", "rename it: Python's own would be imported")


def _code_faults(folder: Path, name: PurePosixPath) -> Iterator[Fault]:
    try:
        ast.parse(_read(folder / name, LARGEST_MODULE), filename=str(name))
    except UNPARSABLE as error:
        line = getattr(error, "lineno", None)
        yield Fault(f"{name}{f', line {line}' if line else ''} is not Python", str(error))


def _entry_faults(folder: Path, entry: str, files: list[PurePosixPath]) -> Iterator[Fault]:
    file, _, factory = entry.partition(":")
    if PurePosixPath(file) not in files or not file.endswith(".py") or not factory.isidentifier():
        fix = "write file.py:function, a file of this folder and a function of it"
        yield Fault(f"entry {entry!r} leads nowhere", fix)
        return
    try:
        names = symtable(_read(folder / file, LARGEST_MODULE).decode("utf-8-sig"), file, "exec")
    except UNPARSABLE:
        return
    own = {name.get_name() for name in names.get_symbols() if name.is_assigned() or name.is_imported()}
    if factory not in own:
        yield Fault(f"{file} defines no {factory}", f"define `def {factory}(pool):` that returns a router")


def _requirement_faults(requirements: list[object]) -> Iterator[Fault]:
    for text in requirements:
        try:
            if isinstance(text, str):
                read_requirement(text)
        except SubmissionError as error:
            what, _, fix = str(error).partition(": ")
            yield Fault(what, fix)
