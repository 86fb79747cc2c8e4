"""Whole runs over tiny pipelines: what comes out, what is made again, what is refused."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from catbench.suite.info import Metric
from catbench.suite.store import verify
from catbench_make.drawing.engines.local import LocalEngine
from catbench_make.drawing.run_folder import RunPart
from catbench_make.scorers.sharpness import sharpness


def test_a_suite_without_scores_becomes_one_with(suite, tmp_path, run):
    outcome = run(suite(), tmp_path / "run")
    matrix = verify(outcome.suite)
    assert matrix.candidate_ids == ("tiny-2", "tiny-3")
    assert matrix.scores["sharpness"].shape == (6, 2, 2)
    assert matrix.pools == {"steps": ("tiny-2", "tiny-3")}
    assert matrix.cost_keys == ("tflops", "tflops_paper")
    assert outcome.images == 24
    assert len(np.unique(matrix.scores["sharpness"])) == 24
    table = pq.read_table(outcome.suite / "shards.parquet").to_pandas()
    assert table["images"].sum() == 24
    assert set(table["batch"]) == {8}


def test_a_suite_with_scores_is_regenerated_from_itself(suite, tmp_path, run):
    first = run(suite(), tmp_path / "first")
    second = run(first.suite, tmp_path / "second")
    old, new = verify(first.suite), verify(second.suite)
    np.testing.assert_array_equal(old.scores["sharpness"], new.scores["sharpness"])
    assert old.costs == new.costs


def test_parts_make_what_one_run_makes(suite, tmp_path, run, content):
    folder = suite()
    whole = run(folder, tmp_path / "whole")
    made = [run(folder, tmp_path / "parts", part=RunPart(number, 3)).images for number in (3, 1, 2)]
    assert sum(made) == whole.images
    assert min(made) > 0
    assert not (tmp_path / "parts" / "suite").exists()
    assert run(folder, tmp_path / "parts").images == 0
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def test_the_scores_are_those_of_the_images_that_are_kept(suite, tmp_path, run):
    outcome = run(suite(), tmp_path / "run", keep_images=True)
    matrix = verify(outcome.suite)
    shard = pq.read_table(next((tmp_path / "run" / "shards" / "tiny-3").glob("*.parquet"))).to_pylist()
    for row in shard:
        pixels = np.asarray(Image.open(io.BytesIO(row["image"])))
        place = list(matrix.prompts["prompt_id"]).index(row["prompt_id"]), 1, row["sample"]
        assert matrix.scores["sharpness"][place] == np.float32(sharpness(pixels[None], [""])[0])
    tested = set(matrix.prompts["prompt_id"].to_numpy()[matrix.rows("test")])
    assert {path.stem for path in (outcome.suite / "images").iterdir()} == tested
    row = next(row for row in shard if row["prompt_id"] in tested and row["sample"] == 0)
    sheet = Image.open(outcome.suite / "images" / f"{row['prompt_id']}.webp")
    assert sheet.size == (2 * 64, 64)
    # The second column of the sheet is the second candidate.
    tile = np.asarray(sheet.crop((64, 0, 128, 64)).convert("RGB")).astype(int)
    pixels = np.asarray(Image.open(io.BytesIO(row["image"])))
    assert np.abs(tile - pixels).mean() < 12


def test_images_that_were_kept_are_scored_by_other_metrics_without_being_drawn(
    suite, clip, tmp_path, monkeypatch, run
):
    from catbench_make.drawing import worker

    clip_score = Metric(name="clip_score", model=f"transformers:{clip}")
    both = (Metric(name="sharpness"), clip_score)
    fresh = verify(run(suite(metrics=both, name="both"), tmp_path / "fresh", keep_images=True).suite)
    run(suite(), tmp_path / "run", keep_images=True)
    monkeypatch.setattr(worker, "draw", None)
    monkeypatch.setattr(worker, "load_pipeline", None)
    outcome = run(suite(metrics=both, name="more"), tmp_path / "run", keep_images=True)
    assert outcome.images == 0
    again = verify(outcome.suite)
    for metric, scores in fresh.scores.items():
        np.testing.assert_array_equal(again.scores[metric], scores)
    assert run(tmp_path / "more", tmp_path / "run", keep_images=True).images == 0


def test_text_encoders_run_once_a_prompt_whatever_the_candidates_steps_and_samples(
    suite, sdxl, drawn_by, tmp_path, monkeypatch, run
):
    import transformers

    encoded = dict.fromkeys(("CLIPTextModel", "CLIPTextModelWithProjection"), 0)
    for name in encoded:
        kind = getattr(transformers, name)

        def counting(self, input_ids, *args, forward=kind.forward, name=name, **kwargs):
            if input_ids.device.type != "meta":  # FLOPs are counted without numbers
                encoded[name] += len(input_ids)
            return forward(self, input_ids, *args, **kwargs)

        monkeypatch.setattr(kind, "forward", counting)
    ddim = {"name": "DDIMScheduler", "config": {}}
    candidates = (
        drawn_by(sdxl, 2),
        drawn_by(sdxl, 4),
        drawn_by(sdxl, 2, "ddim", scheduler=ddim),
        drawn_by(sdxl, 2, "unguided", guidance=0.0),
    )
    run(suite(candidates, samples=3), tmp_path / "run")
    # Six prompts and the empty one. The encoder with a projection has one without inside.
    assert encoded == {"CLIPTextModel": 2 * (6 + 1), "CLIPTextModelWithProjection": 6 + 1}


def test_a_rerun_makes_only_what_is_missing_and_ends_in_the_same_bytes(suite, tmp_path, run, content):
    folder, whole, parts = suite(), tmp_path / "whole", tmp_path / "parts"
    run(folder, whole, keep_images=True)
    run(folder, parts, keep_images=True, candidates=["tiny-3"], limit=4)
    run(folder, parts, keep_images=True, candidates=["tiny-2"])
    last = run(folder, parts, keep_images=True)
    assert last.images == 4  # the third block of tiny-3: two prompts, two samples
    assert content(parts) == content(whole)
    assert run(folder, parts, keep_images=True).images == 0
    assert content(parts) == content(whole)


def test_shard_order_does_not_matter(suite, tmp_path, run, content):
    class Backwards:
        def run(self, job, shards):
            return LocalEngine().run(job, shards[::-1])

    folder = suite()
    run(folder, tmp_path / "forwards")
    run(folder, tmp_path / "backwards", engine=Backwards())
    assert content(tmp_path / "backwards") == content(tmp_path / "forwards")


@pytest.mark.parametrize("which", ["shards/*/*.parquet", "shards/*/*.json", "embeddings/*/*.safetensors"])
@pytest.mark.parametrize("how", ["cut", "flipped"])
def test_damaged_files_are_made_again(suite, tmp_path, which, how, run, content):
    folder, out = suite(), tmp_path / "run"
    run(folder, out)
    whole = content(out)
    victim = sorted(out.glob(which))[1]
    data = bytearray(victim.read_bytes())
    if how == "cut":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2] ^= 4
    victim.write_bytes(data)
    if which.startswith("embeddings"):  # they are read only where shards are missing
        for candidate in (out / "shards").iterdir():
            shutil.rmtree(candidate)
    outcome = run(folder, out)
    assert content(out) == whole
    if which.startswith("shards"):
        assert outcome.images == 4
        assert outcome.damaged == (victim.with_suffix(".parquet").name,)


def test_prompts_that_are_cut_are_counted_and_named(suite, tmp_path, run):
    texts = ("short", "x" * 75, "y" * 76, "z" * 300, "word " * 40, "fine")
    outcome = run(suite(texts=texts), tmp_path / "run")
    assert outcome.prompts_cut == {"p2", "p3", "p4"}
    table = pq.read_table(outcome.suite / "shards.parquet").to_pandas()
    assert table["prompts_cut"].sum() == 3 * 2
    assert run(tmp_path / "tiny", tmp_path / "run").prompts_cut == {"p2", "p3", "p4"}


def test_a_smaller_batch_is_recorded_and_told(suite, tmp_path, monkeypatch, run):
    import diffusers

    forward = diffusers.UNet2DConditionModel.forward

    def small_memory(self, sample, *args, **kwargs):
        if len(sample) > 2 * 3:  # guidance doubles the batch
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, sample, *args, **kwargs)

    monkeypatch.setattr(diffusers.UNet2DConditionModel, "forward", small_memory)
    seen = []
    outcome = run(suite(samples=4), tmp_path / "run", on_progress=seen.append)
    note = "out of memory: drawn in batches of 2 instead of 8"
    assert [progress.done.notes for progress in seen[1:]] == [(note,)] * 6
    table = pq.read_table(outcome.suite / "shards.parquet").to_pandas()
    assert set(table["batch"]) == {2}


def test_progress_counts_images_and_foresees_the_end(suite, tmp_path, run):
    seen = []
    run(suite(), tmp_path / "run", on_progress=seen.append)
    assert [progress.shards for progress in seen] == list(range(7))
    assert [progress.images for progress in seen] == list(range(0, 25, 4))
    assert seen[0].seconds_left is None
    assert seen[3].seconds_left == pytest.approx(12 / seen[3].images_per_second)
    assert seen[-1].seconds_left == 0


def test_a_model_is_looked_for_in_the_suites_folder(suite, sdxl, drawn_by, tmp_path, run):
    folder = suite((drawn_by(Path("models/mine"), 2),))
    shutil.copytree(sdxl, folder / "models" / "mine")
    assert run(folder, tmp_path / "run").images == 12


def test_clip_score_of_a_local_model_is_a_metric_like_any_other(suite, clip, tmp_path, run):
    metrics = (Metric(name="clip_score", model=f"transformers:{clip}"), Metric(name="sharpness"))
    matrix = verify(run(suite(metrics=metrics), tmp_path / "run").suite)
    assert set(matrix.scores) == {"clip_score", "sharpness"}
    assert (np.abs(matrix.scores["clip_score"]) <= 1).all()


def test_amused_and_sdxl_make_one_suite(suite, sdxl, amused, drawn_by, tmp_path, run):
    candidates = (drawn_by(sdxl, 2), drawn_by(amused, 3, "masked", largest_batch=1))
    matrix = verify(run(suite(candidates), tmp_path / "run").suite)
    assert matrix.candidate_ids == ("tiny-2", "masked")
    table = pq.read_table(tmp_path / "run" / "suite" / "shards.parquet").to_pandas()
    assert set(table.groupby("candidate")["batch"].first()) == {1, 8}
