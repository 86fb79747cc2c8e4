"""What stops a run: folders, settings, disks and models that will not do; and that nothing is lost by it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from catbench.errors import GenerationError, UsageError
from catbench.suite.info import Metric
from catbench_make.drawing import shards
from catbench_make.drawing.generation import Plan
from catbench_make.drawing.run_folder import RunPart
from catbench_make.plan import job


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"batch": 4}, "batch 8, not 4"),
        ({"keep_images": True}, "images_kept False, not True"),
    ],
)
def test_other_options_in_the_folder_are_refused(suite, tmp_path, change, what, run, content):
    folder, out = suite(), tmp_path / "run"
    run(folder, out)
    before = content(out)
    with pytest.raises(UsageError, match=f"was made with {what}: run with the same settings"):
        run(folder, out, **change)
    assert content(out) == before


def test_other_settings_weights_metrics_and_hardware_in_the_folder_are_refused(
    suite, sdxl, drawn_by, tmp_path, monkeypatch, run, content
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
    with pytest.raises(UsageError, match=r"was made with metrics .*only images that were kept"):
        run(suite(metrics=other_metric, name="metric"), out)

    monkeypatch.setattr(job, "hardware_name", lambda device: "another machine")
    with pytest.raises(UsageError, match=r"was made with hardware .*, not 'another machine'"):
        run(tmp_path / "tiny", out)
    assert content(out) == before


def test_a_suite_that_no_run_made_is_not_replaced(suite, tmp_path, run, content):
    folder = suite(name="suite")
    before = content(folder)
    with pytest.raises(UsageError, match=r"would replace .*suite, which it has not made"):
        run(folder, folder.parent, limit=3)
    with pytest.raises(UsageError, match=r"would replace .*suite, which it has not made"):
        run(suite(name="other"), folder.parent)
    run(tmp_path / "other", tmp_path / "run")
    with pytest.raises(UsageError, match=r"would replace .*suite, which it has not made"):
        run(tmp_path / "run" / "suite", tmp_path / "run", limit=3)
    assert content(folder) == before


def test_what_else_lies_in_the_folder_stays(suite, tmp_path, run):
    out = tmp_path / "run"
    (out / ".oh-my-zsh").mkdir(parents=True)
    for name in (".oh-my-zsh/theme", ".pre-commit-config.yaml", "lock"):
        (out / name).write_text("mine")
    run(suite(), out, limit=3)
    for name in (".oh-my-zsh/theme", ".pre-commit-config.yaml", "lock"):
        assert (out / name).read_text() == "mine"


def test_weights_that_changed_in_their_folder_are_refused(suite, sdxl, drawn_by, tmp_path, run):
    copy = tmp_path / "copy"
    shutil.copytree(sdxl, copy)
    folder = suite((drawn_by(copy, 2),))
    run(folder, tmp_path / "run")
    shards._folder_digest.cache_clear()
    (copy / "unet" / "config.json").write_text((copy / "unet" / "config.json").read_text() + "\n")
    with pytest.raises(UsageError, match="was made with weights"):
        run(folder, tmp_path / "run")


def test_a_metric_whose_model_changed_in_its_folder_is_refused(suite, clip, tmp_path, run):
    copy = tmp_path / "clip"
    shutil.copytree(clip, copy)
    folder, out = suite(metrics=(Metric(name="clip_score", model=f"transformers:{copy}"),)), tmp_path / "run"
    run(folder, out)
    shards._folder_digest.cache_clear()
    (copy / "config.json").write_text((copy / "config.json").read_text() + "\n")
    with pytest.raises(UsageError, match="was made with metrics"):
        run(folder, out)


def test_an_image_that_is_no_number_is_named_and_nothing_else_is_lost(suite, tmp_path, monkeypatch, run):
    from catbench_make.drawing import worker

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


def test_a_metric_without_its_model_is_refused_before_anything_is_drawn(suite, tmp_path, monkeypatch, run):
    import diffusers

    monkeypatch.setattr(diffusers.StableDiffusionXLPipeline, "__call__", None)
    metrics = (Metric(name="clip_score", model=f"transformers:{tmp_path}"),)
    with pytest.raises(GenerationError, match=f"encoder transformers:{tmp_path}: cannot be loaded"):
        run(suite(metrics=metrics), tmp_path / "run")


def test_a_folder_in_use_is_refused(suite, tmp_path, run):
    fcntl = pytest.importorskip("fcntl", reason="no such locks on this system")
    out = tmp_path / "run"
    out.mkdir()
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another run is writing to"):
            run(suite(), out)


def test_a_part_is_held_by_one_process_and_never_beside_a_whole_run(suite, tmp_path, run):
    fcntl = pytest.importorskip("fcntl", reason="no such locks on this system")
    out, folder = tmp_path / "run", suite()
    out.mkdir()
    for name in ("lock", "lock-1-of-2"):
        with (out / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(UsageError, match="another run is writing to"):
                run(folder, out, part=RunPart(1, 2))
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # another part's
        assert run(folder, out, part=RunPart(1, 2)).images == 12


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "a/b", "-1/2", "1/2/3", "1/0"])
def test_what_names_no_part_is_refused(text):
    with pytest.raises(UsageError, match="it is I/N"):
        RunPart.parse(text)


def test_a_suites_own_folder_and_a_file_are_refused(suite, tmp_path, run, content):
    folder = suite()
    before = content(folder)
    with pytest.raises(UsageError, match="is a suite's folder"):
        run(folder, folder)
    assert content(folder) == before
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write to --out"):
        run(folder, tmp_path / "file")


def test_an_unwritable_folder_is_refused(suite, tmp_path, run):
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


def test_a_full_disk_is_an_error_that_loses_nothing(suite, tmp_path, small_disk, run, content):
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


def test_a_missing_model_is_refused_and_what_was_made_stays(
    suite, sdxl, drawn_by, tmp_path, monkeypatch, run
):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    candidates = (drawn_by(sdxl, 2), drawn_by(Path("nobody/nothing"), 2, "gone"))
    with pytest.raises(GenerationError, match="model nobody/nothing: it is not on this machine"):
        run(suite(candidates), tmp_path / "run")
    assert len(list((tmp_path / "run" / "shards" / "tiny-2").glob("*.json"))) == 3
