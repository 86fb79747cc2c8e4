"""A policy decides itself, `route(prompts, trade_offs)` instead of `predict`: here by a prompt's words."""

from collections import Counter, defaultdict

import numpy as np

FEW = 10
"""Prompts with a word before half of what they say of it is believed."""


class WordPolicy:
    """What a word does to each candidate's quality; at a trade-off the best value of a prompt's words."""

    def __init__(self, pool):
        self.cost = pool.cost

    def fit(self, prompts, quality):
        """Learn how far the prompts with a word are from all others."""
        self.mean = quality.mean(axis=0)
        count, total = Counter(), defaultdict(float)
        for text, row in zip(prompts, quality - self.mean, strict=True):
            for word in set(text.split()):
                count[word] += 1
                total[word] += row
        self.effect = {word: total[word] / (count[word] + FEW) for word in total}

    def route(self, prompts, trade_offs):
        """Return positions in the pool, (trade-offs, prompts)."""
        words = [sorted(set(text.split()) & self.effect.keys()) for text in prompts]
        quality = np.array([self.mean + sum(self.effect[word] for word in known) for known in words])
        return np.array([(quality - trade_off * self.cost).argmax(axis=1) for trade_off in trade_offs])


def make_router(pool):
    """Return the policy for a pool."""
    return WordPolicy(pool)
