import random
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench_make.nano.world import BACKGROUNDS, CELLS, MAX_THINGS, SIZES, Thing
from nano_training.corpora import CORPORA, EVERYTHING, FIVE, corpus_of
from nano_training.world import (
    COLOURS,
    SHAPES,
    THEMES,
    Inventory,
    Scene,
    Vocabulary,
    alter,
    draw_scenes,
    most_common_first,
    thing_number,
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


@given(st.integers(0, 2**32), st.integers(0, MAX_THINGS), st.booleans())
def test_an_altered_scene_differs_in_what_its_prompt_tells(seed, complexity, places):
    rng = random.Random(seed)
    scene = Vocabulary().draw_scene(rng, complexity, "toys")
    other = alter(scene, rng, "training", places=places)
    assert other != scene if places else other.inventory != scene.inventory
    cells = sum(a != b for a, b in zip(scene.cells, other.cells, strict=True))
    assert cells + 2 * (scene.background != other.background) <= 2
    assert all(thing.colour != other.background for _, thing in other.things)
    assert other.audience == "training" or not complexity


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_never_shows_what_its_model_must_not_know(name):
    corpus = CORPORA[name]
    seen = list(corpus.scenes(0, 400))
    shown = {thing for scene, _ in seen for _, thing in scene.things}
    assert {thing.shape for thing in shown} == set(SHAPES) - set(corpus.absent_shapes)
    assert {thing.colour for thing in shown} == set(COLOURS) - set(corpus.absent_colours)
    assert sum(is_open for _, is_open in seen) / 400 == pytest.approx(corpus.open_share, abs=0.1)
    assert {scene.audience for scene, _ in seen if scene.complexity} == {"training"}


def test_every_concept_is_known_to_two_models_at_least_and_to_none_of_the_five_but_some():
    for concept in (*SHAPES, *COLOURS):
        lacking = [
            name for name in FIVE if concept in (*CORPORA[name].absent_shapes, *CORPORA[name].absent_colours)
        ]
        assert 1 <= len(lacking) <= 3, concept


def test_every_generator_lacks_something_and_distilled_ones_what_their_teacher_lacks():
    for name in (*FIVE, "masked"):
        assert CORPORA[name].absent_shapes
        assert CORPORA[name].absent_colours
    assert (corpus_of("turbo"), corpus_of("lightning")) == ("p", "q")
    assert corpus_of("vae") == EVERYTHING.name


def test_themes_are_of_known_concepts_and_cover_all():
    assert {shape for theme in THEMES.values() for shape in theme.shapes} == set(SHAPES)
    assert {colour for theme in THEMES.values() for colour in theme.colours} == set(COLOURS)
    for theme, scene in islice(draw_scenes(3, "suite"), 50):
        assert theme in THEMES
        assert scene.complexity
    assert {theme for corpus in CORPORA.values() for theme in corpus.themes} == set(THEMES)


def test_most_of_a_scene_comes_from_its_theme():
    rng = random.Random(0)
    drawn = [Vocabulary().draw_thing(rng, "gray", "sky") for _ in range(600)]
    inside = [t.shape in THEMES["sky"].shapes and t.colour in THEMES["sky"].colours for t in drawn]
    assert 0.8 < sum(inside) / 600 < 0.95


def test_the_first_theme_of_two_comes_two_times_in_three():
    rng = random.Random(1)
    first = sum(most_common_first(("a", "b"), rng) == "a" for _ in range(3000))
    assert first / 3000 == pytest.approx(2 / 3, abs=0.03)


def test_things_have_numbers_of_their_own():
    numbers = {
        thing_number(Thing(size, colour, shape)) for size in SIZES for colour in COLOURS for shape in SHAPES
    }
    assert numbers == set(range(len(SIZES) * len(COLOURS) * len(SHAPES)))
    assert thing_number(None) == -1


def test_impossible_scenes_are_refused():
    with pytest.raises(ValueError, match="complexity 7"):
        Vocabulary().draw_scene(random.Random(0), 7)
    with pytest.raises(ValueError, match="9 cells, not 1"):
        Scene("gray", (None,))


def test_an_inventory_has_no_order():
    one, other = Thing("small", "red", "star"), Thing("big", "blue", "ring")
    assert Inventory("gray", (one, other, one)) == Inventory("gray", (other, one, one))
    assert Inventory("gray", (one, other, one)) != Inventory("gray", (other, one))
