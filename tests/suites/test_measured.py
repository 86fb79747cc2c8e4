"""Cost tables from public measurements; the tables here have the public forms and made-up figures."""

from __future__ import annotations

import json

import pytest

from catbench import CatbenchError
from catbench.suite.tables.prices import read_costs
from catbench_make.costs.price_tables import import_costs

FLUX = "black-forest-labs/FLUX.1-dev"
PIXART = "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS"


def configuration(model=FLUX, steps=50, gpu="H100", gpus=1, batch=1, latency=8.0, joules=5000.0):
    return {
        "activated_params_billions": 12.0,
        "avg_power_watts": 861.2,
        "batch_latency_s": latency,
        "batch_size": batch,
        "energy_per_image_joules": joules,
        "gpu_model": gpu,
        "image_height": 1024,
        "image_width": 1024,
        "inference_steps": steps,
        "model_id": model,
        "nickname": "a name",
        "num_gpus": gpus,
        "ring_degree": 1,
        "throughput_images_per_sec": batch / latency,
        "ulysses_degree": gpus,
        "weight_precision": "bfloat16",
    }


@pytest.fixture
def today(tmp_path):
    """Write today's table of the leaderboard with some configurations, and return its path."""

    def write(*configurations, task="text-to-image"):
        path = tmp_path / "text-to-image.json"
        table = {"architecture": "diffusion", "configurations": list(configurations), "task": task}
        path.write_text(json.dumps(table))
        return path

    return write


@pytest.fixture
def two_models(today):
    return today(
        configuration(),
        configuration(batch=4, latency=24.0, joules=4000.0),
        configuration(gpus=2, latency=5.0),
        configuration(PIXART, 20, latency=2.0, joules=900.0),
        configuration(PIXART, 20, batch=4, latency=6.0, joules=800.0),
    )


def prices(costs):
    return {(cost.candidate, cost.unit): cost.value for cost in costs}


def test_a_price_is_a_batchs_over_its_images_on_one_gpu(two_models):
    assert prices(import_costs(two_models, batch=4)) == {
        ("flux.1-dev-50", "seconds"): 6.0,
        ("pixart-sigma-xl-2-1024-ms-20", "seconds"): 1.5,
        ("flux.1-dev-50", "joules"): 4000.0,
        ("pixart-sigma-xl-2-1024-ms-20", "joules"): 800.0,
    }
    one = import_costs(two_models)[0]
    assert (one.value, one.hardware, one.batch_size, one.precision) == (8.0, "H100", 1, "bfloat16")
    assert one.method.startswith(
        f"ML.ENERGY leaderboard: {FLUX}, 50 steps, 1024 x 1024 px, configuration 1; "
    )
    assert "text-to-image.json, SHA-256 " in one.method


def test_candidates_are_chosen_and_renamed(two_models):
    chosen = import_costs(two_models, candidates=["mine=flux.1-dev-50"], source="theirs")
    assert prices(chosen) == {("mine", "seconds"): 8.0, ("mine", "joules"): 5000.0}
    assert chosen[0].method.endswith("; theirs")


def test_the_runs_of_version_2_are_read_from_their_folder(tmp_path):
    for steps, latency in ((25, 2.0), (50, 4.0)):
        folder = tmp_path / "H100 80GB HBM3" / "stabilityai" / "stable-diffusion-xl-base-1.0"
        folder.mkdir(parents=True, exist_ok=True)
        run = {
            "Model": "stabilityai/stable-diffusion-xl-base-1.0",
            "GPU": "NVIDIA H100 80GB HBM3",
            "Energy/image (J)": 400.0 * latency,
            "Batch latency (s)": 2 * latency,
            "Batch size": 2,
            "Denoising steps": steps,
        }
        (folder / f"bs2+steps{steps}.json").write_text(json.dumps(run))
    (tmp_path / "models.json").write_text('{"stabilityai/sdxl-turbo": {"nickname": "SDXL-Turbo"}}')
    costs = import_costs(tmp_path, batch=2, name_of=lambda run: f"sdxl-{run.steps}")
    assert prices(costs) == {
        ("sdxl-25", "seconds"): 2.0,
        ("sdxl-50", "seconds"): 4.0,
        ("sdxl-25", "joules"): 800.0,
        ("sdxl-50", "joules"): 1600.0,
    }
    assert {cost.hardware for cost in costs} == {"NVIDIA H100 80GB HBM3"}


def test_cems_gives_its_mean_seconds(shared):
    costs = import_costs(shared / "data" / "cems", candidates=["sd-turbo-1=sd-turbo", "amused-512-12=amused"])
    expected = {("sd-turbo-1", "seconds"): 0.142, ("amused-512-12", "seconds"): 0.398}
    assert prices(costs) == pytest.approx(expected, abs=5e-4)
    assert {cost.hardware for cost in costs} == {"NVIDIA RTX 2080 Ti"}


def test_a_tidy_table_keeps_what_it_says_and_is_told_its_machine(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("candidate,unit,value\na,seconds,2\na,usd,0.01\n")
    with pytest.raises(CatbenchError, match="seconds of 'a' name no machine"):
        import_costs(path)
    costs = import_costs(path, hardware="A100")
    assert [(cost.unit, cost.hardware) for cost in costs] == [("seconds", "A100"), ("usd", "")]


def test_a_table_of_several_machines_is_kept_whole_or_by_one(today):
    path = today(configuration(), configuration(gpu="B200", latency=4.0))
    assert [cost.hardware for cost in import_costs(path)] == ["H100", "B200"] * 2
    assert {cost.hardware for cost in import_costs(path, hardware="B200")} == {"B200"}
    with pytest.raises(CatbenchError, match="unknown hardware 'B300': did you mean"):
        import_costs(path, hardware="B300")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 3}, "--batch 3: no run on one GPU has that batch size; there are 1, 4"),
        ({"candidates": ["flux-dev-50"]}, r"unknown candidate 'flux-dev-50': did you mean 'flux\.1-dev-50'"),
    ],
)
def test_arguments_that_fit_nothing_are_refused(two_models, options, message):
    with pytest.raises(CatbenchError, match=message):
        import_costs(two_models, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_latency_s": None}, "configuration 2: batch_latency_s: "),
        ({"batch_latency_s": 0}, "configuration 2: batch_latency_s: .*greater than 0"),
        ({"inference_steps": "many"}, "configuration 2: inference_steps: "),
        ({"model_id": FLUX}, "has two prices in 'seconds'"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused_where_it_does(today, change, message):
    broken = {**configuration(PIXART), **change}
    with pytest.raises(CatbenchError, match=message):
        import_costs(today(configuration(), broken))


def test_runs_that_differ_in_size_or_precision_are_candidates_of_their_own(today):
    small = {**configuration(latency=3.0), "image_width": 512, "image_height": 512}
    path = today(
        configuration(),
        small,
        {**configuration(latency=5.0), "weight_precision": "fp8"},
        configuration(PIXART, 20),
        configuration(gpu="B200", latency=4.0),
    )
    costs = import_costs(path, candidates=["flux=flux.1-dev-50-1024x1024-fp8"], hardware="H100")
    assert prices(costs)["flux", "seconds"] == 5.0
    everything = prices(import_costs(path, hardware="H100"))
    assert {name: value for (name, unit), value in everything.items() if unit == "seconds"} == {
        "flux.1-dev-50-1024x1024-bfloat16": 8.0,
        "flux.1-dev-50-512x512": 3.0,
        "flux.1-dev-50-1024x1024-fp8": 5.0,
        "pixart-sigma-xl-2-1024-ms-20": 8.0,
    }
    # A machine that has one of them calls it as the others do.
    assert {cost.candidate for cost in import_costs(path, hardware="B200")} == {
        "flux.1-dev-50-1024x1024-bfloat16"
    }


def test_a_machine_that_has_some_candidates_only_is_kept_and_told(today, tmp_path, command):
    path = today(configuration(), configuration(PIXART, 20), configuration(gpu="B200", latency=4.0))
    assert len(import_costs(path)) == 6
    told = command("import", "costs", path, "--out", tmp_path / "costs.parquet")
    assert "no price in seconds@B200 for pixart-sigma-xl-2-1024-ms-20" in told.out
    assert "no price in seconds@H100" not in told.out


def test_a_tidy_table_may_be_json(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([{"candidate": "steps=20", "unit": "usd", "value": "$0.01"}]))
    assert prices(import_costs(path, candidates=["mine=steps=20"])) == {("mine", "usd"): 0.01}


def test_a_configuration_that_is_none_is_refused(today):
    with pytest.raises(CatbenchError, match="configuration 2: 7 is no run"):
        import_costs(today(configuration(), 7))


def test_files_of_another_form_are_refused(tmp_path, today):
    with pytest.raises(CatbenchError, match="the table of the task 'text-to-video'"):
        import_costs(today(configuration(), task="text-to-video"))
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(CatbenchError, match=r"list\.json: it has no rows"):
        import_costs(tmp_path / "list.json")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(CatbenchError, match="it has no list `configurations`"):
        import_costs(tmp_path / "other.json")
    (tmp_path / "half.json").write_text('{"configurations": [')
    with pytest.raises(CatbenchError, match=r"half\.json: not readable as JSON"):
        import_costs(tmp_path / "half.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CatbenchError, match="neither files of CEMS nor runs"):
        import_costs(tmp_path / "empty")
    with pytest.raises(CatbenchError, match=r"nowhere\.json"):
        import_costs(tmp_path / "nowhere.json")


def test_the_command_knows_candidates_by_their_models_and_its_table_is_ready_to_use(
    two_models, tmp_path, command
):
    out = tmp_path / "costs.parquet"
    chosen = ("--candidate", "flux-dev-50", "--candidate", "pixart=pixart-sigma-xl-2-1024-ms-20")
    outcome = command("import", "costs", two_models, "--out", out, *chosen)
    assert outcome.code == 0, outcome.err
    assert "flux-dev-50             8 seconds  on H100, batch 1" in outcome.out
    assert prices(read_costs(out))["pixart", "joules"] == 900.0
    scores = tmp_path / "scores.csv"
    names = ("flux-dev-50", "pixart")
    rows = [f"thing {i},{name},{i / 7 + len(name)}" for i in range(60) for name in names]
    scores.write_text("\n".join(["prompt,candidate,clip", *rows]))
    words = ("import", "table", scores, "--costs", out, "--name", "mine", "--out", tmp_path / "suite")
    assert command(*words).code == 0
    refused = command("import", "costs", two_models, "--out", tmp_path / "other.parquet", "--batch", 7)
    assert refused.code == 2
    assert refused.err.startswith("catbench: --batch 7")
    assert not (tmp_path / "other.parquet").exists()
