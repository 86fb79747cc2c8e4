"""AdaDiff: a policy for the number of steps, trained for one trade-off at a time (Zhang et al. 2023).

A light network reads the prompt and gives a distribution over candidates; the policy gradient raises its
expected reward, quality less trade-off times cost. The qualities of all candidates are known here, so the
expectation over actions is exact instead of sampled, and L-BFGS ascends it. A bonus for the entropy keeps the
policy from settling on one candidate before it has read the prompt (Williams and Peng 1991). The network is
linear with a softmax, on the same vectors as the other routers. In the paper an image whose quality falls
behind the slowest one's is punished; here the reward is the suite's metric as it is.

Since a policy serves one trade-off, it is trained for TRADE_OFFS of them; between these the nearest on a
logarithmic scale answers. The penalty on the weights is chosen on the validation split by the mean reward.
Another budget needs another training: from that CATImage sets itself apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

from catbench import Prompts, mixture_curve
from catbench_baselines.features import Floats, Labelled, VectorRouter, entries

TRADE_OFFS = 12
PENALTIES = (1e-4, 1e-3, 1e-2)
"""On the squared weights, where rewards have a standard deviation of 1."""
BONUS = 0.1
"""Weight of the entropy, in the same unit."""
DEFAULT = 1e-3
"""Penalty where no validation split is given."""
STEPS = 60
"""Most iterations of L-BFGS for one trade-off."""
WORDS = 4096
"""Words kept where the vectors are TF-IDF."""


class AdaDiffRouter(VectorRouter):
    """One softmax policy a trade-off."""

    answers_by = ("policies", "trade_offs")
    words = WORDS

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> AdaDiffRouter:
        """Train a policy for each trade-off."""
        vectors, held = self._read(prompts, validation)
        self.trade_offs = self._span(quality)
        self.flops_per_prompt = 2 * entries(vectors) * quality.shape[1]
        self.policies = [self._policy(vectors, quality, trade_off, held) for trade_off in self.trade_offs]
        return self

    def route(self, prompts: Prompts, trade_offs: Floats) -> npt.NDArray[np.int64]:
        """Return positions in the pool (T, n): what the policy nearest to each trade-off finds likeliest."""
        vectors = self._vectors.transform(prompts)
        choices = np.array([_scores(vectors, weights).argmax(axis=1) for weights in self.policies])
        lowest = self.trade_offs[-1] / 10  # so that 0 has a logarithm
        asked, trained = (np.log(np.maximum(t, lowest)) for t in (trade_offs, self.trade_offs))
        return choices[np.abs(asked[:, None] - trained).argmin(axis=1)]

    def _policy(
        self, vectors: Any, quality: Floats, trade_off: float, held: tuple[Any, Floats] | None
    ) -> Floats:
        """Return the weights of the policy for one trade-off."""
        reward = quality - trade_off * self._pool.cost
        reward = reward / (float((reward - reward.mean(axis=1, keepdims=True)).std()) or 1.0)
        if held is None:
            return _train(vectors, reward, DEFAULT)
        tried = [_train(vectors, reward, penalty) for penalty in PENALTIES]
        true = held[1] - trade_off * self._pool.cost
        return max(tried, key=lambda weights: _taken(held[0], true, weights))

    def _span(self, quality: Floats) -> Floats:
        """Return falling trade-offs, ten times the means' steepest hull slope to a tenth of the flattest."""
        slopes = mixture_curve(quality, self._pool.cost).trade_off[1:]
        if not len(slopes):
            slopes = np.array([float(quality.std()) / float(np.ptp(self._pool.cost) or 1) or 1.0])
        return np.geomspace(slopes[0] * 10, slopes[-1] / 10, TRADE_OFFS)


def _scores(vectors: Any, weights: Floats) -> Floats:
    """Return logits (n, M); the last row of the weights is added to all."""
    return np.asarray(vectors @ weights[:-1]) + weights[-1]


def _taken(vectors: Any, reward: Floats, weights: Floats) -> float:
    """Return the mean reward of the likeliest candidates."""
    return float(reward[np.arange(len(reward)), _scores(vectors, weights).argmax(axis=1)].mean())


def _train(vectors: Any, reward: Floats, penalty: float) -> Floats:
    """Return the weights (d + 1, M) that maximise the mean expected reward (n, M) less the penalty."""
    start = np.zeros((vectors.shape[1] + 1, reward.shape[1]))

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(start.shape)
        likely = log_softmax(_scores(vectors, weights), axis=1)
        chance = np.exp(likely)
        value = reward - BONUS * likely
        expected = np.einsum("nm,nm->n", chance, value)[:, None]
        slope = chance * (expected - value) / len(reward)
        gradient = np.vstack([np.asarray(vectors.T @ slope), slope.sum(axis=0)])
        gradient[:-1] += 2 * penalty * weights[:-1]
        return float(-expected.mean() + penalty * (weights[:-1] ** 2).sum()), gradient.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return found.x.reshape(start.shape)


make_router = AdaDiffRouter
