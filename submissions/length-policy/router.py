"""A policy decides itself, `route(prompts, trade_offs)` instead of `predict`: here by a prompt's length."""

import numpy as np

CLASSES = 4


class LengthPolicy:
    """For each class of lengths the mean quality of each candidate; at a trade-off the best value in it."""

    def __init__(self, pool):
        self.cost = pool.cost

    def fit(self, prompts, quality):
        """Learn the borders between classes and the mean qualities in each."""
        length = self.length(prompts)
        self.borders = np.quantile(length, np.arange(1, CLASSES) / CLASSES)
        kind = np.searchsorted(self.borders, length)
        everywhere = quality.mean(axis=0)
        self.quality = np.array(
            [
                quality[kind == one].mean(axis=0) if (kind == one).any() else everywhere
                for one in range(CLASSES)
            ]
        )

    def route(self, prompts, trade_offs):
        """Return positions in the pool, (trade-offs, prompts)."""
        kind = np.searchsorted(self.borders, self.length(prompts))
        value = self.quality[None] - trade_offs[:, None, None] * self.cost
        return value.argmax(axis=2)[:, kind]

    @staticmethod
    def length(prompts):
        """Return the number of words of each prompt."""
        return np.array([len(text.split()) for text in prompts])


def make_router(pool):
    """Return the policy for a pool."""
    return LengthPolicy(pool)
