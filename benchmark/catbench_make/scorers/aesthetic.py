"""Aesthetic score (Beaumont and Schuhmann 2022): a linear map of an image's CLIP embedding, near 1 to 10.

    aesthetic = w . e + b,    e the unit-norm embedding by CLIP ViT-L/14 of OpenAI

Conventions. The prompt is not read. The weights are those of LAION's first predictor, the one that the paper
cites (768 weights and a bias, MIT), fetched from its commit of 15 August 2022 and checked by SHA-256.
The record's `model` is `CLIP` or `CLIP + HEAD`: a CLIP as `catbench_make.scorers.clip_model` names it, with
its `revision`, and the head `sa_0_4_vit_l_14_linear` (the default, fetched) or a file of the same form, which
is looked for in the suite's folder first: `ViT-L-14/openai + heads/sa_0_4_vit_l_14_linear.pth`.

CLIPScore by the same CLIP shares its image embedding: an image is embedded once for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catbench.arrays import Floats
from catbench.download import fetch
from catbench.errors import GenerationError, SuiteError
from catbench.suite.info import Metric
from catbench_make.plan.settings import local_source
from catbench_make.scorers import Images, MetricSource, ScoreFunction, ScorerContext
from catbench_make.scorers.checkpoint_file import read_weights
from catbench_make.scorers.clip_model import DEFAULT_MODEL, DEFAULT_REVISION, load_clip

HEAD = "sa_0_4_vit_l_14_linear"
COMMIT = "6d122adad522ab246644d9dc1c6d7a3810ee255f"
SOURCE = f"https://raw.githubusercontent.com/LAION-AI/aesthetic-predictor/{COMMIT}/{HEAD}.pth"
SHA256 = "2cd4e60f4f24ae3bcd57b847b13c1f3ba27edc28cc1a7f9ce74ee9f421243cba"
JOIN = " + "


def load_aesthetic(metric: Metric, context: ScorerContext) -> ScoreFunction:
    """Return the function for a record.

    Raises SuiteError for a head that is not there or does not fit the CLIP, UsageError for one that cannot be
    fetched, GenerationError for models that cannot be loaded.
    """
    clip_model, _, head_name = (metric.model or DEFAULT_MODEL).partition(JOIN)
    weight, bias = read_head(_head_file(head_name or HEAD, context.root))
    clip = load_clip(clip_model, metric.revision, context)
    width = len(clip.text(""))
    if width != len(weight):
        raise SuiteError(
            f"metric model {metric.model!r}: the head takes embeddings of {len(weight)} components, the "
            f"CLIP gives {width}; the head of LAION goes with ViT-L/14, such as {DEFAULT_MODEL}"
        )

    def aesthetic(images: Images, prompts: Sequence[str]) -> Floats:
        del prompts
        return clip.images(images).astype(np.float64) @ weight + bias

    return aesthetic


def read_head(path: Path) -> tuple[Floats, float]:
    """Return weights (d,) and bias of the head in a file of the published form: `weight` (1, d), `bias` (1,).

    Raises GenerationError for any other file.
    """
    weights = read_weights(path)
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    width = shapes.get("weight", (1, 0))[-1]
    if shapes != {"weight": (1, width), "bias": (1,)} or not width:
        raise GenerationError(
            f"weights {path}: holds {shapes}, not a linear head's weight (1, d) and bias (1,); LAION's "
            "second predictor, a network of several layers, is another metric"
        )
    return weights["weight"][0].double().numpy(), float(weights["bias"])


def _head_file(name: str, root: Path | None) -> Path:
    if (local := local_source(name, root)) and local.is_file():
        return local
    if name != HEAD:
        raise SuiteError(
            f"metric model: no file {name!r}, neither in the suite's folder nor here; without '{JOIN}{name}' "
            "the published head is fetched"
        )
    instead = f"name a local copy in the metric's model: '{DEFAULT_MODEL}{JOIN}FILE'"
    # 3 kB need no progress.
    return fetch(SOURCE, SHA256, f"{HEAD}.pth", lambda what, done, due: None, room="metrics", instead=instead)


AESTHETIC = MetricSource(
    Metric(
        name="aesthetic",
        label="Aesthetic",
        model=f"{DEFAULT_MODEL}{JOIN}{HEAD}",
        revision=DEFAULT_REVISION,
        citation="Beaumont and Schuhmann 2022, LAION-Aesthetics predictor V1",
    ),
    load_aesthetic,
)
