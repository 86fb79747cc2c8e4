"""Whole runs over tiny pipelines: what comes out, what is made again, what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from catbench.errors import GenerationError, UsageError
from catbench.generate import shards as shard_files
from catbench.generate.engines.local import LocalEngine
from catbench.generate.run import Plan, generate
from catbench.generate.scorers.sharpness import sharpness
from catbench.matrix import Metric
from catbench.store import verify


def run(folder: Path, out: Path, **options):
    plan_options = {name: options.pop(name) for name in ("candidates", "limit", "samples") if name in options}
    return generate(Plan.of(folder, **plan_options, prompts_per_block=2), out, **options)


def content(out: Path) -> dict[str, str]:
    """Digest of every file that a run leaves, by path; the lock and the caches are not of interest."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def test_a_suite_without_scores_becomes_one_with(suite, tmp_path):
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


def test_a_suite_with_scores_is_regenerated_from_itself(suite, tmp_path):
    first = run(suite(), tmp_path / "first")
    second = run(first.suite, tmp_path / "second")
    old, new = verify(first.suite), verify(second.suite)
    np.testing.assert_array_equal(old.scores["sharpness"], new.scores["sharpness"])
    assert old.costs == new.costs


def test_the_scores_are_those_of_the_images_that_are_kept(suite, tmp_path):
    outcome = run(suite(), tmp_path / "run", keep_images=True)
    matrix = verify(outcome.suite)
    shard = pq.read_table(next((tmp_path / "run" / "shards" / "tiny-3").glob("*.parquet"))).to_pylist()
    for row in shard:
        pixels = np.asarray(Image.open(io.BytesIO(row["image"])))
        place = list(matrix.prompts["prompt_id"]).index(row["prompt_id"]), 1, row["sample"]
        assert matrix.scores["sharpness"][place] == np.float32(sharpness(pixels[None], [""])[0])
    sheet = Image.open(outcome.suite / "images" / f"{row['prompt_id']}.webp")
    assert sheet.size == (2 * 64, 2 * 64)
    # The last row of the sheet is the last sample, its second column the second candidate.
    tile = np.asarray(sheet.crop((64, 64, 128, 128)).convert("RGB")).astype(int)
    assert np.abs(tile - pixels).mean() < 12


def test_text_encoders_run_once_a_prompt_whatever_the_candidates_steps_and_samples(
    suite, sdxl, drawn_by, tmp_path, monkeypatch
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


def test_a_rerun_makes_only_what_is_missing_and_ends_in_the_same_bytes(suite, tmp_path):
    folder, whole, parts = suite(), tmp_path / "whole", tmp_path / "parts"
    run(folder, whole, keep_images=True)
    run(folder, parts, keep_images=True, candidates=["tiny-3"], limit=4)
    run(folder, parts, keep_images=True, candidates=["tiny-2"])
    last = run(folder, parts, keep_images=True)
    assert last.images == 4  # the third block of tiny-3: two prompts, two samples
    assert content(parts) == content(whole)
    assert run(folder, parts, keep_images=True).images == 0
    assert content(parts) == content(whole)


def test_shard_order_does_not_matter(suite, tmp_path):
    class Backwards:
        def run(self, job, shards):
            return LocalEngine().run(job, shards[::-1])

    folder = suite()
    run(folder, tmp_path / "forwards")
    run(folder, tmp_path / "backwards", engine=Backwards())
    assert content(tmp_path / "backwards") == content(tmp_path / "forwards")


@pytest.mark.parametrize("which", ["shards/*/*.parquet", "shards/*/*.json", "embeddings/*/*.safetensors"])
@pytest.mark.parametrize("how", ["cut", "flipped"])
def test_damaged_files_are_made_again(suite, tmp_path, which, how):
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
        shutil.rmtree(out / "shards")
    outcome = run(folder, out)
    assert content(out) == whole
    if which.startswith("shards"):
        assert outcome.images == 4
        assert outcome.damaged == (victim.with_suffix(".parquet").name,)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"batch": 4}, "batch 8, not 4"),
        ({"keep_images": True}, "images_kept False, not True"),
    ],
)
def test_other_options_in_the_folder_are_refused(suite, tmp_path, change, what):
    folder, out = suite(), tmp_path / "run"
    run(folder, out)
    before = content(out)
    with pytest.raises(UsageError, match=f"was made with {what}: run with the same settings"):
        run(folder, out, **change)
    assert content(out) == before


def test_other_settings_weights_metrics_and_hardware_in_the_folder_are_refused(
    suite, sdxl, drawn_by, tmp_path, monkeypatch
):
    out = tmp_path / "run"
    run(suite(), out)
    before = content(out)

    other_guidance = (drawn_by(sdxl, 2, guidance=6.0), drawn_by(sdxl, 3))
    with pytest.raises(UsageError, match="was made with settings"):
        run(suite(other_guidance, name="guidance"), out)

    copy = tmp_path / "copy"
    shutil.copytree(sdxl, copy)
    (copy / "unet" / "config.json").write_text((copy / "unet" / "config.json").read_text() + "\n")
    moved = tuple(drawn_by(copy, steps) for steps in (2, 3))
    with pytest.raises(UsageError, match="was made with settings"):
        run(suite(moved, name="moved"), out)

    other_metric = (Metric(name="sharpness", revision="2"),)
    with pytest.raises(UsageError, match="was made with metrics"):
        run(suite(metrics=other_metric, name="metric"), out)

    monkeypatch.setattr(shard_files, "hardware_name", lambda device: "another machine")
    with pytest.raises(UsageError, match=r"was made with hardware .*, not 'another machine'"):
        run(tmp_path / "tiny", out)
    assert content(out) == before


def test_weights_that_changed_in_their_folder_are_refused(suite, sdxl, drawn_by, tmp_path):
    from catbench.generate import weights

    copy = tmp_path / "copy"
    shutil.copytree(sdxl, copy)
    folder = suite((drawn_by(copy, 2),))
    run(folder, tmp_path / "run")
    weights._folder_digest.cache_clear()
    (copy / "unet" / "config.json").write_text((copy / "unet" / "config.json").read_text() + "\n")
    with pytest.raises(UsageError, match="was made with weights"):
        run(folder, tmp_path / "run")


def test_prompts_that_are_cut_are_counted_and_named(suite, tmp_path):
    texts = ("short", "x" * 75, "y" * 76, "z" * 300, "word " * 40, "fine")
    outcome = run(suite(texts=texts), tmp_path / "run")
    assert outcome.prompts_cut == {"p2", "p3", "p4"}
    table = pq.read_table(outcome.suite / "shards.parquet").to_pandas()
    assert table["prompts_cut"].sum() == 3 * 2
    assert run(tmp_path / "tiny", tmp_path / "run").prompts_cut == {"p2", "p3", "p4"}


def test_an_image_that_is_no_number_is_named_and_nothing_else_is_lost(suite, tmp_path, monkeypatch):
    from catbench.generate import worker

    load = worker.load_pipeline
    folder, out = suite(samples=1), tmp_path / "run"

    def broken(settings, device, root):
        pipeline = load(settings, device, root)
        decode = pipeline.vae.decoder.forward

        def nan_once(sample, *args, **kwargs):
            # The picture of p4, by its noise; whatever the decoder's precision.
            decoded = decode(sample, *args, **kwargs)
            return decoded * torch.where(marked(sample), torch.nan, 1.0)

        pipeline.vae.decoder.forward = nan_once
        return pipeline

    seen: list[float] = []

    def marked(sample):
        means = sample.mean(dim=(1, 2, 3))
        if not seen:
            seen.append(float(means[0]))
        return (means == seen[0])[:, None, None, None]

    monkeypatch.setattr(worker, "load_pipeline", broken)
    made = []
    message = (
        r"1 of 6 shards could not be made, .*'tiny-2', prompt 'p0', sample 0, seed \d+: NaN in the image"
    )
    with pytest.raises(GenerationError, match=message):
        run(folder, out, batch=1, on_progress=made.append)
    assert [bool(progress.done.problem) for progress in made[1:]] == [True, *[False] * 5]
    monkeypatch.undo()
    assert run(folder, out, batch=1).images == 2


def test_a_smaller_batch_is_recorded_and_told(suite, tmp_path, monkeypatch):
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


def test_a_metric_without_its_model_is_refused_before_anything_is_drawn(suite, tmp_path, monkeypatch):
    import diffusers

    monkeypatch.setattr(diffusers.StableDiffusionXLPipeline, "__call__", None)
    metrics = (Metric(name="clip_score", model=f"transformers:{tmp_path}"),)
    with pytest.raises(GenerationError, match=f"model transformers:{tmp_path}: cannot be loaded"):
        run(suite(metrics=metrics), tmp_path / "run")


def test_progress_counts_images_and_foresees_the_end(suite, tmp_path):
    seen = []
    run(suite(), tmp_path / "run", on_progress=seen.append)
    assert [progress.shards for progress in seen] == list(range(7))
    assert [progress.images for progress in seen] == list(range(0, 25, 4))
    assert seen[0].seconds_left is None
    assert seen[3].seconds_left == pytest.approx(12 / seen[3].images_per_second)
    assert seen[-1].seconds_left == 0


def test_a_folder_in_use_is_refused(suite, tmp_path):
    fcntl = pytest.importorskip("fcntl", reason="no such locks on this system")
    out = tmp_path / "run"
    out.mkdir()
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another run is writing to"):
            run(suite(), out)


def test_a_suites_own_folder_and_a_file_are_refused(suite, tmp_path):
    folder = suite()
    before = content(folder)
    with pytest.raises(UsageError, match="is a suite's folder"):
        run(folder, folder)
    assert content(folder) == before
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write to --out"):
        run(folder, tmp_path / "file")


def test_an_unwritable_folder_is_refused(suite, tmp_path):
    with pytest.raises(UsageError, match="cannot write to --out"):
        run(suite(), Path("/proc/catbench"))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 400 kB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def test_a_full_disk_is_an_error_that_loses_nothing(suite, tmp_path, small_disk):
    folder, out = suite(), small_disk / "run"
    with pytest.raises(UsageError, match=r"cannot write .*: .*(No space left|os error 28)"):
        run(folder, out, keep_images=True)
    made = sorted((out / "shards").glob("*/*.json"))
    assert 0 < len(made) < 6
    for record in made:
        assert (
            json.loads(record.read_text())["sha256"]
            == hashlib.sha256(record.with_suffix(".parquet").read_bytes()).hexdigest()
        )
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    assert run(folder, out, keep_images=True).images == 24 - 4 * len(made)
    run(folder, tmp_path / "whole", keep_images=True)
    assert content(out) == content(tmp_path / "whole")


def test_a_metric_that_nobody_has_is_refused_before_anything_is_drawn(suite, tmp_path):
    with pytest.raises(UsageError, match="unknown metric 'sharpnes': did you mean 'sharpness'"):
        Plan.of(suite(metrics=(Metric(name="sharpnes"),)))


def test_a_missing_model_is_refused_and_what_was_made_stays(suite, sdxl, drawn_by, tmp_path, monkeypatch):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    candidates = (drawn_by(sdxl, 2), drawn_by(Path("nobody/nothing"), 2, "gone"))
    with pytest.raises(GenerationError, match="model nobody/nothing: it is not on this machine"):
        run(suite(candidates), tmp_path / "run")
    assert len(list((tmp_path / "run" / "shards" / "tiny-2").glob("*.json"))) == 3


def test_a_model_is_looked_for_in_the_suites_folder(suite, sdxl, drawn_by, tmp_path):
    folder = suite((drawn_by(Path("models/mine"), 2),))
    shutil.copytree(sdxl, folder / "models" / "mine")
    assert run(folder, tmp_path / "run").images == 12


def test_clip_score_of_a_local_model_is_a_metric_like_any_other(suite, clip, tmp_path):
    metrics = (Metric(name="clip_score", model=f"transformers:{clip}"), Metric(name="sharpness"))
    matrix = verify(run(suite(metrics=metrics), tmp_path / "run").suite)
    assert set(matrix.scores) == {"clip_score", "sharpness"}
    assert (np.abs(matrix.scores["clip_score"]) <= 1).all()


def test_amused_and_sdxl_make_one_suite(suite, sdxl, amused, drawn_by, tmp_path):
    candidates = (drawn_by(sdxl, 2), drawn_by(amused, 3, "masked", largest_batch=1))
    matrix = verify(run(suite(candidates), tmp_path / "run").suite)
    assert matrix.candidate_ids == ("tiny-2", "masked")
    table = pq.read_table(tmp_path / "run" / "suite" / "shards.parquet").to_pandas()
    assert set(table.groupby("candidate")["batch"].first()) == {1, 8}
