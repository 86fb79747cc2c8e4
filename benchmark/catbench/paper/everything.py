"""All tables and figures of a suite, and the folder of their files."""

from __future__ import annotations

from pathlib import Path

from catbench.errors import UsageError
from catbench.files import atomic_folder
from catbench.paper.exhibit import Exhibit
from catbench.paper.figure1c import figure1c
from catbench.paper.figure3 import figure3
from catbench.paper.figure4 import figure4
from catbench.paper.runs import Runs
from catbench.paper.selection import selection
from catbench.paper.table1 import table1
from catbench.paper.table2 import table2
from catbench.paper.table3 import table3
from catbench.paper.written import FORMS, write

NAMES = ("table1", "table2", "table3", "figure1c", "figure3", "figure4", "selection")


def exhibits(runs: Runs, trials: int) -> tuple[Exhibit, ...]:
    """Return every table and figure; `trials` is T of Table 1. Raises UsageError for a policy."""
    if not runs.estimators:  # asked first: what cannot be shown is told before the trials begin
        raise UsageError(f"no estimator is available here: {'; '.join(runs.left_out)}")
    return (
        table1(runs, trials),
        table2(runs),
        table3(runs),
        figure1c(runs),
        figure3(runs),
        figure4(runs),
        selection(runs),
    )


def write_paper(runs: Runs, folder: Path, *, trials: int, force: bool = False) -> tuple[Exhibit, ...]:
    """Write every table and figure into a folder, whole or not at all, and return them.

    Raises UsageError where the folder is there already, unless `force` is given and it holds only such files.
    """
    if force and folder.is_dir():
        known = {f"{name}.{form}" for name in NAMES for form in FORMS}
        if others := sorted(path.name for path in folder.iterdir() if path.name not in known):
            raise UsageError(f"{folder} holds {others[0]}, which is none of the tables and would be removed")
    with atomic_folder(folder, force=force) as draft:
        made = exhibits(runs, trials)
        for exhibit in made:
            write(exhibit, draft)
    return made
