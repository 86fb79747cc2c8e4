"""Shipped prices of other people's candidates: counted again here, and held against published figures."""

from __future__ import annotations

import csv
import importlib
import re
import sys
from pathlib import Path

import pytest
import torch

from catbench.suite.pool import check_costs, prices
from catbench.suite.recipes import evalmi_recipe as evalmi
from catbench.suite.recipes import pqpp_recipe as pqpp
from catbench.suite.recipes.flasheval_recipe import MODELS, candidate_of
from catbench.suite.recipes.recipe import DATA, shipped_prices
from catbench_make.costs.architectures import RELEASED, SMALL_SD
from catbench_make.costs.elsewhere import RELEASED_ELSEWHERE
from catbench_make.costs.flop_table import TERA, count_costs
from catbench_make.packages import optional
from catbench_make.plan.candidates import drawing_settings

ROOT = Path(__file__).parents[2]
RUNS = [(solver, steps) for solver in ("DDIM", "DPM", "PNDM") for steps in (10, 20, 50)]


@pytest.fixture(scope="module")
def script():
    """The script that makes the tables."""
    sys.path.insert(0, str(ROOT / "docs"))
    yield importlib.import_module("make_prices")
    sys.path.remove(str(ROOT / "docs"))


def shipped(name, unit="tflops"):
    return prices(shipped_prices(name), unit)[0]


def test_every_candidate_of_flasheval_is_priced_and_could_be_drawn_again():
    candidates = [candidate_of(model, solver, steps) for model in MODELS for solver, steps in RUNS]
    for candidate in candidates:
        assert drawing_settings(candidate).guidance == 7.5
    for unit in ("tflops", "tflops_paper"):
        assert shipped("flasheval", unit).keys() == {candidate.id for candidate in candidates}
    check_costs(shipped_prices("flasheval"), [candidate.id for candidate in candidates], "flasheval.csv")


@pytest.mark.parametrize(
    ("model", "solver", "steps"),
    [
        ("stablediffusion1.4", "DDIM", 20),
        ("stablediffusion2.1", "PNDM", 50),
        ("small-stablediffusion", "DPM", 10),
        ("dreamlike-photoreal", "PNDM", 20),
    ],
)
def test_the_shipped_table_is_what_is_counted(model, solver, steps):
    candidate = candidate_of(model, solver, steps)
    for cost in count_costs(candidate):
        assert shipped("flasheval", cost.unit)[candidate.id] == pytest.approx(cost.value, rel=1e-8)


@pytest.mark.parametrize("name", ["pixart-sigma", "kandinsky-3"])
def test_so_it_is_for_models_of_other_kinds(name):
    whole, denoising = RELEASED_ELSEWHERE[name].flops()
    assert shipped("evalmi")[name] == pytest.approx(whole.total / TERA, rel=1e-8)
    paper = (denoising.total - denoising.attention) / TERA
    assert shipped("evalmi", "tflops_paper")[name] == pytest.approx(paper, rel=1e-8)


def parameters(architecture):
    diffusers = optional("diffusers", "counting")
    with torch.device("meta"):
        unet = diffusers.UNet2DConditionModel.from_config(architecture.parts["unet"])
    return sum(weights.numel() for weights in unet.parameters())


def test_published_figures_come_out():
    """Kim et al. 2023 (BK-SDM), table 2: SD 1.4's UNet, 0.86 B and 339 GMAC; half its blocks, 0.58 B."""
    a_forward = shipped("flasheval", "tflops_paper")["sd-1.4-ddim-50"] / 100
    assert a_forward == pytest.approx(2 * 0.339, rel=0.005)
    assert parameters(RELEASED["CompVis/stable-diffusion-v1-4"]) == pytest.approx(0.86e9, rel=0.005)
    assert parameters(RELEASED[SMALL_SD]) == pytest.approx(0.58e9, rel=0.005)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("sd-3.5-large", 8.1e9),
        ("pixart-sigma", 0.6e9),
        ("kolors", 2.6e9),
        ("kandinsky-3", 3.0e9),
        ("omnigen", 3.8e9),
    ],
)
def test_models_are_as_large_as_published(name, published):
    model, _ = RELEASED_ELSEWHERE[name].denoiser()
    assert sum(weights.numel() for weights in model.parameters()) == pytest.approx(published, rel=0.02)


def test_pndm_costs_one_more_step():
    priced = shipped("flasheval")
    step = (priced["sd-1.5-ddim-50"] - priced["sd-1.5-ddim-20"]) / 30
    assert priced["sd-1.5-pndm-20"] - priced["sd-1.5-ddim-20"] == pytest.approx(step)


def test_every_model_is_priced_or_named_with_a_reason(script):
    priced = shipped("evalmi").keys()
    assert not priced & script.UNPRICED.keys()
    assert priced | script.UNPRICED.keys() == set(evalmi.MODELS.values())
    assert shipped("pqpp").keys() == {candidate.id for candidate in pqpp.CANDIDATES.values()}
    assert set(evalmi.PAPER) <= priced


def test_every_price_says_where_it_is_from():
    for path in sorted((DATA / "costs").glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                assert len(row["method"]) > 20, (path.name, row)
                if row["unit"] == "usd":
                    assert re.search(r"litellm.*read 20\d\d-\d\d$", row["method"]), row


def test_the_page_is_that_of_the_tables(script, monkeypatch, tmp_path):
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["make_prices.py", "--page"])
    script.main()
    assert (tmp_path / "docs" / "prices.md").read_text() == (ROOT / "docs" / "prices.md").read_text()
