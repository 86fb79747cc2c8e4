"""All tables and figures of a suite, and the folder of their files.

Each is written as soon as it is done, so a run that was stopped is taken up by the same command: what the
folder was asked for stands in its `paper.json`, and only what is missing is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from catbench import __version__
from catbench.errors import UsageError
from catbench.files import atomic_file
from catbench.paper.exhibit import FORMS, Exhibit, forms, write
from catbench.paper.figure1c import figure1c
from catbench.paper.figure3 import figure3
from catbench.paper.figure4 import figure4
from catbench.paper.runs import Runs
from catbench.paper.selection import selection
from catbench.paper.tables import table1, table2, table3

NAMES = ("table1", "table2", "table3", "figure1c", "figure3", "figure4", "selection")
ASKED = "paper.json"
"""The file of a folder that says what it was asked for."""


def makers(runs: Runs, trials: int) -> dict[str, Callable[[], Exhibit]]:
    """Return what makes each table and figure, by name; `trials` is T of Table 1, which takes longest.

    Raises UsageError where there is no estimator, or one of them is a policy.
    """
    if not runs.estimators:  # asked first: what cannot be shown is told before the trials begin
        raise UsageError(f"no estimator is available here: {'; '.join(runs.left_out)}")
    others = (table2, table3, figure1c, figure3, figure4, selection)
    return {
        **{maker.__name__: lambda maker=maker: maker(runs) for maker in others},
        "table1": lambda: table1(runs, trials),
    }


def write_paper(
    runs: Runs,
    folder: Path,
    *,
    trials: int,
    force: bool = False,
    said: Callable[[str, str], None] = lambda name, title: None,
) -> None:
    """Write every table and figure that a folder lacks, each whole or not at all.

    `said` is called with the name and the title of each when it is written, without a title where it was
    there. Raises UsageError where the folder holds something else, or tables that were asked for otherwise;
    the latter are made anew with `force`.
    """
    made = makers(runs, trials)
    asked = {**runs.asked, "trials": trials, "catbench": __version__}
    _take_up(folder, asked, force=force)
    for name, make in made.items():
        if all((folder / f"{name}.{form}").is_file() for form in forms(name)):
            said(name, "")
            continue
        exhibit = make()
        write(exhibit, folder)
        said(name, exhibit.title)


def _take_up(folder: Path, asked: dict[str, object], *, force: bool) -> None:
    """Make the folder, or check that what it holds is of the same request, and clear it with `force`."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"cannot write {folder}: it is a file, a folder is needed")
    folder.mkdir(parents=True, exist_ok=True)
    known = {ASKED, *(f"{name}.{form}" for name in NAMES for form in FORMS)}
    found = sorted(path.name for path in folder.iterdir())
    drafts = [name for name in found if name.startswith(tuple(f".{stem}-" for stem in (*NAMES, "paper")))]
    if others := [name for name in found if name not in known and name not in drafts]:
        raise UsageError(f"{folder} holds {others[0]}, which is none of the tables: give another --out")
    stored = _read(folder / ASKED)
    if found and not force and stored != asked:
        differs = [f"{key} {stored.get(key)!r}, now {value!r}" for key, value in asked.items()]
        differs = [one for one, key in zip(differs, asked, strict=True) if stored.get(key) != asked[key]]
        why = (
            f"asked for otherwise ({'; '.join(differs)})"
            if stored
            else "of which nothing says how they were made"
        )
        raise UsageError(f"{folder} holds tables {why}: give another --out, or --force to make them anew")
    for name in found if force else drafts:
        (folder / name).unlink()
    with atomic_file(folder / ASKED) as draft:
        draft.write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, object]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
