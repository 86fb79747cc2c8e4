"""FLOPs against the paper's cost column, figures counted on other code, and a real call."""

from __future__ import annotations

import shutil
from itertools import pairwise

import pytest
import torch

from catbench.errors import GenerationError
from catbench.suite.pool import check_costs, prices
from catbench_make.costs.architectures import RELEASED, read_architecture
from catbench_make.costs.flop_table import TERA, count_costs, flop_costs, shipped_costs
from catbench_make.costs.flops import count_call, count_forward
from catbench_make.costs.pipeline_flops import call_flops
from catbench_make.plan.candidates import drawing_settings, find_candidate, known_candidates, sdxl

PAPER = {
    "sdxl-1": 11.97,
    "sdxl-100": 1197,
    "sdxl-lightning-4": 23.92,
    "sdxl-turbo-1": 1.54,
    "sdxl-ddim-50": 598.5,
    "sdxl-deepcache-3": 210,
}
"""TFLOPs, from the paper's tables."""

# One forward each, counted on other code: UNet 6.761 at 1024 px and 1.589 at 512 px, VAE 10.47 and 2.51, text
# encoders 0.013 and 0.098, DeepCache's fifty steps 236.36.
TEXT = 0.013 + 0.098
WHOLE_CALL = {
    "sdxl-1": 2 * 6.761 + 10.47 + TEXT,
    "sdxl-20": 20 * 2 * 6.761 + 10.47 + TEXT,
    "sdxl-100": 100 * 2 * 6.761 + 10.47 + TEXT,
    "sdxl-lightning-4": 4 * 6.761 + 10.47 + TEXT,
    "sdxl-turbo-1": 1.589 + 2.51 + TEXT,
    "sdxl-ddim-50": 50 * 2 * 6.761 + 10.47 + TEXT,
    "sdxl-deepcache-3": 236.36 + 10.47 + TEXT,
}


@pytest.fixture(scope="module")
def counted():
    """Both costs of every candidate above, counted now."""
    names = PAPER.keys() | WHOLE_CALL.keys()
    costs = [cost for name in names for cost in count_costs(find_candidate(name))]
    return {(cost.candidate, cost.unit): cost.value for cost in costs}


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_convention_gives_the_papers_costs(counted, name):
    assert counted[name, "tflops_paper"] == pytest.approx(PAPER[name], rel=0.01)


@pytest.mark.parametrize("name", WHOLE_CALL)
def test_the_whole_call_is_the_sum_of_its_forwards(counted, name):
    assert counted[name, "tflops"] == pytest.approx(WHOLE_CALL[name], rel=0.01)


def test_the_shipped_table_is_what_is_counted(counted):
    shipped = {(cost.candidate, cost.unit): cost.value for cost in shipped_costs()}
    for key, value in counted.items():
        assert shipped[key] == pytest.approx(value, rel=1e-12)


def test_the_shipped_table_prices_every_known_candidate_in_both_units():
    names = [candidate.id for candidate in known_candidates()]
    check_costs(shipped_costs(), names, "flops.parquet")
    for unit in ("tflops", "tflops_paper"):
        assert prices(shipped_costs(), unit)[0].keys() == set(names)
    assert {cost.unit for cost in shipped_costs()} == {"tflops", "tflops_paper"}


def test_a_step_costs_the_same_at_every_count():
    shipped = {(cost.candidate, cost.unit): cost.value for cost in shipped_costs()}
    for unit in ("tflops", "tflops_paper"):
        steps = [shipped[f"sdxl-{count}", unit] for count in range(1, 101)]
        differences = {round(later - former, 6) for former, later in pairwise(steps)}
        assert len(differences) == 1


@pytest.mark.parametrize("settings", [{}, {"guidance": 0.0}, {"cache": {"interval": 3}}, {"width": 96}])
def test_counting_shapes_and_counting_a_real_call_agree(sdxl, drawn_by, settings):
    read = drawing_settings(drawn_by(sdxl, 5, **settings))
    architecture = read_architecture(sdxl)
    assert architecture is not None
    assert call_flops(architecture, read) == count_call(read, None)


def test_a_local_pipeline_is_counted_without_its_weights(sdxl, drawn_by, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(sdxl, bare, ignore=shutil.ignore_patterns("*.safetensors", "*.bin"))
    with_weights, without = (flop_costs([drawn_by(folder, 3)]) for folder in (sdxl, bare))
    assert with_weights == without


def test_a_pipeline_of_another_kind_is_counted_while_it_draws(amused, drawn_by, monkeypatch):
    monkeypatch.setattr("catbench_make.costs.architectures.read_architecture", lambda folder: None)
    whole, denoising = flop_costs([drawn_by(amused, 3, "masked", largest_batch=1)])
    _, longer = flop_costs([drawn_by(amused, 6, "masked", largest_batch=1)])
    assert longer.value == pytest.approx(2 * denoising.value)
    assert 0 < denoising.value < whole.value
    assert "while drawing" in whole.method


def test_attention_is_two_products_and_told_apart():
    heads, length, width = 2, 10, 8
    query = torch.zeros(1, heads, length, width)

    def forward() -> None:
        torch.nn.functional.scaled_dot_product_attention(query, query, query)
        torch.zeros(3, 4) @ torch.zeros(4, 5)

    flops = count_forward(forward)
    assert flops.attention == 2 * 2 * heads * length * length * width
    assert flops.total - flops.attention == 2 * 3 * 4 * 5


def test_turbo_shares_sdxls_architecture():
    assert drawing_settings(find_candidate("sdxl-turbo-1")).pipeline in RELEASED
    assert drawing_settings(sdxl(4)).pipeline in RELEASED


def test_a_candidate_that_takes_a_known_id_for_other_settings_is_counted_anew(sdxl, drawn_by):
    costs = flop_costs([drawn_by(sdxl, 2, "sdxl-2")])
    assert costs[0].value < 1 / TERA * 1e9


def test_a_folder_without_configurations_is_refused(drawn_by, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(GenerationError, match="is the folder a diffusers pipeline"):
        flop_costs([drawn_by(tmp_path / "empty", 2)])
