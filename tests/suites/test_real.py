"""The suites of published files, made of the files themselves: what anybody can take from them by hand."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catbench import evaluate
from catbench.score.bootstrap import Bootstrap
from catbench.suite.recipes.making import find_recipe, make
from catbench.suite.store import load, save

ROOT = Path(__file__).parents[2]
FIRST = 6
"""Texts are found by so many first words; shorter ones ("a red car", "0 0 0 0") are anybody's."""
ORDINARY = {".py", ".md", ".html", ".json", ".txt", ".toml", ".csv", ".cff", ".yml", ".sh"}

CLIP = {"sd-turbo": 34.005, "sdxl-turbo": 34.619, "amused": 32.593, "taesd": 34.049}
NIMA = {"sd-turbo": 5.426, "sdxl-turbo": 5.637, "amused": 5.256, "taesd": 5.494}
SECONDS = {"sd-turbo": 0.142, "sdxl-turbo": 0.474, "amused": 0.398, "taesd": 1.560}
COCO_REWARD = {
    "sd-2.1-ddim-50": 0.4406,
    "sd-2.1-pndm-50": 0.437,
    "sd-2.1-ddim-20": 0.395,
    "sd-2.1-dpmpp-10": 0.375,
    "dreamlike-ddim-50": 0.412,
    "sd-1.5-ddim-50": 0.240,
    "sd-1.5-ddim-10": 0.053,
    "small-sd-ddim-10": -0.115,
}
COCO_CLIP = {"sd-1.5-ddim-10": 0.2671, "sd-2.1-ddim-10": 0.2629, "small-sd-ddim-10": 0.2608}
CORRESPONDENCE = {
    "sd-3.5-large": 58.35,
    "flux-schnell": 58.10,
    "dall-e-3": 57.97,
    "infinity-2b": 57.43,
    "playground-2.5": 56.06,
    "sdxl": 52.23,
    "sd-2.1": 47.96,
    "lwm": 35.46,
}
PLACES = {
    "cems": "cems",
    "evalmi": "evalmi",
    "pqpp": "pqpp",
    "flasheval-coco": "flasheval/coco.tar.xz",
    "flasheval-diffusiondb": "flasheval/diffusiondb.tar.xz",
}
"""Suite -> where its files are in the folder of outside data."""
SIZES = {
    "cems": (10_000, 4),
    "evalmi": (2100, 24),
    "pqpp": (10_000, 2),
    "flasheval-coco": (36_758, 36),
    "flasheval-diffusiondb": (3_522, 42),
}
"""Suite -> prompts and candidates."""


@pytest.fixture(scope="module")
def made(shared):
    """Make each suite once: (matrix, what was told)."""
    done = {}

    def make_once(suite):
        place = shared / "data" / PLACES[suite]
        if not place.exists():
            pytest.skip(f"{place} is not there: real scores may not be copied into the repository")
        if suite not in done:
            told = []
            done[suite] = make(find_recipe(suite), place, tell=told.append), told
        return done[suite]

    return make_once


def means(matrix, metric):
    return dict(zip(matrix.candidate_ids, matrix.scores[metric].astype(float).mean(axis=(0, 2)), strict=True))


@pytest.mark.parametrize("suite", PLACES)
def test_a_recipe_makes_what_it_says_and_it_comes_back_from_disk(made, suite, tmp_path):
    matrix, _ = made(suite)
    assert (len(matrix.prompts), len(matrix.candidates)) == SIZES[suite]
    assert f"{len(matrix.prompts):,} " in matrix.suite.title
    assert all(np.isfinite(scores).all() for scores in matrix.scores.values())
    prompts = matrix.prompts
    assert prompts.groupby("text")["group"].nunique().max() == 1
    assert prompts.groupby("group")["split"].nunique().max() == 1
    np.testing.assert_allclose(len(matrix.rows("train")) / len(prompts), 0.8, atol=0.02)
    save(matrix, tmp_path / suite)
    assert load(tmp_path / suite).digest == matrix.digest


def test_flasheval_on_coco(made):
    matrix, told = made("flasheval-coco")
    assert matrix.scores["image_reward"].shape == (36_758, 36, 1)
    assert {name: means(matrix, "image_reward")[name] for name in COCO_REWARD} == pytest.approx(
        COCO_REWARD, abs=6e-4
    )
    assert {name: means(matrix, "clip_score")[name] for name in COCO_CLIP} == pytest.approx(
        COCO_CLIP, abs=6e-5
    )
    assert told == ["3,746 of 40,504 prompts left out: an image of theirs is black (0.5% of all images)"]
    assert len(matrix.pools["sd"]) == 30
    assert all(len(matrix.pools[model]) == 6 for model in ("sd-2.1", "dreamlike", "small-sd"))
    assert matrix.pool("sd-2.1").unit == "tflops"


def test_flasheval_on_diffusiondb(made):
    matrix, told = made("flasheval-diffusiondb")
    assert matrix.scores["hps"].shape == (3_522, 42, 1)
    assert told == [
        "1 of 5,000 prompts left out: blank",
        "1,477 of 5,000 prompts left out: an image of theirs is black (2.5% of all images)",
    ]
    assert set(made("flasheval-coco")[0].candidate_ids) < set(matrix.candidate_ids)


def test_evalmi(made):
    matrix, _ = made("evalmi")
    found = means(matrix, "correspondence")
    assert {name: found[name] for name in CORRESPONDENCE} == pytest.approx(CORRESPONDENCE, abs=5e-3)
    assert matrix.scores["correspondence"].astype(float).max(axis=1).mean() == pytest.approx(65.50, abs=5e-3)
    assert set(np.unique(matrix.scores["answered"])) == {0, 1}
    prompts = matrix.prompts
    assert (prompts["text"].nunique(), prompts["task"].nunique()) == (2090, 58)
    assert matrix.suite.folds == 5
    assert set(matrix.pools["open"]) == set(matrix.candidate_ids) - {"dall-e-3"}
    assert matrix.pool("paper").unit == "tflops"
    assert len(matrix.pool("priced:usd")) == 4


def test_pqpp(made):
    matrix, _ = made("pqpp")
    assert means(matrix, "relevance") == pytest.approx({"glide": 0.534, "sdxl-50": 1.728}, abs=6e-4)
    assert matrix.prompts["text"].nunique() == 10_000


def test_cems(made):
    matrix, _ = made("cems")
    assert means(matrix, "clip_score") == pytest.approx(CLIP, abs=5e-4)
    assert means(matrix, "nima_score") == pytest.approx(NIMA, abs=5e-4)
    assert {cost.candidate: cost.value for cost in matrix.costs} == pytest.approx(SECONDS, abs=5e-4)
    assert matrix.scores["clip_score"].astype(float).max(axis=1).mean() == pytest.approx(36.55, abs=5e-3)
    assert matrix.candidate_ids == ("sd-turbo", "amused", "sdxl-turbo", "taesd")
    prompts = matrix.prompts
    assert prompts["prompt_id"].nunique() == 10_000
    assert prompts["text"].nunique() == 9_926
    assert prompts["group"].nunique() <= 9_923
    assert prompts["source"].value_counts().to_dict() == {
        "DiffusionDB": 8168,
        "PartiPrompts": 1632,
        "DrawBench": 200,
    }


def test_results_can_be_sliced_by_complexity(made):
    matrix, _ = made("cems")
    report = evaluate("mixture", matrix, metric="nima_score", by="complexity", bootstrap=Bootstrap(2))
    found = {result.slice.removeprefix("complexity="): result.prompts for result in report.results}
    assert list(found) == ["all", "0 to 1", "2 to 3", "4 to 6", "7 or more"]
    assert found["all"] == sum(found.values()) - found["all"]


def words(text):
    return re.findall(r"[a-z0-9']+", text.lower())


def by_first_words(texts):
    """Return first words -> the texts that begin so, as words."""
    found = defaultdict(set)
    for text in texts:
        of_text = tuple(words(text))
        if len(of_text) >= FIRST and len({word for word in of_text if word.isalpha()}) >= FIRST - 2:
            found[of_text[:FIRST]].add(of_text)
    return found


def held_in(text, known):
    """Return the known texts that a text holds, word for word."""
    all_words = words(text)
    return {
        real
        for at in range(len(all_words) - FIRST + 1)
        for real in known.get(tuple(all_words[at : at + FIRST]), ())
        if tuple(all_words[at : at + len(real)]) == real
    }


def strings(path):
    """Return what a committed file says: its text, or the strings of a Parquet file's columns."""
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
        columns = [table[name] for name in table if pd.api.types.is_string_dtype(table[name])]
        return " . . ".join(text for column in columns for text in column.dropna().astype(str).unique())
    return path.read_text(encoding="utf-8") if path.suffix in ORDINARY else ""


def test_it_finds_a_text_in_the_middle_of_a_page():
    known = by_first_words(["A dog, that sits on the mat."])
    assert held_in('<td title="x">a dog that sits on the mat</td> and more', known)
    assert not held_in("a dog that sits on the map", known)


@pytest.mark.parametrize("suite", PLACES)
def test_no_committed_file_holds_a_prompt_of_a_real_suite(made, suite):
    """Screenshots are pixels and are not read; they are made from nano (`docs/leaderboard.md`)."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: which files are committed is not known")
    known = by_first_words(made(suite)[0].prompts["text"])
    assert len(known) > 1000
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    found = {str(path.relative_to(ROOT)): held_in(strings(path), known) for path in paths if path.is_file()}
    assert {name: sorted(texts)[:3] for name, texts in found.items() if texts} == {}
