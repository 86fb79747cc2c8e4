"""The nano suite before its scores, and fresh test prompts for it."""

from dataclasses import replace

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from catbench.errors import UsageError
from catbench.suite.store import load_suite, save
from catbench_make.drawing.generation import Plan
from catbench_make.nano.fresh import fresh_test
from catbench_make.nano.nano_candidates import NEVER_SEEN, STEPS, TEACHERS, nano_candidates, nano_pools
from catbench_make.nano.nano_suite import unscored_nano, with_features
from catbench_make.nano.reading import read
from catbench_make.nano.shipped_models import WEIGHTS
from catbench_make.nano.world import COLOURS, SHAPES
from catbench_make.plan.candidates import choose_candidates, drawing_settings
from catbench_make.plan.settings import local_source


@pytest.fixture(scope="module")
def problem():
    return unscored_nano(scenes=60)


def test_prompts_tell_held_out_scenes_and_are_split_as_they_say(problem):
    asked = [read(text) for text in problem.prompts["text"]]
    assert {one.audience for one in asked} == {"suite"}
    assert problem.prompts["text"].is_unique
    assert problem.prompts["split"].value_counts().index.tolist() == ["train", "test", "validation"]
    assert set(problem.prompts["places"]) == {"given", "open"}


def test_the_same_seed_gives_the_same_prompts_and_another_others(problem):
    again, other = unscored_nano(scenes=60), unscored_nano(scenes=60, seed=1)
    assert again.prompts.equals(problem.prompts)
    assert len(set(other.prompts["text"]) & set(problem.prompts["text"])) < 10


def test_the_homogeneous_pool_is_one_model_and_distilled_ones_are_not_guided():
    candidates = {one.id: one for one in nano_candidates()}
    homogeneous = [candidates[name] for name in nano_pools()["nano"]]
    assert {one.model for one in homogeneous} == {"nano-l"}
    settings = {name: drawing_settings(one) for name, one in candidates.items()}
    assert [settings[one.id].steps for one in homogeneous] == list(STEPS)
    assert len({settings[one.id].guidance for one in homogeneous}) == 1
    assert {settings["nano-turbo-1"].guidance, settings["nano-lightning-4"].guidance} == {0}
    assert settings["nano-amused-2"].largest_batch == 1


def test_every_candidate_says_what_its_model_has_never_seen():
    for one in nano_candidates():
        settings = drawing_settings(one)
        name = settings.pipeline.rpartition(":")[2]
        absent = NEVER_SEEN[TEACHERS.get(name, name)]
        assert settings.never_seen == absent.shapes + absent.colours
        assert set(absent.shapes) < set(SHAPES)
        assert set(absent.colours) < set(COLOURS)


def test_a_fresh_test_set_holds_new_scenes_only(problem):
    fresh = fresh_test(problem, 7)
    groups = problem.prompts["group"][problem.prompts["split"] == "test"]
    assert fresh.prompts["group"].nunique() == groups.nunique()
    assert not set(fresh.prompts["group"]) & set(problem.prompts["group"])
    assert set(fresh.prompts["split"]) == {"test"}
    assert fresh.suite.id == "nano-fresh-7"
    assert fresh.features["nano-clip"].shape == (len(fresh.prompts), 64)
    assert fresh_test(problem, 7).prompts.equals(fresh.prompts)


def test_fresh_tests_are_refused_where_there_is_no_grammar(problem, tmp_path):
    save(replace(problem, suite=problem.suite.model_copy(update={"id": "coco"})), tmp_path / "coco")
    with pytest.raises(UsageError, match="'coco' has no grammar"):
        Plan.of(tmp_path / "coco", fresh_test=1)
    with pytest.raises(UsageError, match="0 or more"):
        fresh_test(problem, -1)


def test_a_problem_is_read_back_with_its_features(problem, tmp_path):
    whole = with_features(problem)
    save(whole, tmp_path / "nano")
    read_back = load_suite(tmp_path / "nano")
    assert (read_back.features["nano-clip"] == whole.features["nano-clip"]).all()
    assert choose_candidates(read_back.candidates, None) == nano_candidates()


def test_shipped_models_are_found_by_name_and_an_unknown_one_is_refused():
    assert local_source("catbench:recogniser", None) == WEIGHTS / "recogniser"
    with pytest.raises(UsageError, match="turbo"):
        local_source("catbench:tubro", None)
