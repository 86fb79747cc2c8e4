"""The nano suite before its scores, and fresh test prompts for it."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from catbench.errors import UsageError
from catbench.suite.prompts import group_of
from catbench.suite.store import load_suite, save
from catbench_make.nano.fresh import fresh_test
from catbench_make.nano.nano_suite import nano_problem, with_features
from catbench_make.nano.offered import STEPS, nano_candidates, nano_pools
from catbench_make.nano.reading import read
from catbench_make.nano.shelf import SHELF
from catbench_make.plan.candidates import choose_candidates, drawing_settings
from catbench_make.plan.settings import local_source


@pytest.fixture(scope="module")
def problem():
    return nano_problem(scenes=60)


def test_prompts_tell_held_out_scenes_and_a_scene_stays_in_one_split(problem):
    scenes = [read(text) for text in problem.prompts["text"]]
    assert {scene.audience for scene in scenes} == {"suite"}
    assert [group_of(scene.key) for scene in scenes] == list(problem.prompts["group"])
    assert [scene.complexity for scene in scenes] == list(problem.prompts["complexity"])
    by_group = problem.prompts.groupby("group")
    assert len(by_group) == 60
    assert (by_group["split"].nunique() == 1).all()
    assert set(by_group.size()) == {1, 2, 3}
    assert problem.prompts["text"].is_unique
    assert problem.prompts["split"].value_counts().index.tolist() == ["train", "test", "validation"]


def test_the_same_seed_gives_the_same_prompts_and_another_others(problem):
    again, other = nano_problem(scenes=60), nano_problem(scenes=60, seed=1)
    assert again.prompts.equals(problem.prompts)
    assert len(set(other.prompts["text"]) & set(problem.prompts["text"])) < 10


def test_pools_hold_the_candidates_of_the_design():
    pools = nano_pools()
    assert pools["nano"] == tuple(f"nano-sdxl-l-{steps}" for steps in STEPS)
    assert {"nano-turbo-1", "nano-lightning-4", "nano-ddim-50", "nano-deepcache-3", "nano-amused-12"} < set(
        pools["nano+"]
    )
    settings = {one.id: drawing_settings(one) for one in nano_candidates()}
    assert settings["nano-turbo-1"].guidance == 0
    assert settings["nano-amused-12"].largest_batch == 1
    assert settings["nano-sdxl-s-8"].steps == 8


def test_a_fresh_test_set_holds_new_scenes_only(problem):
    fresh = fresh_test(problem, 7)
    groups = problem.prompts["group"][problem.prompts["split"] == "test"]
    assert fresh.prompts["group"].nunique() == groups.nunique()
    assert not set(fresh.prompts["group"]) & set(problem.prompts["group"])
    assert set(fresh.prompts["split"]) == {"test"}
    assert fresh.suite.id == "nano-fresh-7"
    assert fresh.features["nano-clip"].shape == (len(fresh.prompts), 64)
    assert fresh_test(problem, 7).prompts.equals(fresh.prompts)


def test_fresh_tests_are_refused_where_there_is_no_grammar(problem):
    import dataclasses

    other = dataclasses.replace(problem, suite=problem.suite.model_copy(update={"id": "coco"}))
    with pytest.raises(UsageError, match="'coco' has no grammar"):
        fresh_test(other, 1)
    with pytest.raises(UsageError, match="0 or more"):
        fresh_test(problem, -1)


def test_a_problem_is_read_back_with_its_features(problem, tmp_path):
    whole = with_features(problem)
    save(whole, tmp_path / "nano")
    read_back = load_suite(tmp_path / "nano")
    assert (read_back.features["nano-clip"] == whole.features["nano-clip"]).all()
    assert choose_candidates(read_back.candidates, None) == nano_candidates()


def test_shipped_models_are_found_by_name_and_an_unknown_one_is_refused():
    assert local_source("catbench:recogniser", None) == SHELF / "recogniser"
    with pytest.raises(UsageError, match="nano-turb"):
        local_source("catbench:nano-turb", None)
