"""The nano suite before its scores, from a seed.

Prompts tell held-out scenes (`scene_prompts`). Every prompt comes with its embeddings by the generators' own
text encoder, the features `nano-clip` and `nano-pooled`, and with what there is to slice by: the number of
things, and whether places are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import Suite
from catbench.suite.prompts import Split
from catbench_make.nano.nano_candidates import nano_candidates, nano_pools
from catbench_make.nano.scene_prompts import distinct_scenes, prompt_table
from catbench_make.nano.shipped_models import WEIGHTS, load_part, untyped
from catbench_make.plan.settings import SHIPPED
from catbench_make.scorers import metric_source

SCENES = 2580
SEED = 0
SAMPLES: dict[Split, int] = {"train": 1, "validation": 2, "test": 4}
"""More training prompts teach a router more than more samples of each; of a test prompt several samples are
needed to tell quality from luck."""

_BATCH = 64
MAX_TOKENS = 77
"""Length that prompts are padded or cut to, start and end included, as CLIP's."""


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
    how = {"padding": "max_length", "truncation": True, "max_length": MAX_TOKENS, "return_tensors": "pt"}
    means: list[torch.Tensor] = []
    pooled: list[torch.Tensor] = []
    for ids in tokenizer(list(prompts), **how).input_ids.split(_BATCH):
        output = encoder(ids)
        ends = (ids == tokenizer.eos_token_id).int().argmax(dim=1)
        read = (torch.arange(ids.shape[1]) <= ends[:, None]).float()[:, :, None]
        means.append((output.last_hidden_state * read).sum(dim=1) / read.sum(dim=1))
        pooled.append(output.text_embeds)
    return {"nano-clip": _unit(torch.cat(means)), "nano-pooled": _unit(torch.cat(pooled))}


def _unit(rows: torch.Tensor) -> npt.NDArray[np.float32]:
    return torch.nn.functional.normalize(rows, dim=-1).float().numpy()
