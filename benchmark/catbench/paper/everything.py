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
from catbench.paper.written import write


def exhibits(runs: Runs, trials: int) -> tuple[Exhibit, ...]:
    """Return every table and figure; `trials` is T of Table 1. Raises UsageError for a policy."""
    if not runs.estimators:  # asked first: what cannot be shown is told before the trials begin
        raise UsageError(f"no estimator can be had here: {'; '.join(runs.left_out)}")
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

    Raises UsageError where the folder is there already, unless it holds such files and `force` is given.
    """
    if force and folder.is_dir() and any(folder.iterdir()) and not (folder / "table1.md").is_file():
        raise UsageError(f"{folder} holds no tables of a paper (no table1.md), so it is not replaced by them")
    with atomic_folder(folder, force=force) as draft:
        made = exhibits(runs, trials)
        for exhibit in made:
            write(exhibit, draft)
    return made
