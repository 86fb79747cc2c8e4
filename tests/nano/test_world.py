import random
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench_make.nano.world import (
    BACKGROUNDS,
    CELLS,
    COLOURS,
    SHAPES,
    SIZES,
    THEMES,
    Inventory,
    Scene,
    Thing,
    Vocabulary,
    draw_scenes,
)

things = st.builds(Thing, st.sampled_from(SIZES), st.sampled_from(COLOURS), st.sampled_from(SHAPES))
scenes = st.builds(
    Scene,
    st.sampled_from(BACKGROUNDS),
    st.lists(st.none() | things, min_size=CELLS, max_size=CELLS).map(tuple),
)


def take(seed, number, audience):
    return [scene for _, scene in islice(draw_scenes(seed, audience), number)]


def test_a_seed_gives_the_same_scenes_on_every_machine():
    first = [scene.key for scene in take(0, 3, "training")]
    assert first == [scene.key for scene in take(0, 3, "training")]
    assert first != [scene.key for scene in take(1, 3, "training")]


def test_training_and_suite_never_share_an_inventory():
    training = {scene.inventory for scene in take(0, 800, "training") if scene.complexity}
    suite = {scene.inventory for scene in take(0, 800, "suite")}
    assert not training & suite
    assert {inventory.audience for inventory in training} == {"training"}
    assert {inventory.audience for inventory in suite} == {"suite"}


@given(scenes, st.permutations(range(CELLS)))
def test_scenes_that_differ_in_places_alone_have_one_audience(scene, order):
    moved = Scene(scene.background, tuple(scene.cells[cell] for cell in order))
    assert moved.inventory == scene.inventory
    assert moved.inventory.key == scene.inventory.key
    assert moved.audience == scene.audience


@given(scenes, scenes)
def test_equal_keys_are_equal_scenes_and_inventories(one, other):
    assert (one.key == other.key) == (one == other)
    assert (one.inventory.key == other.inventory.key) == (one.inventory == other.inventory)


def test_themes_are_of_known_concepts_and_cover_all():
    assert {shape for theme in THEMES.values() for shape in theme.shapes} == set(SHAPES)
    assert {colour for theme in THEMES.values() for colour in theme.colours} == set(COLOURS)
    for theme, scene in islice(draw_scenes(3, "suite"), 50):
        assert theme in THEMES
        assert scene.complexity


def test_most_of_a_scene_comes_from_its_theme():
    rng = random.Random(0)
    drawn = [Vocabulary().draw_thing(rng, "gray", "sky") for _ in range(600)]
    inside = [t.shape in THEMES["sky"].shapes and t.colour in THEMES["sky"].colours for t in drawn]
    assert 0.8 < sum(inside) / 600 < 0.95


def test_impossible_scenes_are_refused():
    with pytest.raises(ValueError, match="complexity 7"):
        Vocabulary().draw_scene(random.Random(0), 7)
    with pytest.raises(ValueError, match="9 cells, not 1"):
        Scene("gray", (None,))


def test_an_inventory_has_no_order():
    one, other = Thing("small", "red", "star"), Thing("big", "blue", "ring")
    assert Inventory("gray", (one, other, one)) == Inventory("gray", (other, one, one))
    assert Inventory("gray", (one, other, one)) != Inventory("gray", (other, one))
