"""CLIPScore (Radford et al. 2021; Hessel et al. 2021): the cosine of an image's and its prompt's embedding.

Conventions. The raw cosine, -1 to 1, as the paper's values near 0.3 are: not clipped at 0, not times 2.5 or
100. The record's `model` and `revision` name a CLIP as `catbench_make.scorers.clip_model` says, which also
tells how text is cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catbench.arrays import Floats
from catbench.suite.info import Metric
from catbench_make.scorers import Images, MetricSource, ScoreFunction, ScorerContext
from catbench_make.scorers.clip_model import DEFAULT_MODEL, DEFAULT_REVISION, load_clip


def load_clip_score(metric: Metric, context: ScorerContext) -> ScoreFunction:
    """Return the function for a record. Raises as `load_clip`."""
    clip = load_clip(metric.model or DEFAULT_MODEL, metric.revision, context)

    def cosines(images: Images, prompts: Sequence[str]) -> Floats:
        text = np.stack([clip.text(prompt) for prompt in prompts]).astype(np.float64)
        return (clip.images(images).astype(np.float64) * text).sum(axis=1)

    return cosines


CLIP_SCORE = MetricSource(
    Metric(
        name="clip_score",
        label="CLIPScore",
        model=DEFAULT_MODEL,
        revision=DEFAULT_REVISION,
        citation="Radford et al. 2021 (CLIP); Hessel et al. 2021 (CLIPScore)",
    ),
    load_clip_score,
)
