"""From captions to a scored suite: `catbench prompts coco`, then `catbench generate coco` on a tiny SDXL."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from catbench.home import home
from catbench.suite.store import load, load_suite, save
from catbench_make.prompts.encoders import Encoder
from catbench_make.scorers.sharpness import SHARPNESS

WORDS = ["cat", "dog", "horse", "train", "kitchen", "bird", "boat", "clock", "pizza", "sheep"]


def test_generate_coco_runs_end_to_end_and_is_evaluated_by_complexity(
    command, monkeypatch, tmp_path, sdxl, drawn_by
):
    texts = [f"{number} {colour} {word}s" for number in (2, 9) for colour in ("red", "odd") for word in WORDS]

    def one_hot(chosen, length):
        return np.eye(len(texts))[[texts.index(text) for text in chosen]]

    encoder = Encoder("one-hot", "0" * 64, lambda chosen: [0] * len(chosen), one_hot)
    monkeypatch.setattr("catbench_make.prompts.encoders.find_encoder", lambda name, device="cpu": encoder)
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path / "cache"))
    pd.DataFrame({"caption": texts}).to_csv(tmp_path / "captions.csv")
    assert command("prompts", "coco", "--from", tmp_path / "captions.csv").code == 0

    # The real suite with candidates and a metric that need no download.
    candidates = (drawn_by(sdxl, 1), drawn_by(sdxl, 2))
    small = replace(
        load_suite("coco"), candidates=candidates, metrics=(SHARPNESS.record,), pools={}, costs=()
    )
    save(small, home() / "coco", force=True)

    words = ("--limit", 20, "--samples", 1, "--candidates", "tiny-1,tiny-2", "--out", tmp_path / "run")
    outcome = command("generate", "coco", *words)
    assert outcome.code == 0, outcome.err
    suite = load(tmp_path / "run" / "suite")
    assert suite.suite.provenance == small.suite.provenance
    assert len(suite.prompts) == 20
    assert {"tokens", "numbers", "attributes", "relations", "styles", "complexity"} <= set(
        suite.slice_columns
    )

    outcome = command(
        "evaluate",
        "fixed:tiny-2",
        "--suite",
        tmp_path / "run" / "suite",
        "--by",
        "complexity",
        "--replicates",
        20,
    )
    assert outcome.code == 0, outcome.err
    for step, prompts in suite.prompts[suite.prompts["split"] == "test"].groupby("complexity"):
        assert any(
            f"complexity={step}" in line and f" {len(prompts)} " in line for line in outcome.out.splitlines()
        )


@pytest.mark.parametrize("suite", ["coco", "diffusiondb"])
def test_a_suite_whose_prompts_are_not_made_yet_tells_how(command, tmp_path, suite):
    outcome = command("generate", suite, "--out", tmp_path / "run")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert f"make it with `catbench prompts {suite}`" in outcome.err
