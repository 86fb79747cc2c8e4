"""co2_inference's tables of runs become seconds and joules, and say whose energy they are."""

from __future__ import annotations

import pandas as pd
import pytest

from catbench import CatbenchError
from catbench.suite.pool import prices
from catbench.suite.tables.prices import read_costs
from catbench_make.costs.price_tables import import_costs

HEAD = "timestamp,project_name,duration,gpu_energy,gpu_count,gpu_model\n"
CARDS = "8 x NVIDIA A100-SXM4-80GB"
ROWS = "".join(
    f"{row},{model},{seconds},{energy},8,{CARDS}\n"
    for row, model, seconds, energy in (
        (1, "acme/Paint-V1", 4000, 0.5),
        (2, "acme/Paint-V1", 4200, 0.7),
        (3, "acme/small", 900, 0.1),
    )
)


@pytest.fixture
def runs(tmp_path):
    path = tmp_path / "tti_prompts.csv"
    path.write_text(HEAD + ROWS)
    return path


def test_seconds_and_joules_of_an_image(runs):
    told = []
    costs = import_costs(runs, tell=told.append)
    seconds, hardware = prices(costs, "seconds")
    assert hardware == "NVIDIA A100-SXM4-80GB"
    assert seconds == pytest.approx({"paint-v1": 4.1, "small": 0.9})
    assert prices(costs, "joules")[0] == pytest.approx({"paint-v1": 0.6 * 3600, "small": 0.1 * 3600})
    assert len(told) == 1
    assert "all 8 cards of a node, most of them idle" in told[0]
    for cost in costs:
        assert ("most of them idle" in cost.method) == (cost.unit == "joules")
        assert "tti_prompts.csv, SHA-256" in cost.method


def test_the_command_keeps_renames_and_tells(runs, command, tmp_path):
    out = tmp_path / "costs.parquet"
    done = command("import", "costs", runs, "--out", out, "--candidate", "sd-1.4-pndm-50=paint-v1")
    assert done.code == 0, done.err
    assert "most of them idle" in done.out
    assert {cost.candidate for cost in read_costs(out)} == {"sd-1.4-pndm-50"}


def test_a_cell_that_is_no_number_is_named(runs):
    runs.write_text(HEAD + ROWS.replace("4200", "soon"))
    with pytest.raises(CatbenchError, match=r"tti_prompts\.csv, row 2: duration is 'soon'"):
        import_costs(runs)


def test_real_runs(shared):
    path = shared / "data" / "prices" / "co2_inference_tti_diffusiondb.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not there: real measurements may not be copied into the repository")
    costs = import_costs(path)
    table = pd.read_csv(path).groupby("project_name")["duration"].mean() / 1000
    assert sorted(prices(costs, "seconds")[0].values()) == pytest.approx(sorted(table))
    assert prices(costs, "seconds")[0]["stable-diffusion-v1-4"] == pytest.approx(4.07, abs=0.02)
