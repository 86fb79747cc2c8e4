"""PQPP: which prompts will the small model do? (Poesina et al., CVPR 2025).

10,000 COCO captions, and for each how relevant people found two images by GLIDE and two by SDXL: the mean
of their answers, -1 to 2. Drawn as in the source's `pipelines/`: GLIDE by its authors' code, 100 steps at
64 px with guidance 3 and 27 steps of its upsampler to 256 px; SDXL base as released, 50 Euler steps at 1024
px. Nearly all is in the cost: SDXL is better on almost every prompt. Left out: the scores of image
retrieval, and the published predictors of difficulty, which are no part of a score matrix. CC BY 4.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from catbench.suite.from_arrays import matrix_from_arrays
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Candidate
from catbench.suite.recipes.recipe import Recipe, pinned, shipped_prices
from catbench.suite.tables.columns import Tell
from catbench.suite.tables.numerals import numbers_in
from catbench.suite.tables.table_reading import read_table

REPOSITORY, COMMIT = "Eduard6421/PQPP", "f88432154431d30c3aef2ef331db19ab03c30515"
TABLE = "dataset/dataset.csv"
RELEVANCE = Metric(
    name="relevance",
    label="Human relevance",
    citation="Poesina et al. 2025: mean of people's answers on two images, -1 to 2",
)
CANDIDATES = {
    "glide_score": Candidate(
        id="glide",
        model="glide",
        settings={
            "code": "https://github.com/openai/glide-text2im",
            "steps": 100,
            "upsampler_steps": 27,
            "guidance": 3.0,
            "width": 256,
            "height": 256,
        },
    ),
    "sdxl_score": Candidate(
        id="sdxl-50",
        model="sdxl",
        settings={
            "pipeline": "stabilityai/stable-diffusion-xl-base-1.0",
            "variant": "fp16",
            "steps": 50,
            "guidance": 5.0,
            "width": 1024,
            "height": 1024,
            "precision": "float16",
        },
    ),
}
"""Column -> candidate."""
SUITE = SuiteInfo(
    id="pqpp",
    title="PQPP: 10,000 COCO captions x GLIDE and SDXL, judged by people",
    licence="CC BY 4.0",
    source=f"https://github.com/{REPOSITORY}, commit {COMMIT}, {TABLE}",
)


def build(paths: Mapping[str, Path], tell: Tell) -> ScoreMatrix:
    """Return the matrix of the table."""
    table = read_table(paths[TABLE])
    scores = [numbers_in(table[name], name, str(paths[TABLE])) for name in CANDIDATES]
    prompts = pd.DataFrame(
        {"prompt_id": table["id"].astype(str), "text": table["best_caption"].astype(str), "source": "COCO"}
    )
    return matrix_from_arrays(
        SUITE,
        prompts,
        list(CANDIDATES.values()),
        [RELEVANCE],
        {RELEVANCE.name: np.stack(scores, axis=1)},
        shipped_prices("pqpp"),
    )


RECIPES = (Recipe(suite=SUITE, repository=REPOSITORY, commit=COMMIT, files=pinned("pqpp"), build=build),)
