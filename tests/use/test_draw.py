"""What a router chose is drawn, once and whole, by the pipelines of the benchmark."""

from __future__ import annotations

import json

import numpy as np
import pytest

import catbench

pytest.importorskip("torch", reason="the generate extra is not installed")
diffusers = pytest.importorskip("diffusers", reason="the generate extra is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

PROMPTS = [
    "a big red circle on the left on a white background",
    "two green triangles in the top corners on a gray background",
    "a white background: a large blue square at the top",
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A router of the nano suite, whose generators are shipped."""
    folder = tmp_path_factory.mktemp("router") / "nano"
    catbench.fit("mixture", catbench.load("nano"), metric="clip_score").save(folder)
    return folder


@pytest.fixture(autouse=True)
def drawer(monkeypatch):
    """The drawer, as the entry point names it, whatever was installed when."""
    from importlib.metadata import EntryPoint

    from catbench.cli import route_command

    point = EntryPoint("catbench", "catbench_make.drawing.chosen:draw_fitted", route_command.DRAWERS)
    monkeypatch.setattr(route_command, "entry_points", lambda group: [point] * (group == point.group))


def test_images_are_drawn_once_and_are_those_of_the_benchmark(command, kept, tmp_path):
    from PIL import Image

    from catbench_make.drawing.chosen import draw_chosen, shards_of

    out = tmp_path / "drawn"
    given = ("route", kept, *PROMPTS, PROMPTS[0], "--budget", "0.002", "--draw", out)
    first, again = command(*given), command(*given)
    assert first.code == 0, first.err
    assert "3 images in" in first.out
    assert "3 of them new" in first.out
    assert "0 of them new" in again.out
    rows = [json.loads(line) for line in (out / "images.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(row["prompt"] for row in rows) == sorted(PROMPTS)
    pictures = {row["prompt"]: np.asarray(Image.open(out / row["image"])) for row in rows}
    router = catbench.FittedRouter.load(kept)
    chosen = router.choose(PROMPTS, budget=0.002).candidates
    assert {row["prompt"]: row["candidate"] for row in rows} == dict(zip(PROMPTS, chosen, strict=True))
    alone = shards_of(router.pool.candidates, [(PROMPTS[2], chosen[2])])
    draw_chosen(alone, tmp_path / "alone")
    one = json.loads((tmp_path / "alone" / "images.jsonl").read_text(encoding="utf-8"))
    found = np.asarray(Image.open(tmp_path / "alone" / one["image"])).astype(int)
    assert found.shape == (32, 32, 3)
    assert found.std() > 5  # a picture, and the same but for the batch's rounding
    assert np.abs(found - pictures[PROMPTS[2]]).max() <= 2


def test_a_damaged_shard_is_drawn_again(command, kept, tmp_path):
    given = ("route", kept, PROMPTS[0], "--budget", "0.002", "--draw", tmp_path / "drawn")
    command(*given)
    shard = next((tmp_path / "drawn" / "shards").rglob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-9])
    assert "1 of them new" in command(*given).out


def test_a_dry_run_says_what_drawing_takes_and_draws_nothing(command, kept, tmp_path):
    said = command("route", kept, *PROMPTS, "--save", "20%", "--draw", tmp_path / "drawn", "--dry-run")
    assert "to draw  3 images; device-hours" in said.out
    assert not (tmp_path / "drawn").exists()
    assert "--dry-run goes with --draw" in command("route", kept, "x", "--save", "20%", "--dry-run").err


def test_a_candidate_that_nobody_can_draw_is_one_line(command, folders, tmp_path):
    said = command("route", folders / "mixture", "apple", "--budget", "9", "--draw", tmp_path / "drawn")
    assert said.code == 2
    assert "candidate 'sim-" in said.err or "candidate 'other-" in said.err
    assert said.err.count("\n") == 1


def test_without_torch_it_is_one_line_that_says_how(command, kept, tmp_path, no_torch):
    said = command("route", kept, PROMPTS[0], "--budget", "0.002", "--draw", tmp_path / "drawn")
    assert said.code == 2
    assert "torch, which is not installed" in said.err
    assert said.err.endswith("'.[generate]'\n")
    assert said.err.count("\n") == 1
