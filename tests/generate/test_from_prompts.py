"""From captions, or from a table of scores, to a suite that is drawn and scored on a tiny SDXL."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from catbench.home import home
from catbench.suite.store import load, load_suite, save
from catbench_make.scorers.sharpness import SHARPNESS

WORDS = ["cat", "dog", "horse", "train", "kitchen", "bird", "boat", "clock", "pizza", "sheep"]


def test_generate_coco_runs_end_to_end_and_is_evaluated_by_complexity(
    command, monkeypatch, tmp_path, sdxl, drawn_by
):
    texts = [f"{number} {colour} {word}s" for number in (2, 9) for colour in ("red", "odd") for word in WORDS]

    one_hot = SimpleNamespace(
        name="one-hot",
        weights="0" * 64,
        window=1,
        read=lambda chosen, length, fill: {
            "rows": [texts.index(text) for text in chosen],
            "attention_mask": np.ones((len(chosen), 1)),
        },
        pooled=lambda read: np.eye(len(texts))[read["rows"]],
    )
    monkeypatch.setattr("catbench_make.encoders.load_encoder", lambda name, device="cpu": one_hot)
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


def test_a_table_of_ones_own_is_drawn_once_its_candidates_have_settings(
    command, monkeypatch, tmp_path, sdxl, drawn_by
):
    monkeypatch.chdir(tmp_path)
    rows = [(f"{n} cats", name, n) for n in range(30) for name in ("sd-turbo-1", "mine")]
    pd.DataFrame(rows, columns=["prompt", "candidate", "sharpness"]).to_csv("scores.csv", index=False)
    costs = pd.DataFrame({"candidate": ["sd-turbo-1", "mine"], "unit": "seconds", "value": [1, 2]})
    costs.to_csv("costs.csv", index=False)
    words = ("import", "table", "scores.csv", "--costs", "costs.csv", "--metric", "sharpness")
    made = command(*words, "--name", "own", "--out", "own")
    assert made.code == 0, made.err

    words = ("generate", "own", "--out", "run", "--limit", 3, "--samples", 1, "--candidates")
    assert command(*words, "sd-turbo-1", "--dry-run").code == 0  # known by its id
    assert "known: " in command(*words, "any").err
    assert "settings name no pipeline" in command(*words, "mine", "--dry-run").err

    manifest = json.loads((tmp_path / "own" / "manifest.json").read_text())
    (place,) = (row for row, one in enumerate(manifest["candidates"]) if one["id"] == "mine")
    manifest["candidates"][place]["settings"] = drawn_by(sdxl, 1).settings
    (tmp_path / "own" / "manifest.json").write_text(json.dumps(manifest))
    assert command("verify", "own").code == 0
    drawn = command(*words, "mine")
    assert drawn.code == 0, drawn.err
    assert load(tmp_path / "run" / "suite").candidate_ids == ("mine",)
