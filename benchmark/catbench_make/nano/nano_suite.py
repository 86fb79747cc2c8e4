"""The nano suite before its scores, from a seed.

Prompts tell held-out scenes of all themes, some with places, some without. The theme is a prompt's `source`.
Some scenes are said in two or three phrasings; a group is an inventory, so neither splits nor intervals part
a scene from its rephrasings. 60% of the groups are for training, 10% for validation and 30% for testing, by
SHA-256 of the group. `places` and `complexity` are there to slice by. Every prompt comes with its embeddings
by the generators' own text encoder, the features `nano-clip` and `nano-pooled`.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import Suite
from catbench.suite.prompts import Split, group_of, share_of
from catbench_make.encoders import reader
from catbench_make.nano.nano_candidates import nano_candidates, nano_pools
from catbench_make.nano.phrases import phrase
from catbench_make.nano.shipped_models import WEIGHTS, load_part, untyped
from catbench_make.nano.world import Scene, draw_scenes
from catbench_make.plan.settings import SHIPPED
from catbench_make.scorers import metric_source

SCENES = 2580
SEED = 0
SAMPLES: dict[Split, int] = {"train": 1, "validation": 2, "test": 4}
"""More training prompts teach a router more than more samples of each; of a test prompt several samples are
needed to tell quality from luck."""

OPEN_SHARE = 0.3
"""Share of scenes whose prompts leave places open."""
_PHRASINGS = (0.6, 0.25, 0.15)
"""Share of scenes that are said once, twice and three times."""
_TRAIN, _VALIDATION = 0.6, 0.1
_BATCH = 64
MAX_TOKENS = 77
"""Length that prompts are padded or cut to, start and end included, as CLIP's."""


class HeldOutScene(NamedTuple):
    """A scene of a suite, and whether its prompts say where things are."""

    theme: str
    scene: Scene
    places: bool

    @property
    def group(self) -> str:
        """The id of its group: the same for all scenes with its inventory."""
        return group_of(self.scene.inventory.key)


def distinct_scenes(number: int, seed: int, known: Collection[str] = ()) -> list[HeldOutScene]:
    """Return so many held-out scenes of a seed, of as many groups, none of which is in `known`."""
    rng = random.Random(f"catbench nano 2 places {seed}")
    found: dict[str, HeldOutScene] = {}
    for theme, scene in draw_scenes(seed, "suite"):
        if len(found) == number:
            break
        drawn = HeldOutScene(theme, scene, rng.random() >= OPEN_SHARE)
        if drawn.group not in known:
            found.setdefault(drawn.group, drawn)
    return list(found.values())


def prompt_table(scenes: list[HeldOutScene], seed: int, name: str) -> pd.DataFrame:
    """Return a prompt table: one row a phrasing, ids `<name>-0001` and on."""
    rng = random.Random(f"catbench nano 2 phrasings {seed}")
    rows: list[dict[str, str | int]] = []
    for drawn in scenes:
        draw = rng.random()
        ways = 1 + (draw >= _PHRASINGS[0]) + (draw >= _PHRASINGS[0] + _PHRASINGS[1])
        texts = dict.fromkeys(phrase(drawn.scene, seed * 10 + way, places=drawn.places) for way in range(10))
        for text in islice(texts, ways):
            rows.append(
                {
                    "prompt_id": f"{name}-{len(rows) + 1:04d}",
                    "text": text,
                    "source": drawn.theme,
                    "group": drawn.group,
                    "split": _split_of_group(drawn.group),
                    "complexity": drawn.scene.complexity,
                    "places": "given" if drawn.places else "open",
                }
            )
    return pd.DataFrame(rows)


def _split_of_group(group: str) -> Split:
    share = share_of(group)
    return "train" if share < _TRAIN else "validation" if share < _TRAIN + _VALIDATION else "test"


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
    return replace(unscored, features=prompt_embeddings(unscored.prompts["text"].tolist()))


@torch.no_grad()
def prompt_embeddings(prompts: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
    """Return prompts' embeddings by the generators' text encoder, unit vectors, float32 (n, d).

    `nano-clip` (d = 64) is the mean of the last hidden states of a prompt's tokens, start and end included;
    `nano-pooled` (d = 128) is the projected state of the end, which was trained by contrast.
    """
    encoder = load_part("CLIPTextModelWithProjection", WEIGHTS, "text-encoder")
    load = untyped("transformers").CLIPTokenizer.from_pretrained
    tokenizer = load(WEIGHTS / "text-encoder", local_files_only=True)
    means: list[torch.Tensor] = []
    pooled: list[torch.Tensor] = []
    for ids in reader(tokenizer, "cpu")(prompts, MAX_TOKENS, True)["input_ids"].split(_BATCH):
        output = encoder(ids)
        ends = (ids == tokenizer.eos_token_id).int().argmax(dim=1)
        read = (torch.arange(ids.shape[1]) <= ends[:, None]).float()[:, :, None]
        means.append((output.last_hidden_state * read).sum(dim=1) / read.sum(dim=1))
        pooled.append(output.text_embeds)
    return {"nano-clip": _unit(torch.cat(means)), "nano-pooled": _unit(torch.cat(pooled))}


def _unit(rows: torch.Tensor) -> npt.NDArray[np.float32]:
    return torch.nn.functional.normalize(rows, dim=-1).float().numpy()
