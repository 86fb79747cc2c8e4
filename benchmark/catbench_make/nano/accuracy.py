"""`scene_accuracy` as a quality metric: the share of what a prompt asks for that its image shows.

A ground truth that CLIPScore can be checked against: the prompt is read back to its scene, the image by
the recogniser, and things are compared one by one (`catbench_make.nano.recogniser.scene_accuracy`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catbench.arrays import Floats
from catbench.errors import GenerationError
from catbench.suite.info import Metric
from catbench_make.plan.settings import SHIPPED, local_source
from catbench_make.scorers import Images, MetricSource, ScoreFunction, ScorerContext


def load_scene_accuracy(metric: Metric, context: ScorerContext) -> ScoreFunction:
    """Return the function for a record; its `model` names the folder of the recogniser's weights.

    Raises GenerationError where there is no such folder. The function raises UsageError for a prompt that
    tells no scene of the nano world, ValueError for images that are not 32x32.
    """
    from catbench_make.nano.reading import read
    from catbench_make.nano.recogniser import load_recogniser, scene_accuracy

    folder = local_source(metric.model, context.root)
    if folder is None or not folder.is_dir():
        raise GenerationError(
            f"metric {metric.name!r}: no folder {metric.model!r} with a recogniser's weights"
        )
    recogniser = load_recogniser(folder)

    def score(images: Images, prompts: Sequence[str]) -> Floats:
        shown = recogniser.recognise(images)
        return np.array(
            [scene_accuracy(read(prompt), scene) for prompt, scene in zip(prompts, shown, strict=True)]
        )

    return score


SCENE_ACCURACY = MetricSource(
    Metric(name="scene_accuracy", label="Scene accuracy", model=f"{SHIPPED}recogniser"), load_scene_accuracy
)
