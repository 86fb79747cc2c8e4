"""The nano suite before its scores, from a seed.

Prompts tell held-out scenes (`scene_prompts`). Every prompt comes with its embeddings by the generators' own
text encoder, the features `nano-clip` and `nano-pooled`, and with what there is to slice by: the number of
things, and whether places are given.
"""

from __future__ import annotations

from dataclasses import replace

from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import Suite
from catbench.suite.prompts import Split
from catbench_make.nano.nano_candidates import nano_candidates, nano_pools
from catbench_make.nano.scene_prompts import distinct_scenes, prompt_table
from catbench_make.plan.settings import SHIPPED
from catbench_make.scorers import metric_source

SCENES = 2580
SEED = 0
SAMPLES: dict[Split, int] = {"train": 1, "validation": 2, "test": 4}
"""More training prompts teach a router more than more samples of each; of a test prompt several samples are
needed to tell quality from luck."""


def unscored_nano(scenes: int = SCENES, seed: int = SEED) -> Suite:
    """Return the suite's prompts, candidates and metrics, without embeddings and costs."""
    prompts = prompt_table(distinct_scenes(scenes, seed), seed, "nano")
    clip = metric_source("clip_score").record
    return Suite(
        suite=SuiteInfo(
            id="nano",
            title="Coloured shapes on a 3x3 grid, drawn by models none of which was trained on all of them",
            licence="Apache-2.0",
            version="2",
            source="the catbench authors, by the command catbench generate nano",
        ),
        prompts=prompts,
        candidates=nano_candidates(),
        metrics=(
            metric_source("scene_accuracy").record,
            clip.model_copy(update={"model": f"transformers:{SHIPPED}clip-score", "revision": ""}),
            metric_source("sharpness").record,
        ),
        samples=SAMPLES,
        pools=nano_pools(),
    )


def with_features(unscored: Suite) -> Suite:
    """Return the suite with the embeddings of its prompts by the generators' text encoder."""
    from catbench_make.nano.prompt_features import prompt_embeddings

    return replace(unscored, features=prompt_embeddings(unscored.prompts["text"].tolist()))
