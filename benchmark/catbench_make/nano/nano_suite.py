"""The nano suite before its scores, from a seed.

Prompts tell held-out scenes (`world.Scene.audience`), some scenes in two or three phrasings; a group is a
scene, so neither splits nor intervals part a scene from its rephrasings. 55% of the groups are for training,
12% for validation and 33% for testing, by SHA-256 of the group: in a suite this small a tenth of the prompts
would leave every interval wide.

Every prompt comes with its embeddings by the generators' own text encoder, the features `nano-clip` and
`nano-pooled`, and with the complexity of its scene to slice by.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import replace
from itertools import islice

import pandas as pd

from catbench.suite.info import SuiteInfo
from catbench.suite.prompts import Split, group_of, share_of
from catbench.suite.suite_record import Suite
from catbench_make.nano.offered import nano_candidates, nano_pools
from catbench_make.nano.phrases import phrase
from catbench_make.nano.world import Scene, draw_scenes
from catbench_make.plan.settings import SHIPPED
from catbench_make.scorers import metric_source

SCENES = 980
SEED = 0
SAMPLES: dict[Split, int] = {"train": 2, "validation": 4, "test": 4}
_PHRASINGS = (0.6, 0.25, 0.15)
"""Share of scenes that are told once, twice and three times."""
_TRAIN, _VALIDATION = 0.55, 0.12


def nano_problem(scenes: int = SCENES, seed: int = SEED) -> Suite:
    """Return the suite's prompts, candidates and metrics, without embeddings and costs."""
    prompts = tell(distinct_scenes(scenes, seed), seed, "nano")
    prompts["split"] = [_split(group) for group in prompts["group"]]
    clip = metric_source("clip_score").record
    return Suite(
        suite=SuiteInfo(
            id="nano",
            title="Coloured shapes on a 3x3 grid, drawn by latent diffusion models trained on them",
            licence="Apache-2.0",
            source="catbench_make.nano, from a seed",
        ),
        prompts=prompts,
        candidates=nano_candidates(),
        metrics=(
            clip.model_copy(update={"model": f"transformers:{SHIPPED}clip-score", "revision": ""}),
            metric_source("scene_accuracy").record,
            metric_source("sharpness").record,
        ),
        samples=SAMPLES,
        pools=nano_pools(),
    )


def distinct_scenes(number: int, seed: int, known: Collection[str] = ()) -> list[Scene]:
    """Return so many different held-out scenes of a seed, none of whose groups is in `known`."""
    found: dict[str, Scene] = {}
    for scene in draw_scenes(seed, "suite"):
        if len(found) == number:
            break
        if group_of(scene.key) not in known:
            found.setdefault(scene.key, scene)
    return list(found.values())


def tell(scenes: list[Scene], seed: int, name: str) -> pd.DataFrame:
    """Return a prompt table without splits: one row a phrasing, ids `<name>-0001` and on."""
    rng = random.Random(f"catbench nano phrasings {seed}")
    rows: list[dict[str, str | int]] = []
    for scene in scenes:
        draw = rng.random()
        ways = 1 + (draw >= _PHRASINGS[0]) + (draw >= _PHRASINGS[0] + _PHRASINGS[1])
        texts = dict.fromkeys(phrase(scene, seed * 10 + way) for way in range(10))
        for text in islice(texts, ways):
            rows.append(
                {
                    "prompt_id": f"{name}-{len(rows) + 1:04d}",
                    "text": text,
                    "source": "nano",
                    "group": group_of(scene.key),
                    "complexity": scene.complexity,
                }
            )
    return pd.DataFrame(rows)


def with_features(unscored: Suite) -> Suite:
    """Return the suite with the embeddings of its prompts by the generators' text encoder."""
    from catbench_make.nano.clip_scoring import prompt_embeddings

    return replace(unscored, features=prompt_embeddings(unscored.prompts["text"].tolist()))


def _split(group: str) -> Split:
    share = share_of(group)
    return "train" if share < _TRAIN else "validation" if share < _TRAIN + _VALIDATION else "test"
