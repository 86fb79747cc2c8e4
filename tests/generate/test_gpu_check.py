"""The check of a GPU, run at tiny size on the processor; and that it says so where there is no GPU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from catbench_make.costs.peaks import peak_tflops
from catbench_make.gpu_check import gpu_steps as check
from catbench_make.gpu_check.__main__ import main
from catbench_make.gpu_check.gpu_table import GpuCheck, Loop, TimedCall, markdown
from catbench_make.gpu_check.random_models import full_size, random_pipeline, tiny_size
from catbench_make.gpu_check.timing import part_seconds
from catbench_make.plan.candidates import drawing_settings

SCRIPT = Path(__file__).parents[2] / "benchmark" / "gpu_check.sh"


def test_the_tiny_check_measures_everything_and_writes_both_tables(tmp_path, capsys):
    out = tmp_path / "new" / "check"
    assert main([str(out), "--tiny", "--batch", "2"]) == 0
    found = json.loads(out.with_suffix(".json").read_text())
    text = out.with_suffix(".md").read_text()
    assert capsys.readouterr().out == text
    assert "says nothing of any device's speed" in text
    assert [call["candidate"] for call in found["calls"]] == [
        "sdxl-2",
        "sdxl-turbo-1",
        "sdxl-deepcache-3",
        "sdxl-ddim-3",
    ]
    for call in found["calls"]:
        assert call["tflops_per_second"] == pytest.approx(call["tflops"] / call["seconds"])
        assert call["batch"] == 2
    calls = {call["candidate"]: call for call in found["calls"]}
    # Guided at two steps is two forwards a step; Turbo's image has a quarter of the pixels.
    assert calls["sdxl-2"]["tflops"] > 2 * calls["sdxl-turbo-1"]["tflops"]
    assert [loop["candidate"] for loop in found["loops"]] == ["sdxl-2", "sdxl-turbo-1"]
    for loop in found["loops"]:
        seconds = calls[loop["candidate"]]["seconds"]
        assert loop["of_calls"] == pytest.approx(seconds * loop["images_per_second"])
        assert loop["of_bare_unet"] > 0
        assert 0 < loop["ceiling"] < 1
    assert {part: set(times) for part, times in found["parts"].items()} == {
        part: {"1", "2", "4"} for part in ("text", "unet", "decoder")
    }
    assert found["left_out"] == []


def test_what_there_is_no_time_for_is_named(tmp_path, capsys):
    assert main([str(tmp_path / "check"), "--tiny", "--batch", "1", "--minutes", "0"]) == 0
    assert "Left out: sdxl-2, calls, for lack of time." in capsys.readouterr().out


def test_a_dot_in_the_name_of_the_files_stays(tmp_path):
    assert main([str(tmp_path / "h200-v1.2"), "--tiny", "--batch", "1", "--minutes", "0"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"h200-v1.2.md", "h200-v1.2.json"}


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("file/check", "cannot make file: "),
        ("file/folder/check", "cannot make file/folder: Not a directory"),
        (".", r"OUT .: the name of two files is needed"),
        ("taken", "cannot write taken.md: it is a folder"),
    ],
)
def test_files_that_cannot_be_written_are_refused_first(tmp_path, monkeypatch, capsys, out, message):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("taken.md").mkdir()
    assert main([out, "--tiny"]) == 2
    assert capsys.readouterr().err.startswith(f"gpu_check: {message}")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "taken.md"}


def test_a_step_that_fails_is_named_and_the_others_are_written(tmp_path, capsys, monkeypatch):
    written = []

    def no_compiler(*args):
        written.append(json.loads((tmp_path / "check.json").read_text()))
        raise RuntimeError("no C compiler\nand a trace")

    monkeypatch.setattr(check, "bare_unet_seconds", no_compiler)
    assert main([str(tmp_path / "check"), "--tiny", "--batch", "1"]) == 0
    assert "Left out: sdxl-2, the loop: RuntimeError: no C compiler." in capsys.readouterr().out
    assert len(written[0]["calls"]) == 3  # before the step that fails
    found = json.loads((tmp_path / "check.json").read_text())
    assert len(found["calls"]) == 4
    assert not found["loops"]
    assert set(found["parts"]) == {"text", "unet", "decoder"}


def test_a_part_is_measured_up_to_the_batch_that_fits(monkeypatch):
    size = tiny_size()
    settings = drawing_settings(check._drawn_at(size, size.candidates)[0])
    pipeline = random_pipeline(size, settings, "cpu")
    decode = pipeline.vae.decode

    def small_memory(codes):
        if len(codes) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return decode(codes)

    monkeypatch.setattr(pipeline.vae, "decode", small_memory)
    assert set(part_seconds(pipeline, settings, "cpu", "decoder", (1, 2, 4, 8))) == {1, 2}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path, capsys):
    assert main([str(tmp_path / "check")]) == 2
    assert "gpu_check: there is no GPU here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_script_runs_the_check_without_an_installation(tmp_path):
    done = subprocess.run(
        ["bash", SCRIPT, tmp_path / "check", "--batch", "0"],
        capture_output=True,
        text=True,
        env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "gpu_check: --batch 0: at least 1 is needed\n")


def test_the_full_size_is_that_of_sdxl():
    size = full_size()
    pipeline = random_pipeline(size, drawing_settings(size.candidates[0]), "meta")
    count = {
        name: sum(weight.numel() for weight in getattr(pipeline, name).parameters())
        for name in ("unet", "vae", "text_encoder", "text_encoder_2")
    }
    # As published: 2.6 billion, 83.7, 123.1 and 694.7 million.
    assert count == {
        "unet": 2_567_463_684,
        "vae": 83_653_863,
        "text_encoder": 123_060_480,
        "text_encoder_2": 694_659_840,
    }
    assert pipeline.unet.dtype == torch.bfloat16


def test_the_table_holds_shares_of_the_peak():
    call = TimedCall("sdxl-20", 8, True, 0.5, 281.0, 562.0, 562.0 / 989.4)
    measured = GpuCheck(
        "NVIDIA H200",
        False,
        {"torch": "2"},
        989.4,
        (call,),
        (Loop("sdxl-20", 8, 2, 0.9, 0.96, 1),),
        {"unet": {1: 0.5, 2: 0.25}, "decoder": {1: 0.1}},
        (),
        9,
    )
    text = markdown(measured)
    assert text.startswith("# NVIDIA H200\n\npeak 989.4 TFLOP/s (bf16, dense); torch 2;")
    assert "| sdxl-20, compiled | 8 | 0.5 | 281 | 562 | 56.8% |" in text
    assert "| sdxl-20 | 8 | 2 | 0.900 | 0.960 | 1.000 |" in text
    assert "| decoder | 100 |  |" in text  # with two there was no memory left
    assert "Tiny" not in text


@pytest.mark.parametrize(
    ("hardware", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", 989.4),
        ("NVIDIA H100 PCIe", 756.5),
        ("NVIDIA A100-SXM4-80GB", 312.0),
        ("NVIDIA A10", 125.0),
        ("NVIDIA L40S", 362.0),
        ("NVIDIA GeForce RTX 4090", 165.2),
        ("Intel(R) Xeon(R) Processor @ 2.50GHz", None),
    ],
)
def test_peaks_are_found_by_what_a_device_calls_itself(hardware, peak):
    assert peak_tflops(hardware) == peak
