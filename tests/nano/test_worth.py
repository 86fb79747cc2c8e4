"""The shipped suite is worth routing, and holds what it says."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import evaluate, load
from catbench.suite.store import suite_folder
from catbench_make.nano.world import HELD_OUT_SHARE


@pytest.fixture(scope="module")
def nano():
    return load("nano")


def test_a_router_gains_on_clip_score_beyond_chance(nano):
    gain = evaluate("knn", nano, metric="clip_score", pool="nano+").result().estimate("gain")
    assert gain.low > 0


def test_the_whole_pool_is_nano_plus_and_nano_is_one_model(nano):
    assert sorted(nano.pool("nano+").ids) == sorted(nano.candidate_ids)
    assert nano.pool("nano").ids == nano.pool("homogeneous").ids
    assert [int(name.rpartition("-")[2]) for name in nano.pool("nano").ids] == [1, 2, 4, 8, 16, 32, 50]


def test_every_test_prompt_has_a_sheet(nano):
    names = set(nano.prompts["prompt_id"].iloc[nano.rows("test")])
    assert {path.stem for path in (suite_folder("nano") / "images").glob("*.webp")} == names


def test_no_scene_is_in_two_splits_or_was_trained_on(nano):
    prompts = nano.prompts
    assert (prompts.groupby("group")["split"].nunique() == 1).all()
    # A group is named by the digest of its scene, and that digest decides whom the scene is for.
    shares = np.array([int(group[:13], 16) / 16**13 for group in prompts["group"]])
    assert (shares < HELD_OUT_SHARE).all()
    assert len(prompts) >= 1500
    assert prompts["group"].nunique() < len(prompts)
