"""What an answer is scored against: true qualities of the tested prompts, and what training says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Ints
from catbench.suite.pool import Pool


@dataclass(frozen=True, eq=False)
class Truth:
    """True qualities of n tested prompts, higher is better, columns in the pool's order."""

    pool: Pool
    samples: Floats
    """(n, M, S)."""
    groups: npt.NDArray[np.str_]
    """(n,): what a bootstrap resamples."""
    round: Ints
    """(n,): in which round each is tested."""
    best: Ints
    """(n,): position of the best single candidate of each prompt's round."""
    best_single: str
    """Id of the best single candidate, whatever the slice; of several folds' the commonest, of equally common
    ones the cheaper."""
    limit: float
    """Its mean cost over all tested prompts, whatever the slice."""
    pairs: Ints
    """(P, 2): prompts of one group with different texts, normalised."""
    stages: tuple[int, int] | None = None
    """The cascade's two candidates; None for no cascade."""
    kind: str = ""
    """Column behind `best_of_kind`; empty where no column tells kinds apart."""
    best_of_kind: Floats | None = None
    """(n, M): training means of the prompts of each prompt's kind."""
    shrinkage: float = 1.0
    """What share of a deviation the shrunk oracle keeps (`catbench.score.unseen_oracles`), whatever
    the slice."""
    unseen: bool = True
    """Whether samples are images, so that one can be kept from an oracle; raters all see the same image."""

    @property
    def quality(self) -> Floats:
        """Means over samples, (n, M)."""
        return self.samples.mean(axis=2)

    def part(self, inside: npt.NDArray[np.bool_]) -> Truth:
        """Return the truth about some of the prompts, by a mask (n,)."""
        place = np.cumsum(inside) - 1
        pairs = place[self.pairs[inside[self.pairs].all(axis=1)]]
        kinds = None if self.best_of_kind is None else self.best_of_kind[inside]
        return replace(
            self,
            samples=self.samples[inside],
            groups=self.groups[inside],
            round=self.round[inside],
            best=self.best[inside],
            pairs=pairs,
            best_of_kind=kinds,
        )


def best_position(means: Floats, cost: Floats) -> int:
    """Return the position of the best of mean qualities (M,); of equally good candidates the cheapest."""
    order = np.argsort(cost, kind="stable")
    return int(order[means[order].argmax()])


def mean_cost(cost: Floats) -> float:
    """Return the mean of costs (n,), which rounding has not carried beyond them: of equal ones, that one."""
    return float(np.clip(cost.mean(), cost.min(), cost.max()))
