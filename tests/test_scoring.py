"""A resample is scored as its prompts drawn that often are, and many resamples at once as each alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catbench.pool import Candidate, Pool
from catbench.predictions import restrict
from catbench.routing import Answer
from catbench.scoring import Scorer

PROMPTS = 6


@st.composite
def scorings(draw):
    """Draw a scorer's four arguments, of either kind of router, with ties and equal costs likely."""
    candidates, random = draw(st.integers(1, 4)), np.random.default_rng(draw(st.integers(0, 10_000)))
    named = tuple(Candidate(id=f"c{i}") for i in range(candidates))
    pool = Pool("all", named, random.integers(1, 5, candidates).astype(float), "tflops", "quality")
    predicted = random.integers(-3, 4, (PROMPTS, candidates)).astype(float)
    choices = random.integers(0, candidates, (3, PROMPTS))
    said = (predicted, None) if draw(st.booleans()) else (None, choices)
    answer = Answer(*said, np.array([2.0, 1.0, 0.0]), flops_per_prompt=5e11)
    samples = random.integers(-3, 4, (PROMPTS, candidates, 2)).astype(float)
    return answer, samples, pool, draw(st.sampled_from([None, (0, candidates - 1), (candidates - 1, 0)]))


counts = st.lists(st.integers(0, 3), min_size=PROMPTS, max_size=PROMPTS).filter(any)


@given(scorings(), st.lists(counts, min_size=2, max_size=4))
@settings(deadline=None, max_examples=40)
def test_resamples_scored_at_once_are_those_scored_alone(scoring, resamples):
    scorer, weights = Scorer(*scoring), np.array(resamples, float)
    together = scorer.report_values(weights)
    for row in range(len(weights)):
        alone = scorer.report_values(weights[row : row + 1])
        assert together.keys() == alone.keys()
        for name, values in alone.items():
            np.testing.assert_allclose(together[name][row], values[0], rtol=1e-9, atol=1e-9, err_msg=name)


@given(scorings(), counts)
@settings(deadline=None, max_examples=40)
def test_a_resample_is_scored_as_its_prompts_repeated(scoring, drawn):
    answer, samples, pool, stages = scoring
    rows = np.repeat(np.arange(PROMPTS), drawn)
    repeated = Scorer(restrict(answer, rows), samples[rows], pool, stages)
    found = Scorer(*scoring).report_values(np.array([drawn], float))
    for name, wanted in repeated.report_values(np.ones((1, len(rows)))).items():
        np.testing.assert_allclose(found[name], wanted, rtol=1e-7, atol=1e-7, err_msg=name)
