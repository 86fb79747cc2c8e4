"""A whole run over the tiny pipelines: every stage, and the suite that comes out."""

from __future__ import annotations

import pytest

from catbench.generate.run import Plan, generate
from catbench.store import verify


def test_a_suite_without_scores_becomes_one_with(suite, tmp_path):
    outcome = generate(Plan.of(suite()), tmp_path / "run")
    matrix = verify(outcome.suite)
    assert matrix.candidate_ids == ("tiny-2", "tiny-3")
    assert matrix.scores["sharpness"].shape == (6, 2, 2)
    assert outcome.images == 6 * 2 * 2
