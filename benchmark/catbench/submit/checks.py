"""Honesty checks of a submission: it predicts from the prompt and the training data, and nothing else.

repeats        a second process, fitted anew, predicts the same
order          in another order of the test prompts, each prompt gets the same
one at a time  shown alone, each of 64 sampled prompts gets the same: nothing is read off the batch

That it knows nothing else is what canaries are for (`catbench.submit.canaries`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from catbench.arrays import Ints
from catbench.report.submission_record import Check
from catbench.route.routing import ask_at
from catbench.score.answer import Answer
from catbench.score.rounds import Part, Round, Rounds
from catbench.submit.sandbox.session import Session
from catbench.submit.submitted import ask_in_order, audc_gap, difference
from catbench.suite.pool import Pool

TOLERANCE = 1e-4
"""How far two answers may be apart, relative (`answers.difference`)."""
SHARE = 1e-3
"""How far their AUDCs may be apart, of the headroom (`answers.audc_gap`): room for two events that change
places in a curve of few prompts."""
ALONE = 64


def check_repeats(
    rounds: Rounds, pools: Sequence[Pool], answers: Mapping[str, Answer], again: Mapping[str, Answer]
) -> Check:
    """Compare the answers that count with those of a second process, where everything was fitted anew."""
    return compare_answers("repeats", "fitted anew in a second process", rounds.test, pools, answers, again)


def check_order(
    session: Session,
    one: Round,
    pools: Sequence[Pool],
    answers: Mapping[str, Answer],
) -> Check:
    """Ask the routers of `session`, fitted in the order of `pools`, in another order of the prompts."""
    order = np.random.default_rng([pools[0].seed, 1]).permutation(len(one.test))
    again = {
        pool.metric: ask_in_order(session, one, pool, router, order, one.test.texts())
        for router, pool in enumerate(pools)
    }
    return compare_answers("order", "asked in another order", one.test, pools, answers, again)


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
    return compare_answers("one at a time", how, one.test, pools, counted, alone, sampled)


def compare_answers(
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
