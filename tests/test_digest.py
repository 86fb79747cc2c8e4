"""One digest for one content, whoever writes the files and however; another for another content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from catbench import CatbenchError, evaluate, load
from catbench.score.bootstrap import Bootstrap
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import digest_of, save


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=100, candidates=3, samples=2))[0]


def rewritten(folder, **changes):
    """Write a suite's tables anew as another program would, and a manifest with other words."""
    for name in ("prompts", "scores", "costs"):
        path = folder / f"{name}.parquet"
        table = pd.read_parquet(path)
        table = changes.get(name, lambda table: table)(table)
        table = table[table.columns[::-1]].sample(frac=1, random_state=3)
        table.to_parquet(path, index=False, compression="gzip", row_group_size=17)
    manifest = folder / "manifest.json"
    content = json.loads(manifest.read_text())
    content["suite"]["title"] = "in other words"
    content["candidates"].reverse()
    content["pools"], content["content"] = {}, ""
    for name in content["files"]:
        content["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    splits = pd.read_parquet(folder / "prompts.parquet")["split"].value_counts()
    content["splits"] = {split: int(count) for split, count in splits.items()}
    manifest.write_text(json.dumps(content))


def test_two_writers_give_one_digest(matrix, tmp_path):
    save(replace(matrix, features={}), tmp_path / "one")
    save(replace(matrix, features={}), tmp_path / "other", images=[("sim-000000", b"RIFF")])
    rewritten(tmp_path / "other")
    one, other = load(tmp_path / "one"), load(tmp_path / "other")
    assert one.digest == other.digest == matrix.digest == digest_of(tmp_path / "one")
    assert digest_of(tmp_path / "other") == one.digest
    measures = [
        evaluate(
            "ridge",
            each,
            metric="simulated_score",
            cost="tflops",
            candidates=matrix.candidate_ids,
            bootstrap=Bootstrap(9),
        )
        .result()
        .measures
        for each in (one, other)
    ]
    assert measures[0] == measures[1]


def test_features_follow_their_prompts(matrix, tmp_path):
    save(matrix, tmp_path / "suite")
    backwards = np.arange(len(matrix.prompts))[::-1]
    turned = replace(
        matrix,
        prompts=matrix.prompts.iloc[backwards].reset_index(drop=True),
        scores={name: values[backwards] for name, values in matrix.scores.items()},
        features={name: values[backwards] for name, values in matrix.features.items()},
    )
    save(turned, tmp_path / "turned")
    loaded = load(tmp_path / "turned")
    pd.testing.assert_frame_equal(loaded.prompts, matrix.prompts)
    np.testing.assert_array_equal(loaded.features["words"], matrix.features["words"])
    np.testing.assert_array_equal(loaded.scores["simulated_score"], matrix.scores["simulated_score"])


def cell(table, column, value):
    return table.assign(**{column: table[column].where(table.index != 7, value)})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("scores", lambda t: cell(t, "simulated_error", np.float32(0.25))),
        (
            "scores",
            lambda t: t.assign(simulated_error=t["simulated_score"], simulated_score=t["simulated_error"]),
        ),
        ("costs", lambda t: t.assign(value=t["value"].where(t.index != 0, 1.001))),
        ("costs", lambda t: t.assign(unit=t["unit"].replace("seconds", "minutes"))),
        ("costs", lambda t: t.iloc[1:]),
        ("costs", lambda t: t.assign(hardware="A100")),
        ("prompts", lambda t: cell(t, "text", "a text of its own")),
        ("prompts", lambda t: cell(t, "group", "another")),
        (
            "prompts",
            lambda t: t.assign(split=t["split"].replace({"test": "validation", "validation": "test"})),
        ),
    ],
)
def test_what_changes_a_number_changes_the_digest(matrix, tmp_path, name, change):
    save(replace(matrix, features={}), tmp_path / "suite")
    rewritten(tmp_path / "suite", **{name: change})
    assert load(tmp_path / "suite").digest != matrix.digest


def test_a_mean_that_ends_in_other_digits_is_the_same_price(matrix):
    nearly = tuple(c.model_copy(update={"value": c.value * (1 + 1e-15)}) for c in matrix.costs)
    assert replace(matrix, costs=nearly).digest == matrix.digest


def test_a_direction_is_part_of_the_content(matrix):
    turned = tuple(metric.model_copy(update={"direction": "higher"}) for metric in matrix.metrics)
    assert replace(matrix, metrics=turned).digest != matrix.digest


def test_what_no_sample_holds_is_no_part(matrix):
    scores = {
        name: np.concatenate([values, np.full_like(values, fill)], axis=2)
        for (name, values), fill in zip(matrix.scores.items(), (np.nan, 3), strict=True)
    }
    assert replace(matrix, scores=scores, samples=matrix.samples).digest == matrix.digest


def test_a_false_digest_of_the_content_is_told(matrix, tmp_path):
    save(matrix, tmp_path / "suite")
    manifest = tmp_path / "suite" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(matrix.digest, "0" * 64))
    with pytest.raises(CatbenchError, match=r"manifest\.json: a content of digest 0{12}…, and the files"):
        load(tmp_path / "suite")
