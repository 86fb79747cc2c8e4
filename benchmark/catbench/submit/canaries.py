"""Canaries: runs that an honest router ends as is foretold, and that look like the one that counts.

shuffled labels    fitted to qualities that were shuffled among the prompts, less half of what was each
                   prompt's own, it gains nothing over the mixture
mixed labels       where a quarter of each prompt's qualities is another prompt's, it keeps half of its gain
reworded prompts   asked about the test prompts in other words (`catbench.submit.rewording`), likewise

Each is a session of its own, or comes before the repeated answers in theirs; all begin with the same calls
of the same sizes. So a router that counts finds nothing to count. One that knows the public labels sees that
they were altered, and not whether it is to gain nothing then or to lose little; one that knows the test
prompts by heart does not know the reworded ones. What is drawn is drawn anew each time.

Shuffling alone would convict honest routers: one that only knows a prompt's length learns some slope from
anything, and where its sign is the right one it routes as well as ever. What is taken off settles the sign.

An honest router fails each once in a thousand submissions, all metrics together: a gain over the mixture is
near enough normal, with the standard error of a bootstrap over groups of prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from catbench.arrays import Floats
from catbench.report.spelling import short
from catbench.report.submission_record import SURE, Check
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap, Values, replicates
from catbench.score.deployment import sweep_of
from catbench.score.measures import audc, gain
from catbench.score.rounds import Part
from catbench.score.sweep import mixture_curves
from catbench.suite.pool import Pool

OWN = 0.5
"""Share of a prompt's own qualities, beside the means, that is taken off shuffled ones."""
OTHERS = 0.25
"""Share of a prompt's qualities that is another prompt's."""
KEPT = 0.5
"""Share of its gain that a router keeps, at least, where labels are mixed or prompts reworded."""
REPLICATES = 300
"""Enough for a standard error."""
Altered: TypeAlias = Callable[[Floats], Floats]
"""What is done to qualities (n, M) before a router is given them."""


def shuffled(random: np.random.Generator) -> Altered:
    """Return what shuffles qualities among prompts, and takes half of their own off."""

    def alter(quality: Floats) -> Floats:
        own = quality - quality.mean(axis=0)
        return quality[random.permutation(len(quality))] - OWN * own

    return alter


def mixed(random: np.random.Generator) -> Altered:
    """Return what mixes a share of other prompts' qualities into each."""
    return lambda quality: (1 - OTHERS) * quality + OTHERS * quality[random.permutation(len(quality))]


SHUFFLED, MIXED, REWORDED = "shuffled labels", "mixed labels", "reworded prompts"
HOW = {
    SHUFFLED: "gain after fitting to shuffled qualities",
    MIXED: "gain kept after fitting to qualities of which a quarter is another prompt's",
    REWORDED: "gain kept on the test prompts in other words",
}


def canary_checks(
    test: Part,
    pools: Sequence[Pool],
    counted: Mapping[str, Answer],
    canaries: Mapping[str, Mapping[str, Answer]],
) -> list[Check]:
    """Return the check of each canary, beside the answers that count; all by metric, and about `test`.

    `canaries` holds the answers of SHUFFLED, MIXED and REWORDED.
    """
    limit = NormalDist().inv_cdf(1 - SURE / len(pools))
    said: dict[str, list[str]] = {name: [] for name in canaries}
    worst: dict[str, float] = dict.fromkeys(canaries, -np.inf)
    for pool in pools:
        answers = [counted[pool.metric], *(answers[pool.metric] for answers in canaries.values())]
        gains = _Gains(answers, test, pool, limit)
        for place, name in enumerate(canaries, start=1):
            if name == SHUFFLED:
                found = gains.low(place)
                said[name].append(f"{short(float(gains.value[place]))} in {pool.metric}")
            else:  # who surely gains something has surely lost more than may be
                found = gains.low(0, KEPT, place) if gains.low(0) > 0 else -np.inf
                own, honest = (short(float(gains.value[at])) for at in (place, 0))
                said[name].append(f"{own} of {honest} in {pool.metric}")
            worst[name] = max(worst[name], found)
    return [
        Check(
            name=name,
            passed=found <= 0,
            value=found if np.isfinite(found) else None,
            bound=0.0,
            says=f"{HOW[name]}: {', '.join(said[name])}",
        )
        for name, found in worst.items()
    ]


class _Gains:
    """Gains over the mixture of several answers about the same prompts, with their replicates."""

    def __init__(self, answers: Sequence[Answer], test: Part, pool: Pool, limit: float) -> None:
        quality = test.labelled(pool)[1]
        sweeps = [sweep_of(answer, quality, pool) for answer in answers]

        def gains(weights: Floats) -> Values:
            mixture = mixture_curves(weights @ quality / weights.sum(axis=1, keepdims=True), pool.cost)
            none = audc(mixture, pool.cost)
            each = [gain(audc(sweep.curve(weights), pool.cost), none) for sweep in sweeps]
            return {"gain": np.stack(each, axis=1)}

        found = replicates(gains, test.groups, Bootstrap(REPLICATES, pool.seed))
        self._limit, self.value, self._draws = limit, found.value["gain"], found.draws["gain"]

    def low(self, place: int, share: float = 1.0, less: int | None = None) -> float:
        """Return the low end of share x the gain at `place`, less that at another place."""
        weights = np.zeros(len(self.value))
        weights[place] = share
        if less is not None:
            weights[less] = -1.0
        return float(self.value @ weights - self._limit * np.std(self._draws @ weights))
