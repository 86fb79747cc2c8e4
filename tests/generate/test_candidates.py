"""The records of the paper's candidates, and how settings are read."""

from __future__ import annotations

import re

import pytest

from catbench.errors import SuiteError, UsageError
from catbench.suite.pool import Candidate
from catbench_make.plan.candidates import (
    PAPER_STEPS,
    choose_candidates,
    drawing_settings,
    find_candidate,
    known_candidates,
    sdxl,
)

PAPER_IDS = ("sdxl-turbo-1", "sdxl-lightning-4", "sdxl-ddim-50", "sdxl-deepcache-3", "infinity-2b")
OTHER_IDS = ("flux-schnell-4", "flux-dev-50", "sd-turbo-1", "amused-256-12", "amused-512-12")
UNPINNED = {"amused-512-12"}
"""Whose commit no source but the hub itself is known to tell."""


def test_every_candidate_of_the_paper_that_diffusers_draws_is_known():
    ids = {candidate.id for candidate in known_candidates()}
    assert {f"sdxl-{steps}" for steps in PAPER_STEPS} <= ids
    assert {*PAPER_IDS, *OTHER_IDS} <= ids
    assert {f"sdxl-{steps}" for steps in range(1, 101)} <= ids


def test_every_known_candidate_can_be_found_read_and_is_pinned():
    for candidate in known_candidates():
        assert find_candidate(candidate.id) == candidate
        settings = drawing_settings(candidate)
        assert (candidate.id in UNPINNED) != bool(re.fullmatch("[0-9a-f]{40}", settings.revision))
        if settings.weights:
            assert re.fullmatch("[0-9a-f]{40}", settings.weights.revision)


@pytest.mark.parametrize("name", ["sdxl-0", "sdxl-101", "sdxl-020", "sdxl-5-leading", "sdxl", "flux-2"])
def test_other_ids_are_not_known(name):
    assert find_candidate(name) is None


def test_step_counts_share_a_model_and_a_pipeline_and_a_spacing_is_a_candidate_of_its_own():
    nine, hundred, trailing = sdxl(9), sdxl(100), sdxl(9, "trailing")
    assert nine.model == hundred.model != trailing.model
    assert len({drawing_settings(one).model_key for one in (nine, hundred, trailing)}) == 1
    assert nine.settings != trailing.settings


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("sdxl-1", 1, 1),
        ("sdxl-50", 981, 1),
        ("sdxl-1-trailing", 999, 999),
        ("sdxl-lightning-4", 999, 249),
        ("sdxl-turbo-1", 999, 999),
        ("sdxl-ddim-50", 981, 1),
    ],
)
def test_timesteps_are_those_of_the_released_schedules(name, first, last):
    diffusers = pytest.importorskip("diffusers")
    from catbench_make.pipelines.load import scheduler_for

    # SDXL's scheduler_config.json, as far as timesteps depend on it.
    released = diffusers.EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        timestep_spacing="leading",
        steps_offset=1,
    )
    settings = drawing_settings(find_candidate(name))
    scheduler = scheduler_for(settings, released)
    scheduler.set_timesteps(settings.steps)
    assert [int(scheduler.timesteps[0]), int(scheduler.timesteps[-1])] == [first, last]
    assert len(scheduler.timesteps) == settings.steps


def test_a_suites_own_record_comes_before_the_known_one_of_that_id():
    own = Candidate(id="sdxl-20", settings={"pipeline": "somewhere/else"})
    assert choose_candidates([own], ["sdxl-20", "sdxl-30"]) == (own, sdxl(30))


def test_an_unknown_candidate_is_refused_with_the_near_ones():
    with pytest.raises(UsageError, match=r"unknown candidate 'nano-shrt': did you mean 'nano-short'\?"):
        choose_candidates([Candidate(id="nano-short")], ["nano-shrt"])


def test_a_record_without_a_pipeline_is_looked_up_by_its_id():
    assert drawing_settings(Candidate(id="sdxl-turbo-1")) == drawing_settings(find_candidate("sdxl-turbo-1"))


def test_a_record_without_a_pipeline_and_with_an_unknown_id_is_refused():
    with pytest.raises(SuiteError, match=r"candidate 'mine': its settings name no pipeline"):
        drawing_settings(Candidate(id="mine", settings={"steps": 4}))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"steps": 0}, "settings.steps"),
        ({"guidance": -1}, "settings.guidance"),
        ({"precision": "int4"}, "settings.precision"),
        ({"stepz": 4}, "settings.stepz"),
        ({"cache": {"interval": 0}}, "settings.cache.interval"),
    ],
)
def test_wrong_settings_are_refused_by_name(change, place):
    settings = {**sdxl(4).settings, **change}
    with pytest.raises(SuiteError, match=f"candidate 'mine': {re.escape(place)}: "):
        drawing_settings(Candidate(id="mine", settings=settings))
