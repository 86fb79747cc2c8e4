"""A suite goes to disk and comes back the same, and every alteration is noticed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from catbench import CatbenchError, load
from catbench.files import atomic_file, atomic_folder
from catbench.home import known_suites
from catbench.suite import content, score_rows
from catbench.suite.pool import Cost
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save, verify


@pytest.fixture
def matrix():
    return simulate(Simulation(prompts=200, candidates=3, samples=4))[0]


def assert_same(one, other):
    assert one.suite == other.suite
    assert one.candidates == other.candidates
    assert one.metrics == other.metrics
    assert one.costs == other.costs
    assert dict(one.pools) == dict(other.pools)
    assert dict(one.samples) == dict(other.samples)
    pd.testing.assert_frame_equal(one.prompts, other.prompts)
    for name in one.scores:
        np.testing.assert_array_equal(one.scores[name], other.scores[name])
    for name in one.features:
        np.testing.assert_array_equal(one.features[name], other.features[name])


def test_a_suite_comes_back_as_it_was(matrix, tmp_path):
    save(matrix, tmp_path / "suite")
    assert_same(verify(tmp_path / "suite"), matrix)


def test_splits_may_store_different_numbers_of_samples(matrix, tmp_path):
    scores = {name: array.copy() for name, array in matrix.scores.items()}
    for array in scores.values():
        array[matrix.rows("train"), :, 2:] = np.nan
    ragged = replace(matrix, scores=scores, samples={"train": 2, "validation": 4, "test": 4})
    save(ragged, tmp_path / "suite")
    loaded = load(tmp_path / "suite")
    assert_same(loaded, ragged)
    assert loaded.qualities("simulated_score", "train", loaded.pool()).shape[2] == 2
    rows = pq.read_table(tmp_path / "suite" / "scores.parquet").num_rows
    assert rows == 3 * (2 * len(matrix.rows("train")) + 4 * (200 - len(matrix.rows("train"))))


def test_rows_may_stand_in_any_order(matrix, tmp_path):
    save(matrix, tmp_path / "suite")
    path = tmp_path / "suite" / "scores.parquet"
    pd.read_parquet(path).sample(frac=1, random_state=0).to_parquet(path, index=False)
    manifest = tmp_path / "suite" / "manifest.json"
    content = json.loads(manifest.read_text())
    del content["files"]["scores.parquet"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(CatbenchError, match=r"no digest of scores\.parquet"):
        load(tmp_path / "suite")
    content["files"]["scores.parquet"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content))
    assert_same(load(tmp_path / "suite"), matrix)


def test_rows_are_read_and_written_in_parts(matrix, tmp_path, monkeypatch):
    save(matrix, tmp_path / "whole")
    monkeypatch.setattr(score_rows, "ROWS_AT_ONCE", 30)
    monkeypatch.setattr(content, "PROMPTS_AT_ONCE", 7)
    save(matrix, tmp_path / "suite")
    path = tmp_path / "suite" / "scores.parquet"
    assert pq.ParquetFile(path).num_row_groups == 200 // (30 // (3 * 4))
    assert_same(load(tmp_path / "suite"), matrix)
    assert load(tmp_path / "suite").digest == matrix.digest == load(tmp_path / "whole").digest
    rows = pd.read_parquet(path)
    for spoilt, says in (
        (pd.concat([rows, rows.head(1)]), "candidate 'sim-1', sample 0 is in two rows"),
        (cell(rows, 100, "simulated_score", None), "row 101: simulated_score is empty"),
        (rows.iloc[:-1], "; 1 of 2400 cells lack one"),
    ):
        spoilt.to_parquet(path, index=False)
        sign(tmp_path / "suite")
        with pytest.raises(CatbenchError, match=says):
            load(tmp_path / "suite")


def sign(folder):
    """Write the digests of the files as they are, as somebody would who makes a suite by hand."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    for name in content["files"]:
        content["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(content))


def cell(table, row, column, value):
    return table.assign(**{column: table[column].where(table.index != row, value)})


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("prompts", lambda t: cell(t, 3, "split", "dev"), "row 4: unknown split 'dev'"),
        ("prompts", lambda t: cell(t, 3, "text", None), "row 4: text is empty"),
        ("prompts", lambda t: pd.concat([t, t.head(1)]), "prompt id 'sim-000000' appears twice"),
        ("prompts", lambda t: t.drop(columns="group"), "no column 'group'"),
        ("prompts", lambda t: t.iloc[1:], "prompt 'sim-000000' has scores but is not in the suite"),
        (
            "scores",
            lambda t: t.iloc[1:],
            r"no score of prompt 'storm .*' \(id sim-000000\), candidate 'sim-1', sample 0",
        ),
        ("scores", lambda t: pd.concat([t, t.tail(1)]), "'other-3', sample 3 is in two rows"),
        ("scores", lambda t: cell(t, 3, "candidate", "sim-9"), "candidate 'sim-9' has scores but is not"),
        ("scores", lambda t: cell(t, 3, "candidate", None), "row 4: candidate is empty"),
        ("scores", lambda t: cell(t, 3, "simulated_score", None), r"row 4: simulated_score is empty"),
        ("scores", lambda t: cell(t, 3, "sample", 4).astype({"sample": int}), "stores samples 0 to 3"),
        ("scores", lambda t: cell(t, 3, "sample", -1).astype({"sample": int}), "stores samples 0 to 3"),
        ("scores", lambda t: t.assign(sample=t["sample"] / 2), "'sample' holds double; it must be a whole"),
        ("scores", lambda t: t.assign(prompt_id=1), "'prompt_id' holds int64; it must be text"),
        ("scores", lambda t: t.assign(simulated_error="bad"), "'simulated_error' holds .* must be a number"),
        ("scores", lambda t: t.drop(columns="simulated_error"), "no column 'simulated_error'"),
        ("costs", lambda t: cell(t, 0, "value", 0.0), "row 1: candidate 'sim-1' costs 0 tflops"),
        ("costs", lambda t: t.iloc[:0], "no costs"),
        ("costs", lambda t: t.assign(value="free"), "value"),
    ],
)
def test_a_suite_made_by_hand_is_checked_beyond_its_digests(matrix, tmp_path, name, spoil, says):
    save(matrix, tmp_path / "suite")
    path = tmp_path / "suite" / f"{name}.parquet"
    spoil(pd.read_parquet(path)).to_parquet(path, index=False)
    sign(tmp_path / "suite")
    with pytest.raises(CatbenchError, match=says) as refusal:
        load(tmp_path / "suite")
    assert str(tmp_path / "suite") in str(refusal.value)


@pytest.mark.parametrize("name", ["scores.parquet", "costs.parquet", "features/words.npy"])
def test_files_of_another_format_are_told(matrix, tmp_path, name):
    save(matrix, tmp_path / "suite")
    (tmp_path / "suite" / name).write_bytes(b"neither Parquet nor NumPy")
    sign(tmp_path / "suite")
    with pytest.raises(CatbenchError, match=f"{name}: not readable as"):
        load(tmp_path / "suite")


@pytest.mark.parametrize("samples", [{"train": 4}, {"train": 4, "validation": 0, "test": 4}])
def test_every_split_has_a_number_of_samples(matrix, tmp_path, samples):
    save(matrix, tmp_path / "suite")
    path = tmp_path / "suite" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "samples": samples}))
    with pytest.raises(CatbenchError, match="no number of samples is given for the validation") as refusal:
        load(tmp_path / "suite")
    assert str(tmp_path / "suite") in str(refusal.value)


def test_images_are_only_read_to_verify_them(matrix, tmp_path):
    save(matrix, tmp_path / "suite", images=[("sim-000000", b"RIFF")])
    sheet = tmp_path / "suite" / "images" / "sim-000000.webp"
    assert sheet.read_bytes() == b"RIFF"
    verify(tmp_path / "suite")
    sheet.write_bytes(b"RAFF")
    load(tmp_path / "suite")
    with pytest.raises(CatbenchError, match=r"sim-000000\.webp: SHA-256"):
        verify(tmp_path / "suite")


def test_others_can_read_the_tables_as_they_are(matrix, tmp_path):
    save(matrix, tmp_path / "suite")
    rows = pd.read_parquet(tmp_path / "suite" / "scores.parquet").set_index(
        ["prompt_id", "candidate", "sample"]
    )
    for prompt, name, sample in ((0, 0, 0), (17, 2, 3), (199, 1, 2)):
        stored = rows.loc[(matrix.prompts["prompt_id"][prompt], matrix.candidate_ids[name], sample)]
        for metric, scores in matrix.scores.items():
            assert stored[metric] == scores[prompt, name, sample]
    assert set(rows.dtypes) == {np.dtype("float32")}


def test_saving_twice_gives_the_same_bytes(matrix, tmp_path):
    for name in ("one", "other"):
        save(matrix, tmp_path / name)
    assert load(tmp_path / "one").digest == load(tmp_path / "other").digest


def test_a_failed_save_leaves_what_was_there(matrix, tmp_path, monkeypatch):
    save(matrix, tmp_path / "suite")
    before = load(tmp_path / "suite").digest

    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    with pytest.raises(CatbenchError, match="No space left"):
        save(matrix, tmp_path / "suite", force=True)
    assert load(tmp_path / "suite").digest == before
    assert [path.name for path in tmp_path.iterdir()] == ["suite"]


def test_suites_of_the_home_folder_have_names(matrix, tmp_path, monkeypatch):
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path))
    save(matrix, tmp_path / "suites" / "mine")
    assert known_suites()["mine"] == tmp_path / "suites" / "mine"
    assert_same(load("mine"), matrix)


def test_atomic_files_appear_whole_or_not_at_all(tmp_path):
    target = tmp_path / "a.txt"
    with atomic_file(target) as draft:
        draft.write_text("one")
        assert not target.exists()

    def interrupted():
        with atomic_file(target) as draft:
            draft.write_text("two")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "one"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_folders_replace_only_with_force(tmp_path):
    with atomic_folder(tmp_path / "a") as draft:
        (draft / "x").write_text("1")
    with pytest.raises(CatbenchError, match="--force"), atomic_folder(tmp_path / "a"):
        pass
    with atomic_folder(tmp_path / "a", force=True) as draft:
        (draft / "y").write_text("2")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["y"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_scores_handed_out_are_read_only(matrix):
    with pytest.raises(ValueError, match="read-only"):
        matrix.scores["simulated_score"][0] = 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_refused(matrix, value):
    scores = {name: array.copy() for name, array in matrix.scores.items()}
    scores["simulated_error"][17, 1, 2] = value
    with pytest.raises(
        CatbenchError,
        match=r"simulated_error of prompt 'hill .*' \(id sim-000017\), candidate 'sim-2', sample 2",
    ):
        replace(matrix, scores=scores)


def test_a_group_in_two_splits_is_refused(matrix):
    prompts = matrix.prompts.copy()
    test, train = matrix.rows("test")[0], matrix.rows("train")[0]
    prompts.loc[test, "group"] = prompts.loc[train, "group"]
    with pytest.raises(CatbenchError, match="are in two splits"):
        replace(matrix, prompts=prompts)


def test_costs_on_several_machines_must_be_told_apart(matrix):
    def seconds(hardware, factor):
        return [
            Cost(candidate=c.id, unit="seconds", value=factor * (i + 1), hardware=hardware)
            for i, c in enumerate(matrix.candidates)
        ]

    both = replace(matrix, costs=(*seconds("A100", 1), *seconds("H100", 0.5)))
    assert both.cost_keys == ("seconds@A100", "seconds@H100")
    assert both.pool(cost="seconds@H100").cost.tolist() == [0.5, 1.0, 1.5]
    with pytest.raises(CatbenchError, match="name one of seconds@A100, seconds@H100"):
        both.pool(cost="seconds")
