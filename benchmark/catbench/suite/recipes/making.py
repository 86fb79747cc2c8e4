"""A recipe is found by its suite's name, its files are fetched or found, and a suite is made of them.

In a folder or archive a file may stand at its path in the repository, with or without a folder around all of
them, or at the end of that path as far as it tells the file apart: `dataset/dataset.csv` or `dataset.csv`.
A recipe's only file may be given itself, under its own name. Each is checked by its digest.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast
from urllib.parse import quote

from catbench.download import Progress, fetch
from catbench.errors import SuiteError, UsageError, check_known
from catbench.files import sha256_of
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.recipes import RECIPES
from catbench.suite.recipes.recipe import Recipe
from catbench.suite.tables.columns import Tell

AT_ONCE = 8
"""Files that are fetched at a time."""


def find_recipe(suite: str) -> Recipe:
    """Return the recipe of a suite; raises UsageError for a name that has none."""
    check_known("recipe", RECIPES, suite)
    module = import_module(f"catbench.suite.recipes.{suite.partition('-')[0]}_recipe")
    return {recipe.suite.id: recipe for recipe in module.RECIPES}[suite]


def make(
    recipe: Recipe,
    source: Path | None = None,
    *,
    variant: str = "",
    tell: Tell = lambda line: None,
    progress: Progress = lambda what, done, total: None,
) -> ScoreMatrix:
    """Return the matrix of a recipe, its files fetched, or read from a folder or an archive.

    `variant` is one of the recipe's. Raises UsageError where a file is missing or cannot be fetched,
    SuiteError where one is not what it must be.
    """
    build = recipe.variants[variant] if variant else recipe.build
    with opened(recipe, source, progress) as paths:
        return build(paths, tell)


@contextmanager
def opened(recipe: Recipe, source: Path | None, progress: Progress) -> Generator[Mapping[str, Path]]:
    """Yield the local path of every file of a recipe, each what it must be.

    Raises UsageError where one is missing or cannot be fetched, SuiteError where one is another.
    """
    if source is None:
        yield _fetched(recipe, progress)
    elif source.is_dir():
        yield _checked(recipe, _in_folder(recipe, source), str(source), progress)
    elif len(recipe.files) == 1 and source.is_file() and source.name == PurePosixPath(*recipe.files).name:
        yield _checked(recipe, dict.fromkeys(recipe.files, source), str(source), progress)
    elif source.is_file():
        with tempfile.TemporaryDirectory(prefix="catbench-") as folder:
            yield _checked(recipe, _unpacked(recipe, source, Path(folder)), str(source), progress)
    else:
        raise UsageError(f"--from {source}: there is no such folder or archive")


def _fetched(recipe: Recipe, progress: Progress) -> dict[str, Path]:
    name = recipe.suite.id

    def one(path: str) -> Path:
        place = PurePosixPath(path)
        return fetch(
            f"{recipe.host}/{recipe.repository}/{recipe.commit}/{quote(path)}",
            recipe.files[path].sha256,
            place.name,
            lambda what, done, total: None,
            room=f"recipes/{name}/{place.parent}",
            instead=recipe.by_hand,
        )

    found: dict[str, Path] = {}
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for path, file in zip(recipe.files, pool.map(one, recipe.files), strict=True):
            found[path] = file
            progress(f"fetching {name}", len(found), len(recipe.files))
    finally:
        pool.shutdown(cancel_futures=True)
    return found


def _tails(path: str, all_paths: Mapping[str, object]) -> Generator[str]:
    """Yield a file's path, and its ends from the longest on, as far as no other file has the same."""
    parts = path.split("/")
    for start in range(len(parts)):
        end = "/".join(parts[start:])
        if sum(other == end or other.endswith(f"/{end}") for other in all_paths) == 1:
            yield end


def _in_folder(recipe: Recipe, folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in recipe.files:
        ends = (folder / end for end in _tails(path, recipe.files))
        if file := next((end for end in ends if end.is_file()), None):
            found[path] = file
    return found


def _unpacked(recipe: Recipe, archive: Path, folder: Path) -> dict[str, Path]:
    """Write the files that a recipe reads of an archive into a folder; nothing else of it is unpacked."""
    wanted = {end: path for path in recipe.files for end in _tails(path, recipe.files)}
    found: dict[str, Path] = {}
    try:
        for member, size, opened_member in _members(archive):
            parts = PurePosixPath(member).parts
            path = next((p for n in (0, 1) if (p := wanted.get("/".join(parts[n:]))) is not None), None)
            if path is None or path in found:
                continue
            if size != recipe.files[path].bytes:
                raise _other(recipe, path, f"{archive}: {member}", f"{size:,} bytes")
            found[path] = folder / path
            found[path].parent.mkdir(parents=True, exist_ok=True)
            with opened_member() as content, found[path].open("wb") as file:
                shutil.copyfileobj(content, file)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
        first, *more = recipe.files
        raise SuiteError(
            f"{archive}: not readable as an archive (.tar.*, .zip): {error}; is it cut short? A folder "
            f"or archive with {first}{f' and {len(more)} other files' * bool(more)} is due, as "
            f"{recipe.repository} has it at {recipe.commit[:12]}"
        ) from error
    except OSError as error:
        raise UsageError(
            f"{archive}: cannot be unpacked into {folder.parent}: {error.strerror or error}"
        ) from error
    return found


def _members(archive: Path) -> Generator[tuple[str, int, Callable[[], IO[bytes]]]]:
    """Yield path, size and a way to open each file of an archive, in the order in which they stand there."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    yield entry.filename, entry.file_size, partial(packed.open, entry)
    else:
        with tarfile.open(archive, "r|*") as stream:
            for member in stream:
                if member.isfile():  # what `extractfile` gives of these is never None
                    yield member.name, member.size, cast(Any, partial(stream.extractfile, member))


def _checked(recipe: Recipe, found: Mapping[str, Path], where: str, progress: Progress) -> Mapping[str, Path]:
    missing = [path for path in recipe.files if path not in found]
    if missing:
        more = f" (and {len(missing) - 1} more of {len(recipe.files)} files)" if len(missing) > 1 else ""
        raise UsageError(
            f"{where}: no {missing[0]}{more}: {_due(recipe, missing[0])}. Without --from the files are "
            f"fetched; {recipe.by_hand}"
        )
    for done, (path, file) in enumerate(found.items(), start=1):
        due, size = recipe.files[path], file.stat().st_size
        if size != due.bytes:
            raise _other(recipe, path, str(file), f"{size:,} bytes")
        if (found_sha256 := sha256_of(file)) != due.sha256:
            raise _other(recipe, path, str(file), f"SHA-256 {found_sha256[:12]}…")
        progress(f"checking {recipe.suite.id}", done, len(found))
    return found


def _due(recipe: Recipe, path: str) -> str:
    due, commit = recipe.files[path], recipe.commit[:12]
    return f"{due.bytes:,} bytes, SHA-256 {due.sha256[:12]}…, {path} of {recipe.repository} at {commit}"


def _other(recipe: Recipe, path: str, name: str, has: str) -> SuiteError:
    return SuiteError(
        f"{name}: {has}, not the file of commit {recipe.commit[:12]} (altered or cut short?); it "
        f"must be {_due(recipe, path)}"
    )
