"""A suite of FlashEval's size: making it and loading it, against reading its files and nothing else."""

from __future__ import annotations

import hashlib
import json
import timeit
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from catbench.files import sha256_of
from catbench.suite.recipes import flasheval_recipe as flasheval
from catbench.suite.recipes.making import make
from catbench.suite.recipes.recipe import Pinned
from catbench.suite.simulate import WORDS
from catbench.suite.store import load, save

PROMPTS = 36_758
MODELS = list(flasheval.MODELS)
RUNS = ("DDIM10", "DDIM20", "DDIM50", "DPM10", "PNDM20", "PNDM50")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder of FlashEval's form and size on COCO, and its recipe."""
    folder, random = tmp_path_factory.mktemp("FlashEval"), np.random.default_rng(0)
    words = random.choice(WORDS, (PROMPTS, 9))
    (folder / "data").mkdir()
    rows = [json.dumps({"id": n, "caption": " ".join(row)}) for n, row in enumerate(words.tolist())]
    (folder / "data" / "COCO_40504.json").write_text("\n".join(rows), encoding="utf-8")
    for metric in flasheval.METRICS:
        for model in MODELS:
            place = folder / "Image_score" / "COCO" / metric / model
            place.mkdir(parents=True)
            for run in RUNS:
                scores = dict(
                    zip(map(str, range(PROMPTS)), random.normal(9, 1, PROMPTS).tolist(), strict=True)
                )
                (place / f"{metric}-{run}step-fp-score.json").write_text(json.dumps(scores, indent=4))
    files = {}
    for path in sorted(folder.rglob("*.json")):
        content = path.read_bytes()
        pin = Pinned(hashlib.sha256(content).hexdigest(), len(content))
        files[path.relative_to(folder).as_posix()] = pin
    return folder, replace(flasheval.RECIPES[0], files=files)


@pytest.fixture(scope="module")
def seconds():
    """Return the least of several timings of a function."""

    def measure(function, repeats):
        return min(timeit.repeat(function, number=1, repeat=repeats))

    return measure


def test_making_the_suite_against_parsing_its_files(benchmark, told, drawn, seconds):
    folder, recipe = drawn
    parsing = seconds(
        lambda: [json.loads(p.read_bytes()) for p in folder.glob("Image_score/*/*/*/*.json")], 1
    )
    benchmark.pedantic(make, (recipe, folder), rounds=1)
    ratio = benchmark.stats.stats.min / parsing
    told("importing a suite of FlashEval's size", ratio, "parsing its files")
    assert ratio < 3


def test_loading_the_suite_against_reading_its_tables(benchmark, told, drawn, seconds, tmp_path):
    folder, recipe = drawn
    save(make(recipe, folder), tmp_path / "suite")
    tables = [tmp_path / "suite" / f"{name}.parquet" for name in ("prompts", "scores", "costs")]
    reading = seconds(lambda: [(sha256_of(path), pd.read_parquet(path)) for path in tables], 3)
    benchmark.pedantic(load, (tmp_path / "suite",), rounds=3)
    ratio = benchmark.stats.stats.min / reading
    told("loading it, every digest and rule checked", ratio, "hashing and reading its tables")
    assert ratio < 8
