import pytest

from catbench.suite.prompts import SPLITS
from catbench_make.nano.nano_suite import distinct_scenes, prompt_table
from catbench_make.nano.phrases import phrase
from catbench_make.nano.reading import read
from catbench_make.nano.world import THEMES, Inventory, Scene, draw_scenes


@pytest.fixture(scope="module")
def scenes():
    return distinct_scenes(400, seed=0)


@pytest.fixture(scope="module")
def table(scenes):
    return prompt_table(scenes, 0, "nano")


def test_prompts_ask_for_what_their_scene_holds(scenes, table):
    by_group = {told.group: told for told in scenes}
    assert len(by_group) == 400
    for row in table.itertuples():
        told = by_group[row.group]
        asked = read(row.text)
        assert asked == (told.scene if told.places else told.scene.inventory)
        assert isinstance(asked, Scene) == (row.places == "given")
        assert asked.complexity == row.complexity > 0
        assert row.source == told.theme in THEMES


def test_rewordings_are_in_one_group_and_split_and_differ(table):
    assert table["text"].is_unique
    assert table["prompt_id"].is_unique
    assert (table.groupby("group")["split"].nunique() == 1).all()
    assert set(table.groupby("group").size()) == {1, 2, 3}
    assert set(table["split"]) == set(SPLITS)
    assert (table["places"] == "open").mean() == pytest.approx(0.3, abs=0.08)


def test_no_prompt_of_a_suite_tells_an_inventory_for_training(table):
    asked = [read(text) for text in table["text"]]
    assert {one.audience for one in asked} == {"suite"}
    trained = next(scene for _, scene in draw_scenes(0, "training") if scene.complexity)
    for places in (True, False):
        told = read(phrase(trained, places=places))
        assert isinstance(told, Scene if places else Inventory)
        assert told.audience == "training"


def test_known_groups_are_left_out_and_a_seed_gives_the_same_prompts(scenes, table):
    fresh = distinct_scenes(50, seed=0, known={told.group for told in scenes[:20]})
    assert [told.scene for told in fresh] == [told.scene for told in scenes[20:70]]
    again = prompt_table(distinct_scenes(400, seed=0), 0, "nano")
    assert again.equals(table)
