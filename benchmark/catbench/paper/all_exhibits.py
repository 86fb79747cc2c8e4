"""The folder of a suite's tables and figures.

Each is written as soon as it is done, so a run that was stopped is taken up by the same command: what the
folder was asked for stands in its `paper.json`, and only what is missing is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from catbench import __version__
from catbench.errors import UsageError
from catbench.files import write_json
from catbench.paper.exhibit import FORMS, Exhibit, forms, write

ASKED = "paper.json"
"""The file of a folder that says what it was asked for."""


def write_paper(
    makers: Mapping[str, Callable[[], Exhibit]],
    folder: Path,
    asked: Mapping[str, object],
    *,
    force: bool = False,
    said: Callable[[str, str], None] = lambda name, title: None,
) -> None:
    """Write every table and figure that a folder lacks, each whole or not at all; `makers` by their names.

    `asked` is what they were asked for: it stands in the folder, with catbench's version. `said` is called
    with the name and the title of each when it is written, without a title where it was there. Raises
    UsageError where the folder holds something else, or tables that were asked for otherwise; the latter are
    made anew with `force`.
    """
    _take_up(folder, {**asked, "catbench": __version__}, [*makers], force=force)
    for name, make in makers.items():
        if all((folder / f"{name}.{form}").is_file() for form in forms(name)):
            said(name, "")
            continue
        exhibit = make()
        write(exhibit, folder)
        said(name, exhibit.title)


def _take_up(folder: Path, asked: dict[str, object], names: list[str], *, force: bool) -> None:
    """Make the folder, or check that what it holds is of the same request, and clear it with `force`."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"cannot write {folder}: it is a file, a folder is needed")
    folder.mkdir(parents=True, exist_ok=True)
    known = {ASKED, *(f"{name}.{form}" for name in names for form in FORMS)}
    found = sorted(path.name for path in folder.iterdir())
    drafts = [name for name in found if name.startswith(tuple(f".{stem}-" for stem in (*names, "paper")))]
    if others := [name for name in found if name not in known and name not in drafts]:
        raise UsageError(f"{folder} holds {others[0]}, which is none of the tables: give another --out")
    stored = _read(folder / ASKED)
    if found and not force and stored != asked:
        changed = {key: value for key, value in asked.items() if stored.get(key) != value}
        differs = "; ".join(f"{key} {stored.get(key)!r}, now {value!r}" for key, value in changed.items())
        why = f"asked for otherwise ({differs})" if stored else "of which nothing says how they were made"
        raise UsageError(f"{folder} holds tables {why}: give another --out, or --force to make them anew")
    for name in found if force else drafts:
        (folder / name).unlink()
    write_json(folder / ASKED, asked)


def _read(path: Path) -> dict[str, object]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
