"""CEMS: four text-to-image models on 10,000 prompts (Lee and Lee, CIKM 2024).

8,168 DiffusionDB prompts, 1,632 PartiPrompts and 200 DrawBench prompts; CLIP score and NIMA score, each the
mean over three images; seconds per image on an RTX 2080 Ti at 512 pixels. Left out: another 40,000 prompts
of the same commit (`Model_Perf/{clip,nima}_score`), whose digests are not known. No licence is stated at
the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.errors import SuiteError
from catbench.suite.from_arrays import matrix_from_arrays
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Candidate, Cost
from catbench.suite.recipes.making import opened
from catbench.suite.recipes.recipe import Recipe, pinned
from catbench.suite.tables.columns import Tell
from catbench.suite.tables.numerals import numbers_in
from catbench.suite.tables.table_reading import read_table

REPOSITORY, COMMIT = "sco-edge/CEMS", "e8b45979f04e1d40550bfd990e7bb1cbc6b928fc"
FOLDER = "Model_Perf/aug_10k"
MODELS = {"SD-Turbo": "sd-turbo", "SDXL-Turbo": "sdxl-turbo", "amused": "amused", "TAESD": "taesd"}
"""Name in the files -> candidate id."""
DATASETS = {"DIFF": "DiffusionDB", "PP": "PartiPrompts", "DRAW": "DrawBench"}
METRICS = {
    "clip": Metric(
        name="clip_score",
        label="CLIPScore",
        citation="Hessel et al. 2021, times 100; mean of three images",
    ),
    "nima": Metric(
        name="nima_score", label="NIMA", citation="Talebi and Milanfar 2018; mean of three images"
    ),
}
"""First part of the files' names -> metric."""
SUITE = SuiteInfo(
    id="cems",
    title="CEMS: 10,000 prompts x 4 text-to-image models, CLIP score and NIMA",
    licence="none stated; for local use only",
    source=f"https://github.com/{REPOSITORY}, commit {COMMIT}, {FOLDER}",
)


def build(paths: Mapping[str, Path], tell: Tell) -> ScoreMatrix:
    """Return the matrix of the eight files."""
    tables = {path: read_table(file).set_index("prompt_id") for path, file in paths.items()}
    first = tables[_path("clip", next(iter(MODELS)))]
    prompts = first[["prompt"]].rename(columns={"prompt": "text"})
    prompts["source"] = first["dataset_id"].map(DATASETS)
    scores: dict[str, Floats] = {}
    for short, metric in METRICS.items():
        columns: list[Floats] = []
        for model in MODELS:
            path = _path(short, model)
            table = tables[path].reindex(prompts.index)
            if not table["prompt"].equals(prompts["text"].set_axis(table.index).rename("prompt")):
                raise SuiteError(f"{paths[path]}: other prompts than in the first file")
            columns.append(numbers_in(table[metric.name], metric.name, str(paths[path])))
        scores[metric.name] = np.stack(columns, axis=1)
    return matrix_from_arrays(
        SUITE,
        prompts.reset_index(),
        [Candidate(id=name, model=model) for model, name in MODELS.items()],
        list(METRICS.values()),
        scores,
        [_seconds(name, tables[_path("clip", model)]) for model, name in MODELS.items()],
    )


def measured_seconds(folder: Path) -> tuple[Cost, ...]:
    """Return the seconds per image of CEMS's models from a folder with its files; raises as `make` does."""
    with opened(RECIPES[0], folder, lambda what, done, total: None) as paths:
        return tuple(
            _seconds(name, read_table(paths[_path("clip", model)])) for model, name in MODELS.items()
        )


def is_cems(folder: Path) -> bool:
    """Return whether a folder holds a file of CEMS."""
    return any((folder / Path(path).name).exists() for path in RECIPES[0].files)


def _path(metric: str, model: str) -> str:
    return f"{FOLDER}/{metric}_score_with_time_{model}.csv"


def _seconds(candidate: str, clip: pd.DataFrame) -> Cost:
    """Return the cost of a model from its table of CLIP scores, which holds the times too."""
    return Cost(
        candidate=candidate,
        unit="seconds",
        value=float(clip["mean_time"].mean()),
        hardware="NVIDIA RTX 2080 Ti",
        method="mean over prompts of the measured seconds per 512 px image, mean_time in the source",
    )


RECIPES = (Recipe(suite=SUITE, repository=REPOSITORY, commit=COMMIT, files=pinned("cems"), build=build),)
