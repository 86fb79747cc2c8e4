import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench.errors import UsageError
from catbench_make.nano.phrases import CELL_PHRASES, PATTERN_PHRASES, phrase
from catbench_make.nano.reading import read
from catbench_make.nano.world import CELLS, MAX_THINGS, PATTERNS, Scene, Thing, draw_scene, empty


def scene_of(background, **things):
    """Scene from cell0="small red star", ..."""
    cells = [None] * CELLS
    for name, words in things.items():
        cells[int(name.removeprefix("cell"))] = Thing(*words.split())
    return Scene(background, tuple(cells))


@given(st.integers(0, 2**32), st.integers(0, MAX_THINGS), st.integers(0, 100))
def test_every_prompt_reads_back_to_its_scene(seed, complexity, phrasing):
    scene = draw_scene(random.Random(seed), complexity)
    assert read(phrase(scene, phrasing)) == scene


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("nothing on a gray background", empty("gray")),
        (
            "a small red star above a big blue ring, three green circles on the left and a tiny violet box "
            "in the top right corner, on a pink background",
            scene_of(
                "pink",
                cell1="small red star", cell4="big blue ring",
                cell0="medium green circle", cell3="medium green circle", cell6="medium green circle",
                cell2="small purple square",
            ),
        ),
        (
            "on a grey background, a black plus at the top with an orange disc below it",
            scene_of("gray", cell1="medium black cross", cell4="medium orange circle"),
        ),
        ("TEAL  background: a red star on the left", scene_of("teal", cell3="medium red star")),
    ],
)  # fmt: skip
def test_sentences_read_by_hand(prompt, scene):
    assert read(prompt) == scene


@pytest.mark.parametrize(
    ("prompt", "complaint"),
    [
        ("a cat on a mat", "names no background"),
        ("a red dog on the left on a gray background", "cannot read 'a red dog on the left'"),
        ("a red star on the left and a blue star on the left on a gray background", "two things in one"),
        ("two red stars on the left on a gray background", "two things cannot stand"),
        ("a red star above a blue star at the top on a gray background", "cannot read"),
    ],
)
def test_other_texts_are_refused_with_the_place_that_is_wrong(prompt, complaint):
    with pytest.raises(UsageError, match=complaint):
        read(prompt)


def test_a_scene_has_many_phrasings_and_each_is_reproducible():
    scene = draw_scene(random.Random(1), 4)
    ways = [phrase(scene, seed) for seed in range(40)]
    assert len(set(ways)) > 30
    assert ways == [phrase(scene, seed) for seed in range(40)]


def test_a_place_is_said_in_words_of_its_own():
    places = [words for options in CELL_PHRASES.values() for words in options]
    assert len(places) == len(set(places))
    counted = [(w, len(PATTERNS[name])) for name, options in PATTERN_PHRASES.items() for w in options]
    assert len(counted) == len(set(counted))
    assert set(PATTERN_PHRASES) == set(PATTERNS)
