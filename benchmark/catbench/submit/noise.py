"""Answers that know the noise: they agree with measured scores better than any reading of prompts can.

Measured is the interaction of prompt and candidate, plus the noise of S images: what is left of qualities
(n, M) when means of prompts and of candidates are taken off. A prediction that never saw the images has
nothing in common with their noise, so by Cauchy and Schwarz its correlation with what is measured is at most
the root of reliability, sqrt(interaction / (interaction + noise / S)), for variances as in
`catbench.score.unseen_oracles.variances`. Whoever is surely above it was told the scores.

It takes two samples at least to see noise. Whoever was told the scores and says so less clearly stays below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from catbench.arrays import Floats
from catbench.report.submission_record import SURE, Check
from catbench.score.answer import ROUNDING, Answer
from catbench.score.bootstrap import Bootstrap, Values, replicates
from catbench.score.rounds import Part
from catbench.suite.pool import Pool

NAME = "noise"
DRAWS = 300
"""Bootstrap replicates, enough for a standard error."""
LOUD = 3.0
"""A prompt whose predictions spread more than so many medians counts as if they spread so much."""


def check_noise(answers: Mapping[str, Answer], test: Part, pools: Sequence[Pool]) -> Check:
    """Return the check that answers about test prompts agree with their scores no better than one can."""
    if test.samples < 2:
        says = "not tested: one sample is stored, so that noise and quality are not told apart"
        return Check(name=NAME, passed=True, says=says)
    limit = NormalDist().inv_cdf(1 - SURE / len(pools))
    above, said = -np.inf, list[str]()
    for pool in pools:
        one = Agreement(_scores(answers[pool.metric], len(pool)), test.qualities(pool))
        drawn = replicates(one, test.groups, Bootstrap(DRAWS, pool.seed))
        found, ceiling = (float(value[0]) for value in drawn.value.values())
        spread = float(np.std(np.subtract(*drawn.draws.values())))
        above = max(above, found - ceiling - limit * spread)
        said.append(f"{found:.3f} of at most {ceiling:.3f} in {pool.metric}")
    says = f"correlation with the measured interaction: {', '.join(said)}"
    return Check(name=NAME, passed=above <= 0, value=above, bound=0.0, says=says)


class Agreement:
    """Correlation of predictions (n, M) with the interaction measured on samples (n, M, S); its ceiling."""

    def __init__(self, predicted: Floats, samples: Floats) -> None:
        centred = samples - samples.mean(axis=1, keepdims=True)
        self._noise = centred.var(axis=2, ddof=1).mean(axis=1) / samples.shape[2]
        self._measured, self._predicted = centred.mean(axis=2), _tamed(predicted)

    def __call__(self, weights: Floats) -> Values:
        """Return both for weights (B, n) of the prompts: `found` and `ceiling`, (B, 1) each."""
        measured = self._product(weights, self._measured, self._measured)
        own = self._product(weights, self._predicted, self._predicted)
        common = self._product(weights, self._predicted, self._measured)
        scale = np.sqrt(np.maximum(own, 0) * np.maximum(measured, 0))
        found = np.divide(common, scale, out=np.zeros_like(scale), where=scale > 0)
        count, candidates = weights.sum(axis=1), self._measured.shape[1]
        noise = (weights @ self._noise) / count * (count - 1) * candidates
        share = np.divide(noise, measured, out=np.zeros_like(noise), where=measured > 0)
        return {"found": found[:, None], "ceiling": np.sqrt(np.clip(1 - share, 0, 1))[:, None]}

    @staticmethod
    def _product(weights: Floats, one: Floats, other: Floats) -> Floats:
        """Return the sum (B,) of products of two arrays (n, M), less their candidates' means."""
        means = ((weights @ one) * (weights @ other)).sum(axis=1) / weights.sum(axis=1)
        return weights @ (one * other).sum(axis=1) - means


def _tamed(predicted: Floats) -> Floats:
    """Return the interaction predicted, with no prompt so loud that it drowns the others."""
    centred = predicted - predicted.mean(axis=1, keepdims=True)
    centred -= np.median(centred, axis=0)
    spread = np.sqrt((centred**2).mean(axis=1))
    clear = spread > ROUNDING * max(float(np.abs(predicted).max()), np.finfo(np.float64).tiny)
    if not clear.any():
        return np.zeros_like(centred)
    most = LOUD * np.median(spread[clear])
    loud = spread > most
    centred[loud] *= (most / spread[loud])[:, None]
    return centred


def _scores(answer: Answer, candidates: int) -> Floats:
    """Return predictions (n, M); of a policy how often it chose each candidate, over trade-offs."""
    if answer.predicted is not None:
        return answer.predicted
    assert answer.choices is not None
    return np.stack([(answer.choices == m).mean(axis=0) for m in range(candidates)], axis=1)
