"""Honesty checks of a submission: it predicts from the prompt and the training data, and nothing else.

repeats        a second process, fitted anew, predicts the same
order          in another order of the test prompts, each prompt gets the same
one at a time  shown alone, each of 64 sampled prompts gets the same: nothing is read off the batch
canary         fitted to training qualities that were shuffled among the prompts, it gains nothing over
               the mixture: what it knows comes from what it was given. The gain is on the suite's first
               metric, fixed beforehand, and fails where the low end of its 99.9% interval is above 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from catbench.arrays import Floats, Ints
from catbench.bootstrap import Bootstrap, replicate_blocks
from catbench.measures.audc import audc
from catbench.measures.headroom import gain
from catbench.pool import Pool
from catbench.rounds import Part, Round, Rounds
from catbench.routing import Answer, ask_at
from catbench.sandbox.session import Session
from catbench.scoring import sweep_of
from catbench.submission.answers import ask_in_order, audc_gap, difference
from catbench.submission.record import Check
from catbench.sweep import mixture_curves

TOLERANCE = 1e-4
"""How far two answers may be apart, relative (`answers.difference`)."""
SHARE = 1e-3
"""How far their AUDCs may be apart, of the headroom (`answers.audc_gap`): room for two events that change
places in a curve of few prompts."""
ALONE = 64
TAIL = (1 - 0.999) / 2
REPLICATES = 2000


def check_repeats(
    rounds: Rounds, pools: Sequence[Pool], answers: Mapping[str, Answer], again: Mapping[str, Answer]
) -> Check:
    """Compare the answers that count with those of a second process, where everything was fitted anew."""
    return compare("repeats", "fitted anew in a second process", rounds.test, pools, answers, again)


def check_order(
    session: Session,
    one: Round,
    pools: Sequence[Pool],
    answers: Mapping[str, Answer],
) -> Check:
    """Ask the routers of `session`, fitted in the order of `pools`, in another order of the prompts."""
    order = np.random.default_rng([pools[0].seed, 1]).permutation(len(one.test))
    again = {
        pool.metric: ask_in_order(session, one, pool, router, order) for router, pool in enumerate(pools)
    }
    return compare("order", "asked in another order", one.test, pools, answers, again)


def check_alone(
    session: Session,
    one: Round,
    pools: Sequence[Pool],
    answers: Mapping[str, Answer],
) -> Check:
    """Ask the routers of `session` about single prompts."""
    prompts = one.test.texts()
    sampled = np.random.default_rng([pools[0].seed, 2]).permutation(len(prompts))[:ALONE]
    alone: dict[str, Answer] = {}
    for router, pool in enumerate(pools):
        asked_at = ask_at(one.train.labelled(pool)[1], pool.cost)
        alone[pool.metric] = _joined([session.ask(router, prompts.take([row]), asked_at) for row in sampled])
    counted = {metric: _at(answer, sampled) for metric, answer in answers.items()}
    how = f"{len(sampled)} sampled prompts asked one at a time"
    return compare("one at a time", how, one.test, pools, counted, alone, sampled)


def compare(
    name: str,
    how: str,
    test: Part,
    pools: Sequence[Pool],
    answers: Mapping[str, Answer],
    again: Mapping[str, Answer],
    rows: Ints | slice = slice(None),
) -> Check:
    """Return the check whether answers about test prompts, `rows` of the split, come again.

    They are the same within TOLERANCE, and their areas within SHARE: predictions of one candidate may be so
    large that they hide the others, but nothing hides what is scored.
    """
    apart = gap = 0.0
    for pool in pools:
        one, other = answers[pool.metric], again[pool.metric]
        quality = test.labelled(pool)[1][rows]
        apart = max(apart, difference(one, other))
        gap = max(gap, audc_gap(one, other, quality, pool))
    says = f"{how}: predictions differ by {apart:.2g}, relative, and AUDC by {gap:.2g} of the headroom"
    passed = apart <= TOLERANCE and gap <= SHARE
    return Check(name=name, passed=passed, value=min(apart, 1e300), bound=TOLERANCE, says=says)


def check_canary(session: Session, one: Round, pool: Pool) -> Check:
    """Fit to shuffled qualities and measure the gain on the pool's metric."""
    random = np.random.default_rng([pool.seed, 3])
    train, validation = (
        (prompts, quality[random.permutation(len(quality))])
        for prompts, quality in (one.train.labelled(pool), one.validation.labelled(pool))
    )
    router = session.make(pool)
    session.fit(router, train, validation)
    order = random.permutation(len(one.test))
    answer = ask_in_order(session, one, pool, router, order)
    low = gain_low_end(answer, one.test, pool)
    says = (
        f"gain in {pool.metric} after fitting to shuffled qualities: low end of its 99.9% interval {low:.3g}"
    )
    return Check(name="canary", passed=low <= 0, value=low, bound=0.0, says=says)


def gain_low_end(answer: Answer, test: Part, pool: Pool) -> float:
    """Return the low end of the 99.9% interval of an answer's gain over the mixture."""
    quality = test.labelled(pool)[1]
    sweep = sweep_of(answer, quality, pool)

    def gain_of(weights: Floats) -> Floats:
        mixture = mixture_curves(weights @ quality / weights.sum(axis=1, keepdims=True), pool.cost)
        return gain(audc(sweep.curve(weights), pool.cost), audc(mixture, pool.cost))

    groups = test.matrix.prompts["group"].to_numpy()[test.rows]
    with threadpool_limits(1):
        blocks = replicate_blocks(groups, Bootstrap(REPLICATES, pool.seed))
        draws = [gain_of(weights) for weights in blocks]
    return float(np.quantile(np.concatenate(draws), TAIL, method="inverted_cdf"))


def _at(answer: Answer, rows: Ints) -> Answer:
    """Return the answer about some prompts, by their positions."""
    return replace(
        answer,
        predicted=None if answer.predicted is None else answer.predicted[rows],
        choices=None if answer.choices is None else answer.choices[:, rows],
    )


def _joined(answers: Sequence[Answer]) -> Answer:
    if answers[0].predicted is not None:
        return replace(answers[0], predicted=np.concatenate([np.asarray(a.predicted) for a in answers]))
    return replace(answers[0], choices=np.concatenate([np.asarray(a.choices) for a in answers], axis=1))
