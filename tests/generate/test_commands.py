"""`catbench generate` and `catbench measure`, as typed."""

from __future__ import annotations

import re

import pytest

from catbench.suite.pool import Cost
from catbench.suite.store import load, load_suite
from catbench_make.drawing.run_estimate import BYTES_PER_ROW, BYTES_PER_SCORE, estimate
from catbench_make.plan.candidates import find_candidate, sdxl
from catbench_make.plan.shard_plan import cut


@pytest.fixture
def type_in(command):
    """Type a command line that succeeds; returns its standard output and standard error."""

    def typed(*words: object) -> tuple[str, str]:
        outcome = command(*words)
        assert outcome.code == 0, outcome.err
        return outcome.out, outcome.err

    return typed


def test_generate_writes_a_suite_and_says_where(suite, tmp_path, type_in):
    words = ("generate", suite(), "--out", tmp_path / "run", "--limit", 4, "--samples", 1, "--batch", 2)
    out, err = type_in(*words)
    assert out == f"8 images drawn; the suite is {tmp_path / 'run' / 'suite'}\n"
    assert err.startswith("2 shards, 8 images to make\n")
    assert re.search(r"1/2 tiny-2/000000-[0-9a-f]{8}: \d+\.\d\d images/s, \d:\d\d:\d\d left\n", err)
    assert load(tmp_path / "run" / "suite").samples == {"train": 1, "validation": 1, "test": 1}
    assert type_in(*words)[0].startswith("0 images drawn")


def test_generate_takes_some_candidates_and_tells_of_cut_prompts_and_damage(suite, tmp_path, type_in):
    folder, out = suite(texts=("a", "b", "c" * 90)), tmp_path / "run"
    _, err = type_in("generate", folder, "--out", out, "--candidates", "tiny-3, tiny-2", "--images")
    assert "1 of 3 prompts are longer than a text encoder's window and were cut (p2, ...)" in err
    assert load(out / "suite").candidate_ids == ("tiny-3", "tiny-2")
    shard = next((out / "shards" / "tiny-2").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:100])
    _, err = type_in("generate", folder, "--out", out, "--candidates", "tiny-3,tiny-2", "--images")
    assert f"shard {shard.name} was damaged and has been made again" in err


def test_a_dry_run_prints_the_size_of_the_run_and_makes_nothing(suite, tmp_path, type_in):
    words = ("generate", suite(), "--out", tmp_path / "run", "--candidates", "sdxl-20,sdxl-100", "--dry-run")
    out, _ = type_in(*words, "--device", "cuda:7")
    # 12 images of each; shipped, 281.03 and 1362.83 TFLOPs each, at a third of 989.4 TFLOP/s.
    hours = 12 * (281.03 + 1362.83) / 329.8 / 3600
    assert re.search(r"shards +2\n", out)
    assert re.search(r"images +24\n", out)
    basis = r"\(19,7\d\d\.\d TFLOPs at 330 TFLOP/s, a third of an H100's peak\)"
    assert re.search(rf"device-hours +{hours:.2f} {basis}", out)
    assert "disk" in out
    assert not (tmp_path / "run").exists()


def test_a_dry_run_for_the_processor_reckons_with_it_and_not_with_a_gpu(suite, tmp_path, type_in):
    words = ("generate", suite(), "--out", tmp_path / "run", "--candidates", "sdxl-20", "--device", "cpu")
    out, _ = type_in(*words, "--dry-run")
    said = re.search(r"device-hours +([\d.,]+) \(([\d.,]+) TFLOPs at ([\d.]+) TFLOP/s, (.*)\)", out)
    assert "this processor" in said[4]
    hours, total, rate = (float(said[place].replace(",", "")) for place in (1, 2, 3))
    assert hours == pytest.approx(total / rate / 3600, rel=0.02)
    assert rate < 100


def test_device_hours_rest_on_seconds_where_they_are_measured(suite):
    shards = cut(load_suite(suite()), 4)
    costs = [
        Cost(candidate="tiny-2", unit="tflops", value=1),
        Cost(candidate="tiny-3", unit="tflops", value=1),
        Cost(candidate="tiny-2", unit="seconds", value=900, hardware="H"),
        Cost(candidate="tiny-3", unit="seconds", value=1800, hardware="H"),
    ]
    found = estimate(shards, costs, metrics=1, keep_images=False, hardware="H")
    assert (found.shards, found.images, found.device_hours) == (4, 24, 12 * 0.25 + 12 * 0.5)
    assert found.basis == "seconds measured on H"
    elsewhere = estimate(shards, costs, metrics=1, keep_images=False, hardware="G")
    assert elsewhere.device_hours == pytest.approx(24 / 329.8 / 3600)
    assert estimate(shards, costs[:1], metrics=1, keep_images=False).device_hours is None
    with_images = estimate(shards, costs, metrics=1, keep_images=True)
    assert with_images.disk_bytes - found.disk_bytes == 24 * 64 * 64 * 2


@pytest.mark.parametrize(
    ("candidates", "numbers"),
    [
        ((sdxl(20), sdxl(50), find_candidate("sdxl-turbo-1")), 77 * 2048 + 1280),  # the same two encoders
        ((find_candidate("flux-dev-50"),), 512 * 4096 + 768),
        ((find_candidate("flux-schnell-4"), find_candidate("flux-dev-50")), (256 + 512) * 4096 + 2 * 768),
        ((find_candidate("infinity-2b"),), 0),
    ],
)
def test_the_foreseen_disk_has_room_for_what_each_text_encoder_makes(suite, candidates, numbers):
    shards = cut(load_suite(suite(candidates)))
    found = estimate(shards, [], metrics=1, keep_images=False)
    assert found.disk_bytes == found.images * (BYTES_PER_ROW + BYTES_PER_SCORE) + 6 * 2 * numbers


def test_the_foreseen_disk_holds_what_is_written(suite, tmp_path, type_in):
    folder = suite(samples=4)
    type_in("generate", folder, "--out", tmp_path / "run", "--images")
    foreseen = estimate(cut(load_suite(folder)), [], metrics=1, keep_images=True).disk_bytes
    written = sum(path.stat().st_size for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert written < foreseen < 100 * written


def test_measure_writes_a_table_and_prints_it(suite, tmp_path, type_in):
    out, err = type_in("measure", suite(), "--out", tmp_path / "c.parquet", "--flops-only")
    lines = out.splitlines()
    assert [line.split()[::2] for line in lines] == [
        ["tiny-2", "tflops"],
        ["tiny-3", "tflops"],
        ["tiny-2", "tflops_paper"],
        ["tiny-3", "tflops_paper"],
    ]
    assert err == "1/2 tiny-2\n2/2 tiny-3\n"
    assert (tmp_path / "c.parquet").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--candidates", "nothing"), "unknown candidate 'nothing'"),
        (("--limit", 1), "--limit 1"),
        (("--samples", 0), "--samples 0"),
        (("--batch", 0), "--batch 0"),
        (("--dry-run", "--batch", 0), "--batch 0"),
        (("--dry-run", "--decode-batch", 0), "--decode-batch 0"),
        (("--dry-run", "--device", "foo"), "--device 'foo' is unknown"),
        (("--dry-run", "--engine", "ray", "--address", "x"), "--address x: give HOST:PORT"),
        (("--dry-run", "--address", "x"), "--address x goes with --engine ray"),
        (("--device", "tpu"), "--device 'tpu' is unknown"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2_and_makes_nothing(suite, tmp_path, command, words, message):
    outcome = command("generate", suite(), "--out", tmp_path / "run", *words)
    assert outcome.code == 2
    assert outcome.err.startswith(f"catbench: {message}")
    assert outcome.err.count("\n") == 1
    assert not list((tmp_path / "run").glob("shards/*"))


@pytest.mark.parametrize("verb", ["generate", "measure"])
def test_an_unknown_suite_is_refused(tmp_path, command, verb):
    outcome = command(verb, "nothing", "--out", tmp_path / "out")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "unknown suite 'nothing'" in outcome.err


def test_other_settings_in_the_folder_are_one_line_and_exit_code_2(suite, tmp_path, command):
    words = ("generate", suite(), "--out", tmp_path / "run", "--samples", 1, "--limit", 3)
    assert command(*words).code == 0
    outcome = command(*words, "--batch", 3)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "was made with batch 8, not 3" in outcome.err
