"""Where reports lie: the folders that are looked through by default, and the reports below a folder."""

from __future__ import annotations

import os
from pathlib import Path

import catbench

SHIPPED = ("submissions", "baselines/reports")
VERIFICATION = ".verification.json"


def shipped_folders() -> list[Path]:
    """Return the folders of shipped reports: submissions, and the baselines' where they are there.

    They lie in the checkout that this catbench runs from, wherever it is run, or else in the current folder.
    """
    checkout = Path(catbench.__file__).resolve().parents[2]
    root = checkout if (checkout / SHIPPED[0]).is_dir() and checkout != Path.cwd() else Path()
    first, *others = (root / name for name in SHIPPED)
    return [first, *(path for path in others if path.is_dir())]


def report_files(folder: Path) -> list[Path]:
    """Return what may be reports in a folder: its `*.json` at any depth.

    Below a submission's folder (there is a `submission.toml`) only `report*.json`: the others are its own.
    Hidden folders, links to folders and the folders of suites are not entered.
    """
    found: list[Path] = []
    submissions: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(place)
        if {"manifest.json", "prompts.parquet"} <= set(files):
            folders.clear()
            continue
        if "submission.toml" in files:
            submissions.append(here)
        begins = "report" if any(here.is_relative_to(one) for one in submissions) else ""
        found += [
            here / name
            for name in (*files, *folders)  # a folder of such a name is listed as no report
            if name.endswith(".json") and not name.endswith(VERIFICATION) and name.startswith(begins)
        ]
    return sorted(found)
