import random
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench_make.nano.world import (
    BACKGROUNDS,
    CELLS,
    COLOURS,
    MAX_THINGS,
    PATTERNS,
    SHAPES,
    SIZES,
    Scene,
    Thing,
    draw_scene,
    draw_scenes,
    empty,
)

things = st.builds(Thing, st.sampled_from(SIZES), st.sampled_from(COLOURS), st.sampled_from(SHAPES))
scenes = st.builds(
    Scene,
    st.sampled_from(BACKGROUNDS),
    st.lists(st.none() | things, min_size=CELLS, max_size=CELLS).map(tuple),
)


def take(seed, number, audience):
    return list(islice(draw_scenes(seed, audience), number))


def test_a_seed_gives_the_same_scenes_on_every_machine():
    first = [scene.key for scene in take(0, 3, "training")]
    assert first == [scene.key for scene in take(0, 3, "training")]
    assert first != [scene.key for scene in take(1, 3, "training")]
    assert first != [scene.key for scene in take(0, 3, "suite")]


def test_training_and_suite_never_share_a_scene():
    training = {scene.key for scene in take(0, 1500, "training")}
    suite = {scene.key for scene in take(0, 1500, "suite")}
    assert not training & suite
    assert {scene.audience for scene in take(5, 200, "training")} == {"training"}
    assert {scene.audience for scene in take(5, 200, "suite")} == {"suite"}


def test_a_fifth_of_all_scenes_is_held_out():
    rng = random.Random(3)
    share = sum(draw_scene(rng, 3).audience == "suite" for _ in range(4000)) / 4000
    assert share == pytest.approx(0.2, abs=0.03)


@given(scenes, scenes)
def test_equal_keys_are_equal_scenes(one, other):
    assert (one.key == other.key) == (one == other)


@given(st.integers(0, 2**32), st.integers(0, MAX_THINGS))
def test_a_drawn_scene_has_so_many_things_that_can_be_seen(seed, complexity):
    scene = draw_scene(random.Random(seed), complexity)
    assert scene.complexity == complexity
    assert all(thing.colour != scene.background for _, thing in scene.things)


def test_every_complexity_and_every_pattern_occurs():
    drawn = take(2, 1500, "suite")
    assert {scene.complexity for scene in drawn} == set(range(1, MAX_THINGS + 1))
    assert 0 in {scene.complexity for scene in take(2, 200, "training")}
    for cells in PATTERNS.values():
        assert any(len({scene.cells[c] for c in cells}) == 1 and scene.cells[cells[0]] for scene in drawn)


def test_impossible_scenes_are_refused():
    with pytest.raises(ValueError, match="complexity 7"):
        draw_scene(random.Random(0), 7)
    with pytest.raises(ValueError, match="9 cells, not 1"):
        Scene("gray", (None,))
    assert empty("gray").complexity == 0
