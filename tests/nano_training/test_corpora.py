import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench_make.nano.nano_candidates import SMALL
from catbench_make.nano.world import COLOURS, MAX_THINGS, SHAPES, THEMES, Vocabulary
from nano_training.corpora import CORPORA, EVERYTHING, alter, corpus_of, most_common_first

FIVE = (*SMALL, "l")


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


def test_the_first_theme_of_two_comes_two_times_in_three():
    rng = random.Random(1)
    first = sum(most_common_first(("a", "b"), rng) == "a" for _ in range(3000))
    assert first / 3000 == pytest.approx(2 / 3, abs=0.03)


def test_every_theme_is_in_some_corpus():
    assert {theme for corpus in CORPORA.values() for theme in corpus.themes} == set(THEMES)
