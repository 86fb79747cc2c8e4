"""What a router chose, drawn by tiny pipelines on disk: one model after the other, each prompt once."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from catbench_make.drawing.chosen import draw_chosen, shards_of


def test_candidates_of_one_model_stand_together_and_a_prompt_is_drawn_once(sdxl, amused, drawn_by):
    candidates = [drawn_by(sdxl, 1, "few"), drawn_by(amused, 1, "other"), drawn_by(sdxl, 3, "many")]
    chosen = [(f"prompt {n}", "few") for n in range(20)] + [("x", "many"), ("x", "many"), ("y", "other")]
    shards = shards_of(candidates, chosen)
    assert [shard.candidate.id for shard in shards] == ["few", "few", "many", "other"]
    assert [len(shard.block.texts) for shard in shards] == [16, 4, 1, 1]


def test_images_of_a_pipeline_on_disk(sdxl, drawn_by, tmp_path):
    candidates = [drawn_by(sdxl, 1, "few"), drawn_by(sdxl, 3, "many")]
    shards = shards_of(candidates, [("a red cat", "few"), ("a red cat", "many"), ("three birds", "many")])
    assert draw_chosen(shards, tmp_path / "drawn") == (3, 3)
    assert draw_chosen(shards, tmp_path / "drawn") == (3, 0)
    rows = [
        json.loads(line) for line in (tmp_path / "drawn" / "images.jsonl").read_text("utf-8").splitlines()
    ]
    seeds = {(row["prompt"], row["candidate"]): row["seed"] for row in rows}
    assert seeds["a red cat", "few"] == seeds["a red cat", "many"] != seeds["three birds", "many"]
    images = [np.asarray(Image.open(tmp_path / "drawn" / row["image"])) for row in rows]
    assert len({image.tobytes() for image in images}) == 3
    assert {image.shape for image in images} == {(64, 64, 3)}
