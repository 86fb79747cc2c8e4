"""Oracles that are scored on an image which they have not seen: what could be reached.

The plain oracle scores a choice on the very samples that it was chosen by, and so also collects their noise.
The leave-one-out oracle chooses by all samples but one and is scored on that one. Where noise is large that
choice is worse than a good router's, even than the mixture's; so the shrunk oracle first pulls each prompt's
mean towards the candidate's mean, by the share of its variance that is not noise (James and Stein 1961; the
estimate is the BLUP of a two-way layout, Robinson 1991). It is a lower bound of what can be reached and no
ceiling: a router that learns from thousands of prompts may pass it.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats
from catbench.score.sweep import EstimatorSweep


def unseen_sweeps(samples: Floats, cost: Floats, keep: float = 1.0) -> list[EstimatorSweep]:
    """Return one sweep a sample of qualities (n, M, S), costs (M,); their areas are to be averaged.

    Of the leave-one-out oracle, or of one that shrinks what it has seen: `keep` is its share that stays, as
    `shrinkage` estimates it. Empty where there is only one sample.
    """
    total, count = samples.sum(axis=2), samples.shape[2]
    sweeps: list[EstimatorSweep] = []
    for left in np.moveaxis(samples, 2, 0) if count > 1 else ():
        rest = (total - left) / (count - 1)
        sweeps.append(EstimatorSweep((1 - keep) * rest.mean(axis=0) + keep * rest, left, cost))
    return sweeps


def shrinkage(samples: Floats) -> float:
    """Return what share of a deviation from the candidate's mean is kept, by S - 1 samples: 0 to 1.

    interaction / (interaction + noise / (S - 1)), variances pooled over candidates. What all candidates share
    in an image's noise (an easy prompt, a lucky seed) decides no choice, and is taken off first. 1 for one
    sample, which tells no noise.
    """
    if samples.shape[2] < 2:
        return 1.0
    interaction, noise = variances(samples)
    spread = interaction + noise / (samples.shape[2] - 1)
    return interaction / spread if spread > 0 else 1.0


def variances(samples: Floats) -> tuple[float, float]:
    """Return the variances of prompt x candidate and of noise, of qualities (n, M, S) with S of 2 or more."""
    interaction, noise = Variation(samples).variances(np.ones((1, len(samples))))
    return float(interaction[0]), float(noise[0])


class Variation:
    """How n prompts vary beside their own level and the candidates' means, for any resample of them."""

    def __init__(self, samples: Floats) -> None:
        """Take qualities (n, M, S) with S of 2 or more."""
        centred = samples - samples.mean(axis=1, keepdims=True)
        centred = centred - centred.mean(axis=(0, 2), keepdims=True)
        self._samples = samples.shape[2]
        # (n, M): how much better a candidate is on a prompt than others are; (n,): what they do not share.
        self._fits, self._noise = centred.mean(axis=2), centred.var(axis=2, ddof=1).mean(axis=1)

    def variances(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the variances (B,) of prompt x candidate and of noise; prompts count by `weights` (B, n)."""
        total = weights.sum(axis=-1)
        noise = weights @ self._noise / total
        centres = weights @ self._fits / total[:, None]
        squares = weights @ (self._fits**2).sum(axis=1) - total * (centres**2).sum(axis=-1)
        between = squares / (np.maximum(total - 1, 1) * self._fits.shape[1])
        return np.maximum(0.0, between - noise / self._samples), noise
