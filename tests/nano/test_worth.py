"""The shipped suite is worth routing, and holds what it says."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import evaluate, load
from catbench.suite.store import suite_folder
from catbench_make.drawing.assemble import MOST
from catbench_make.nano.world import HELD_OUT_SHARE


@pytest.fixture(scope="module")
def nano():
    return load("nano")


def test_a_router_gains_on_every_count(nano):
    result = evaluate("mlp", nano, metric="scene_accuracy").result()
    assert result.estimate("gain").low > 0.02
    assert result.estimate("headroom").low > 0.25
    assert result.estimate("unlimited_gain").low > 0.01


def test_an_unseen_image_shows_that_there_is_something_to_gain(nano):
    references = evaluate("mixture", nano, metric="scene_accuracy").result().references
    assert references["oracle_shrunk"]["audc_linear"].low - references["mixture"]["audc_linear"].high > 0.04


def test_one_step_is_worth_less_where_more_things_are_asked_for(nano):
    rows = nano.rows("test")
    rows = rows[(nano.prompts["places"].iloc[rows] == "open").to_numpy()]
    quality = nano.qualities_at("scene_accuracy", rows, nano.samples["test"], nano.pool("nano")).mean(axis=2)
    things = nano.prompts["complexity"].to_numpy()[rows]
    one, most = (quality[inside].mean(axis=0) for inside in (things == 1, things == things.max()))
    assert one[0] / one[-1] > 0.8
    assert most[0] / most[-1] < 0.65


def test_weights_are_small():
    folder = suite_folder("nano").parent.parent / "nano"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 40e6


def test_steps_are_worth_choosing_in_one_model(nano):
    result = evaluate("ridge", nano, metric="scene_accuracy", pool="nano").result()
    assert result.estimate("gain_linear").low > 0


def test_pool_nano_is_one_model(nano):
    assert nano.pool("nano").ids == nano.pool("homogeneous").ids
    assert [int(name.rpartition("-")[2]) for name in nano.pool("nano").ids] == [1, 2, 4, 8, 16]


def test_the_first_test_prompts_have_a_sheet(nano):
    names = set(nano.prompts["prompt_id"].iloc[nano.rows("test")][:MOST])
    assert {path.stem for path in (suite_folder("nano") / "images").glob("*.webp")} == names


def test_no_scene_is_in_two_splits_or_was_trained_on(nano):
    prompts = nano.prompts
    assert (prompts.groupby("group")["split"].nunique() == 1).all()
    # A group is named by the digest of its inventory, and that digest decides whom its scenes are for.
    shares = np.array([int(group[:13], 16) / 16**13 for group in prompts["group"]])
    assert (shares < HELD_OUT_SHARE).all()
    assert len(prompts) >= 4000
    assert prompts["group"].nunique() < len(prompts)
