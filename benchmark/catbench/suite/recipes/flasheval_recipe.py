"""FlashEval: six Stable Diffusion models on COCO captions and DiffusionDB prompts (Zhao et al., CVPR 2024).

One image a cell by 10, 20 or 50 steps of DDIM, DPM-Solver++ or PNDM, guidance 7.5, float16, seed 0; one
stream of noise over all prompts, so that step counts of a model are comparable in pairs. diffusers' PNDM
makes one call more than the steps it is asked for. dreamlike-photoreal draws at its own size, 768 px, the
others at 512.

Left out, and why:

    quantised weights (`_8`, `_6`)   drawn by another program from other noise, and no cheaper
    PNDM 10                          its images fail: a sixth of DiffusionDB's are black
    DPM 20 on COCO                   not complete
    prompts with a black image       the safety checker of SD 1.x blackened it: known by an aesthetic score
                                     within .0007 of 4.604, whatever the prompt. `--black keep` keeps
                                     them: they are what a user of that pipeline gets
    blank prompts                    nothing to route by

Some black images score a little further off and stay: about 300 of 1.3 million on COCO, 100 of 148,000 on
DiffusionDB. Within .0007 of 4.604 lie also some images that are not black.

No licence is stated at the source: its files are fetched for local use and never shipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.suite.from_arrays import matrix_from_arrays
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Candidate
from catbench.suite.recipes.recipe import Recipe, pinned, shipped_prices
from catbench.suite.tables.columns import Tell

REPOSITORY, COMMIT = "thu-nics/FlashEval", "a790c992de978a32c4a9bb44409395b35e5a9c25"
MODELS = {
    "small-stablediffusion": ("small-sd", "OFA-Sys/small-stable-diffusion-v0", 512),
    "stablediffusion1.2": ("sd-1.2", "CompVis/stable-diffusion-v1-2", 512),
    "stablediffusion1.4": ("sd-1.4", "CompVis/stable-diffusion-v1-4", 512),
    "stablediffusion1.5": ("sd-1.5", "stable-diffusion-v1-5/stable-diffusion-v1-5", 512),
    "stablediffusion2.1": ("sd-2.1", "stabilityai/stable-diffusion-2-1-base", 512),
    "dreamlike-photoreal": ("dreamlike", "dreamlike-art/dreamlike-photoreal-2.0", 768),
}
"""Name in the files -> first part of the candidates' ids, repository of the weights (SD 1.5 is where
runwayml/stable-diffusion-v1-5 went), pixels."""
SOLVERS = {
    "DDIM": ("ddim", "DDIMScheduler"),
    "DPM": ("dpmpp", "DPMSolverMultistepScheduler"),
    "PNDM": ("pndm", "PNDMScheduler"),
}
"""Name in the files -> part of the candidates' ids, class in diffusers."""
METRICS = {
    "ImageReward": Metric(name="image_reward", label="ImageReward", citation="Xu et al. 2023"),
    "CLIP": Metric(
        name="clip_score",
        label="CLIPScore",
        model="ViT-L/14",
        citation="Hessel et al. 2021; the cosine itself",
    ),
    "Aesthetic": Metric(name="aesthetic", label="Aesthetic", citation="LAION's improved aesthetic predictor"),
    "HPS": Metric(name="hps", label="HPS", citation="Wu et al. 2023, version 1"),
}
"""Folder -> metric."""
BLACK, NEAR = 4.604, 0.0007
"""Aesthetic score of a black image, and how far from it one may be."""
_FILE = re.compile(
    r"Image_score/[^/]+/(?P<metric>\w+)/(?P<model>[^/]+)/\w+-(?P<solver>[A-Z]+)(?P<steps>\d+)step-fp-"
)
MAIN = "sd-2.1"
"""The model of the homogeneous pool: the best of those that have as many candidates."""


def candidate_of(model: str, solver: str, steps: int) -> Candidate:
    """Return the candidate by the names in the files, with all that is needed to draw its images again."""
    (name, weights, pixels), (short, scheduler) = MODELS[model], SOLVERS[solver]
    settings = {
        "pipeline": weights,
        "scheduler": {"name": scheduler},
        "steps": steps,
        "guidance": 7.5,
        "width": pixels,
        "height": pixels,
        "precision": "float16",
    }
    return Candidate(id=f"{name}-{short}-{steps}", model=name, settings=settings)


def build(paths: Mapping[str, Path], tell: Tell, *, suite: SuiteInfo, source: str, keep: bool) -> ScoreMatrix:
    """Return the matrix of a dataset's files; `keep` keeps the prompts that have a black image."""
    listed = next(file for path, file in paths.items() if path.startswith("data/"))
    rows = [json.loads(line) for line in listed.read_text(encoding="utf-8").splitlines()]
    ids, texts = [str(row["id"]) for row in rows], [str(row["caption"]) for row in rows]
    prompts = pd.DataFrame({"prompt_id": ids, "text": texts, "source": source})
    candidates: dict[str, Candidate] = {}
    columns: dict[str, dict[str, Floats]] = {folder: {} for folder in METRICS}
    for path, file in paths.items():
        if match := _FILE.match(path):
            candidate = candidate_of(match["model"], match["solver"], int(match["steps"]))
            candidates[candidate.id] = candidate
            found = json.loads(file.read_bytes())
            columns[match["metric"]][candidate.id] = np.array([found[name] for name in ids], dtype=np.float64)
    names = sorted(candidates)
    models = sorted({one.model for one in candidates.values()}, key=lambda name: (name != MAIN, name))
    scores = {folder: np.stack([columns[folder][name] for name in names], axis=1) for folder in METRICS}
    good = np.array([bool(text.strip()) for text in texts])
    black = np.abs(scores["Aesthetic"] - BLACK) < NEAR
    if blank := int((~good).sum()):
        tell(f"{blank} of {len(ids):,} prompts left out: blank")
    black &= good[:, None]
    share = f"{int(black.any(axis=1).sum()):,} of {len(ids):,} prompts"
    if keep:
        tell(f"{share} have a black image ({black.mean():.1%} of all images), and are kept")
    else:
        tell(f"{share} left out: an image of theirs is black ({black.mean():.1%} of all images)")
        good &= ~black.any(axis=1)
    return matrix_from_arrays(
        suite,
        prompts[good],
        [candidates[name] for name in names],
        list(METRICS.values()),
        {metric.name: scores[folder][good] for folder, metric in METRICS.items()},
        shipped_prices("flasheval"),
        pools={
            **{model: [n for n in names if candidates[n].model == model] for model in models},
            "sd": [name for name in names if candidates[name].settings["width"] == 512],
        },
    )


def _recipe(suite: str, source: str, prompts: int, candidates: int, title: str) -> Recipe:
    info = SuiteInfo(
        id=suite,
        title=f"FlashEval: {prompts:,} {title} x {candidates} Stable Diffusion candidates, four metrics",
        licence="none stated; for local use only",
        source=f"https://github.com/{REPOSITORY}, commit {COMMIT}, Image_score and data",
    )
    black = info.model_copy(
        update={"id": f"{suite}-black", "title": f"FlashEval: {title}, black images kept"}
    )
    return Recipe(
        suite=info,
        repository=REPOSITORY,
        commit=COMMIT,
        files=pinned(suite),
        build=partial(build, suite=info, source=source, keep=False),
        variants={"keep": partial(build, suite=black, source=source, keep=True)},
    )


RECIPES = (
    _recipe("flasheval-coco", "COCO", 36_758, 36, "COCO captions"),
    _recipe("flasheval-diffusiondb", "DiffusionDB", 3_522, 42, "DiffusionDB prompts"),
)
