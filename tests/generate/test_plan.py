"""Cutting a suite into shards: seeds, blocks, limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench.errors import SuiteError, UsageError
from catbench.suite.info import Metric
from catbench.suite.store import load_suite
from catbench_make.plan.shard_plan import choose, cut, image_seed, interleaved


def test_seeds_are_those_of_sha256_by_another_implementation():
    # printf '0:p0' | sha256sum, the first 16 digits halved; likewise '3:a cat'.
    assert image_seed("p0", 0) == 0xC7D9B3A0E4C9840E >> 1
    assert image_seed("a cat", 3) == 0x489AA8B3D887E59C >> 1


def test_seeds_of_different_images_differ():
    seeds = {image_seed(prompt, sample) for prompt in ("1", "11", "111") for sample in range(20)}
    assert len(seeds) == 60


def test_every_image_stands_in_exactly_one_shard_and_has_one_seed_for_all_candidates(suite):
    whole = load_suite(suite())
    shards = cut(whole, prompts_per_block=4)
    seen: dict[str, dict[tuple[str, int], int]] = {}
    for shard in shards:
        for image in shard.block.images:
            key = shard.block.prompt_ids[image.row], image.sample
            assert key not in seen.setdefault(shard.candidate.id, {})
            seen[shard.candidate.id][key] = image.seed
    assert len(seen["tiny-2"]) == 12
    assert seen["tiny-2"] == seen["tiny-3"]


def test_shards_of_one_pipeline_stand_together(suite, sdxl, amused, drawn_by):
    candidates = (
        drawn_by(sdxl, 2),
        drawn_by(amused, 2, "other"),
        drawn_by(sdxl, 3),
    )
    order = [shard.candidate.id for shard in cut(load_suite(suite(candidates)), 6)]
    assert order == ["tiny-2", "tiny-3", "other"]


@given(st.lists(st.sampled_from(["train", "validation", "test"]), min_size=1, max_size=60), st.data())
def test_every_beginning_of_the_order_has_the_splits_in_their_proportions(splits, data):
    splits = pd.Series(splits)
    order = interleaved(splits)
    assert sorted(order) == list(range(len(splits)))
    taken = data.draw(st.integers(1, len(splits)))
    counts = splits.iloc[order[:taken]].value_counts()
    for split, size in splits.value_counts().items():
        assert abs(counts.get(split, 0) - taken * size / len(splits)) < splits.nunique()
    if taken >= splits.nunique():
        assert set(counts.index) == set(splits)


def test_a_larger_limit_keeps_the_whole_blocks_of_a_smaller_one(suite):
    whole = load_suite(suite())
    few = cut(choose(whole, whole.candidates, limit=4), 2)
    many = cut(choose(whole, whole.candidates, limit=6), 2)
    assert {shard.name for shard in few} < {shard.name for shard in many}


def test_prompts_stand_in_the_order_of_drawing(suite):
    whole = load_suite(suite())
    chosen = choose(whole, whole.candidates, limit=5)
    drawn = [prompt for shard in cut(chosen, 2)[:3] for prompt in shard.block.prompt_ids]
    assert drawn == list(chosen.prompts["prompt_id"])
    assert set(chosen.prompts["split"].iloc[:3]) == set(whole.prompts["split"])  # one of each comes first


def test_pools_without_all_their_candidates_are_left_out(suite):
    whole = load_suite(suite())
    assert choose(whole, whole.candidates[:1]).pools == {}
    assert choose(whole, whole.candidates).pools == whole.pools


def test_features_go_with_their_prompts(suite):
    from dataclasses import replace

    whole = load_suite(suite())
    features = np.arange(6, dtype=np.float32)[:, None]
    chosen = choose(replace(whole, features={"x": features}), whole.candidates, limit=4)
    rows = [int(name.removeprefix("p")) for name in chosen.prompts["prompt_id"]]
    assert chosen.features["x"][:, 0].tolist() == rows


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"limit": 2}, "--limit 2: at least 3"), ({"samples": 0}, "--samples 0: at least 1")],
)
def test_too_little_is_refused(suite, arguments, message):
    whole = load_suite(suite())
    with pytest.raises(UsageError, match=message):
        choose(whole, whole.candidates, **arguments)


def test_a_suite_without_metrics_is_refused(suite):
    from dataclasses import replace

    whole = load_suite(suite(metrics=(Metric(name="sharpness"),)))
    with pytest.raises(SuiteError, match="lists no metrics"):
        replace(whole, metrics=())


def test_an_altered_prompt_table_is_refused(suite):
    folder = suite()
    with (folder / "prompts.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(SuiteError, match=r"prompts\.parquet: SHA-256"):
        load_suite(folder)
