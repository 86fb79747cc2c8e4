import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench.errors import UsageError
from catbench_make.nano.phrases import CELL_PHRASES, PATTERN_PHRASES, phrase, say
from catbench_make.nano.reading import read
from catbench_make.nano.world import CELLS, MAX_THINGS, Inventory, Scene, Thing, Vocabulary


def drawn(seed, complexity):
    return Vocabulary().draw_scene(random.Random(seed), complexity, "garden")


@given(st.integers(0, 2**32), st.integers(0, MAX_THINGS), st.integers(0, 100))
def test_a_prompt_with_places_reads_back_to_its_scene(seed, complexity, phrasing):
    scene = drawn(seed, complexity)
    assert read(phrase(scene, phrasing)) == scene


@given(st.integers(0, 2**32), st.integers(1, MAX_THINGS), st.integers(0, 100))
def test_a_prompt_without_places_reads_back_to_the_inventory_and_names_its_things(seed, complexity, phrasing):
    scene = drawn(seed, complexity)
    said = say(scene, phrasing, places=False)
    assert read(said.text) == scene.inventory == Inventory(scene.background, said.things)
    places = [
        words for table in (CELL_PHRASES, PATTERN_PHRASES) for options in table.values() for words in options
    ]
    assert not any(re.search(rf"\b{words}\b", said.text) for words in places)


def test_things_are_named_in_the_order_of_the_prompt():
    scene = drawn(5, 4)
    for phrasing in range(20):
        said = say(scene, phrasing, places=False)
        found = [said.text.index(f"{thing.colour} {thing.shape}") for thing in said.things
                 if f"{thing.colour} {thing.shape}" in said.text]  # fmt: skip
        assert found == sorted(found)
    assert say(scene, 0).things == ()


def test_open_prompts_of_one_inventory_are_the_same_wherever_things_stand():
    scene = drawn(6, 3)
    moved = Scene(scene.background, scene.cells[::-1])
    assert moved != scene
    assert phrase(scene, 1, places=False) == phrase(moved, 1, places=False)


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        (
            "three green rings and a big pink heart on a navy background",
            Inventory("navy", (Thing("medium", "green", "ring"),) * 3 + (Thing("big", "pink", "heart"),)),
        ),
        (
            "a picture of six tiny turquoise gates on a grey background",
            Inventory("gray", (Thing("small", "cyan", "arch"),) * 6),
        ),
        (
            "a red arrow below a lime crescent on a white background",
            Scene(
                "white",
                tuple(
                    {4: Thing("medium", "lime", "moon"), 7: Thing("medium", "red", "arrow")}.get(cell)
                    for cell in range(CELLS)
                ),
            ),
        ),
        ("an empty teal background", Scene("teal", (None,) * CELLS)),
    ],
)
def test_sentences_read_by_hand(prompt, asked):
    assert read(prompt) == asked


@pytest.mark.parametrize(
    ("prompt", "complaint"),
    [
        ("a cat on a mat", "names no background"),
        ("a red dog on a gray background", "cannot read 'a red dog'"),
        ("a red star on the left and a blue star on a gray background", "give one to all or to none"),
        ("four red stars and three blue stars on a gray background", "names 7 things"),
        ("a red star on the left and a blue star on the left on a gray background", "two things in one"),
    ],
)
def test_other_texts_are_refused_with_what_is_wrong(prompt, complaint):
    with pytest.raises(UsageError, match=complaint):
        read(prompt)
