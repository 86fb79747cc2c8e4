"""Seconds and joules of ten text-to-image models, as co2_inference measured them (Luccioni et al. 2023).

github.com/sashavor/co2_inference, `data/emissions/complete/tti_*.csv`, MIT: one row a run of 1,000 images,
ten runs of each model at its pipeline's own settings, by CodeCarbon on a node of eight A100-80GB. Seconds
are those of an image; energy is that of all eight cards, most of them idle, and says little of one: it is
above what drawing takes.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from catbench.files import readable
from catbench.suite.pool import Cost
from catbench.suite.tables.columns import Tell
from catbench.suite.tables.numerals import numbers_in

IMAGES = 1000
"""Of a run."""
JOULES_PER_KWH = 3.6e6
COLUMNS = ("project_name", "duration", "gpu_energy", "gpu_count", "gpu_model")


def is_co2_inference(path: Path) -> bool:
    """Return whether a file has the columns of co2_inference's tables."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return set(COLUMNS) <= set(file.readline().strip().split(","))


def co2_inference_costs(path: Path, tell: Tell) -> list[Cost]:
    """Return seconds and joules of an image by each model, named as its repository without its owner.

    `tell` hears what the joules are of. Raises SuiteError for a table that cannot be read.
    """
    with readable(path, "CSV"):
        table = pd.read_csv(path)
    for name in ("duration", "gpu_energy"):
        table[name] = numbers_in(table[name], name, str(path))
    costs: list[Cost] = []
    for (project, model), runs in table.groupby(["project_name", "gpu_model"], sort=False):
        cards = int(runs["gpu_count"].max())
        energy = f"energy of all {cards} cards, most of them idle" if cards > 1 else "energy of the card"
        name = str(project).rpartition("/")[2].lower()
        hardware = str(model).partition(" x ")[2] or str(model)
        method = f"co2_inference: {project}, mean of {len(runs)} runs of {IMAGES:,} images"
        for unit, value, how in (
            ("seconds", runs["duration"].mean() / IMAGES, ""),
            ("joules", runs["gpu_energy"].mean() * JOULES_PER_KWH / IMAGES, f", {energy}"),
        ):
            costs.append(Cost(candidate=name, unit=unit, value=value, hardware=hardware, method=method + how))
    if (table["gpu_count"] > 1).any():
        cards = int(table["gpu_count"].max())
        tell(
            f"{path.name}: joules are those of all {cards} cards of a node, most of them idle: they are "
            "above what one image takes, and do not compare with joules of one card"
        )
    return costs
