"""EvalMi-50K: what people think of 24 models' images (Wang et al., ICCV 2025: LMM4LMM).

2,100 prompts, one image a model, three judgements: how good it looks and how well it fits the text (both 0
to 100), and whether the question that the task asks is answered (0 or 1). Each prompt has one of 58 kinds
of task, gathered in nine families. Its protocol has five folds, and so has the suite: a tenth as test set
wastes it.

How the images were drawn is not said beyond the models' names. Prices hold for each model at the settings
of its own card or code (`docs/prices.md`); models without such a price are in no pool of that unit. Left
out: the answers to further questions (`YN_1` to `YN_4`), which few rows have. No licence is stated at the
source.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from catbench.errors import SuiteError
from catbench.suite.from_arrays import matrix_from_arrays
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Candidate
from catbench.suite.recipes.recipe import Recipe, pinned, shipped_prices
from catbench.suite.tables.columns import Tell
from catbench.suite.tables.numerals import numbers_in
from catbench.suite.tables.workbook import read_workbook

REPOSITORY, COMMIT = "IntMeGroup/LMM4LMM", "5ee2b4e16a3c1fd3d40afbba1337837df4df82c4"
SCORES, TEXTS, TASKS = "MOS&QA/AIGI2025_MOS_yn.xlsx", "prompts/Englishall.txt", "prompts/prompt_tasks.jsonl"
MODELS = {
    "DALLE3": "dall-e-3",
    "ELLA": "ella",
    "EMU3": "emu3",
    "Infinity": "infinity-2b",
    "Janus": "janus",
    "Kandinsky-3": "kandinsky-3",
    "Kolors": "kolors",
    "LLMGA": "llmga",
    "LWM": "lwm",
    "LaVi-Bridge": "lavi-bridge",
    "LlamaGen_256": "llamagen-256",
    "NOVA": "nova",
    "PixArt-sigma": "pixart-sigma",
    "Show-o": "show-o",
    "ali_flux_schnell": "flux-schnell",
    "hart": "hart",
    "i-Code-V3": "i-code-v3",
    "omnigen": "omnigen",
    "playground": "playground-2.5",
    "sd3_5_large": "sd-3.5-large",
    "sd_v2-1": "sd-2.1",
    "sdxl_base_1": "sdxl",
    "seed-xi": "seed-x",
    "vila-u": "vila-u",
}
"""Name in the files -> candidate."""
PAPER = ("sdxl", "infinity-2b", "flux-schnell")
"""Models that Li et al. (2025), the paper that catbench makes measurable, route between."""
METRICS = {
    "MOS1": Metric(name="perception", label="Perception", citation="mean opinion score, 0 to 100"),
    "MOS2": Metric(
        name="correspondence", label="Correspondence to the text", citation="mean opinion score, 0 to 100"
    ),
    "Y/N": Metric(name="answered", label="Task's question answered", citation="1 = yes, 0 = no"),
}
"""Column -> metric."""
FAMILIES = {
    "objects": ("single_class", "two_class", "single_object", "two_object"),
    "counting": ("counting",),
    "attributes": ("colors", "color", "color_attr", "shapes", "shape", "texture"),
    "relations": ("position", "HOI"),
    "people": ("human", "face", "emotion"),
    "scene": ("scene", "view", "time and light"),
    "text in the image": ("OCR",),
    "style": ("style", "imagination"),
    "knowledge and language": ("World Knowledge", "Linguistic Structures"),
}
"""Family -> tasks; a task of several parts, details apart, is of the family `several`."""


def family_of(task: str) -> str:
    """Return the family of a task such as `style + OCR + color`; raises SuiteError for an unknown part."""
    family_of_part = {part: family for family, parts in FAMILIES.items() for part in parts}
    parts = [part for part in task.split(" + ") if part not in ("detail", "details")]
    if unknown := [part for part in parts if part not in family_of_part]:
        raise SuiteError(f"task {task!r}: no family has {unknown[0]!r}")
    return family_of_part[parts[0]] if len(parts) == 1 else "several"


def build(paths: Mapping[str, Path], tell: Tell) -> ScoreMatrix:
    """Return the matrix of the three files."""
    texts = paths[TEXTS].read_text(encoding="utf-8").splitlines()
    tasks = [json.loads(line)["tag"] for line in paths[TASKS].read_text(encoding="utf-8").splitlines()]
    table = read_workbook(paths[SCORES])
    models, _, images = zip(*(str(name).partition("/") for name in table["ImageName"]), strict=True)
    numbers = np.array([int(image.removesuffix(".png")) for image in images]) - 1
    column_of = {model: column for column, model in enumerate(MODELS)}
    columns = [column_of[model] for model in models]
    scores = {}
    for name, metric in METRICS.items():
        scores[metric.name] = np.full((len(texts), len(MODELS)), np.nan)
        scores[metric.name][numbers, columns] = numbers_in(table[name], name, str(paths[SCORES]))
    prompts = pd.DataFrame(
        {
            "prompt_id": [f"{number:04}" for number in range(1, len(texts) + 1)],
            "text": texts,
            "source": "EvalMi-50K",
            "task": tasks,
            "family": [family_of(task) for task in tasks],
        }
    )
    candidates = [
        Candidate(id=name, model=name, settings={"name": theirs}) for theirs, name in MODELS.items()
    ]
    pools = {"open": [name for name in MODELS.values() if name != "dall-e-3"], "paper": PAPER}
    costs = [*shipped_prices("evalmi"), *shipped_prices("usd")]
    return matrix_from_arrays(SUITE, prompts, candidates, list(METRICS.values()), scores, costs, pools=pools)


SUITE = SuiteInfo(
    id="evalmi",
    title="EvalMi-50K: 2,100 prompts x 24 models, judged by people",
    licence="none stated; for local use only",
    source=f"https://github.com/{REPOSITORY}, commit {COMMIT}",
    folds=5,
)
RECIPES = (Recipe(suite=SUITE, repository=REPOSITORY, commit=COMMIT, files=pinned("evalmi"), build=build),)
