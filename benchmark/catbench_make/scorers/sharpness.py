"""Sharpness (paper §5.1, adapted from Paris et al. 2011): how much of an image a small blur takes away.

    sharpness = sum (i - i * G)^2 / sum i^2

Conventions. The intensity i is the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, over the values as
stored (sRGB, not linear light); its scale cancels. G is a Gaussian of sigma 1 pixel, cut off at 4 sigma
(9 x 9 taps that sum to 1). Beyond the border the image is mirrored: d c b a | a b c d | d c b a.
A black image, 0 / 0 by the formula, has 0 as every image of one colour has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from catbench.arrays import Floats
from catbench.suite.info import Metric
from catbench_make.scorers import Images, MetricSource

SIGMA = 1.0
TRUNCATE = 4.0
LUMA = (0.299, 0.587, 0.114)


def sharpness(images: Images, prompts: Sequence[str]) -> Floats:
    """Return the sharpness of each image, shape (n,), 0 or more; the prompts are not read.

    `images` is uint8 (n, height, width, 3).
    """
    del prompts
    return np.array([_sharpness(image @ np.array(LUMA)) for image in images])


def _sharpness(intensity: Floats) -> float:
    blurred = gaussian_filter(intensity, SIGMA, truncate=TRUNCATE, mode="reflect")
    energy = float(np.square(intensity).sum())
    lost = float(np.square(intensity - blurred).sum())
    return lost / energy if energy else 0.0


SHARPNESS = MetricSource(
    Metric(
        name="sharpness",
        label="Sharpness",
        citation="adapted from Paris, Hasinoff, Kautz: Local Laplacian Filters, 2011",
    ),
    lambda metric, context: sharpness,
)
