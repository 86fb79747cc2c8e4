"""The script that a GPU's first quarter of an hour runs: its steps, kept as they come, and their options."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import torch
from typer.main import get_command

from catbench.cli import app
from catbench.suite.store import load_suite
from catbench_make.costs.architectures import RELEASED
from catbench_make.pipelines.load import load_pipeline
from catbench_make.plan.candidates import SDXL, drawing_settings

SCRIPT = Path(__file__).parents[2] / "benchmark" / "first_quarter_of_an_hour.sh"
STEPS = ["measure", "loop", "nano", "nano-costs", "compiled", "training"]


TEXT = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "projection_dim": 32,
}
SMALL = {
    "text_encoder": TEXT,
    "text_encoder_2": TEXT,
    "vae": {"block_out_channels": [32] * 4, "layers_per_block": 1},
    "unet": {
        "block_out_channels": [32, 32, 32],
        "transformer_layers_per_block": 1,
        "attention_head_dim": 2,
        "cross_attention_dim": 64,
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 80,
    },
}
"""Sizes in place of SDXL's."""


def test_the_suite_and_the_pipeline_that_it_makes_without_one_can_be_loaded(tmp_path, monkeypatch):
    """SDXL's own parts, smaller: what the script runs in Python is run as it stands."""
    real = RELEASED[SDXL]
    parts = {name: config | SMALL[name] for name, config in real.parts.items()}
    monkeypatch.setitem(RELEASED, SDXL, replace(real, parts=parts))
    monkeypatch.setattr("sys.argv", ["-", str(tmp_path)])
    inside = SCRIPT.read_text().split("<<'PYTHON'\n")[1].split("\nPYTHON\n")[0]
    try:
        exec(compile(inside, str(SCRIPT), "exec"), {})
    finally:
        torch.set_default_dtype(torch.float32)
    found = load_suite(tmp_path / "suite")
    assert len(found.candidates) == 2
    assert found.prompts["split"].nunique() == 3
    for one in found.candidates:
        assert one.settings["pipeline"] == str(tmp_path / "sdxl")
        pipeline = load_pipeline(drawing_settings(one), "cpu", None)
        drawn = pipeline("a picture", num_inference_steps=1, height=64, width=64, output_type="np").images
        assert drawn.shape == (1, 64, 64, 3)


def test_every_step_is_tried_kept_and_has_options_that_exist(tmp_path):
    stand_in = tmp_path / "bin" / "catbench"
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\necho "$@"\n[ "$2" != nano ]\n')
    stand_in.chmod(0o755)
    (stand_in.parent / "python3").symlink_to(stand_in)
    done = subprocess.run(
        ["bash", SCRIPT, "kept"],
        capture_output=True,
        text=True,
        env={"PATH": f"{stand_in.parent}{os.pathsep}/usr/bin:/bin", "SUITE": "a-suite", "DEVICE": "cpu"},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "kept"
    lines = (kept / "steps.txt").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == STEPS
    assert [line.split()[2] for line in lines] == ["0,", "0,", "1,", "1,", "0,", "0,"]
    for name in STEPS[:-1]:
        verb, *words = (kept / f"{name}.log").read_text().split()
        get_command(app).commands[verb].make_context(verb, words)
    assert (kept / "training.log").read_text().startswith("-m nano_training.train all --out")
