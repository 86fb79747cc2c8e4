"""Routers that read a text encoder are saved too: the encoder is found again by its name, or named again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

import catbench
from catbench.errors import RouterError

pytest.importorskip("torch", reason="the minilm extra is not installed")
pytest.importorskip("transformers", reason="the minilm extra is not installed")
NAMES = ("transformer:nano", "routet2i:nano", "ridge:nano", "knn:nano", "guarded:transformer:nano")
ENCODER = files("catbench") / "data" / "nano" / "text-encoder"


def test_they_answer_the_same_in_another_process_and_are_not_fitted_again(suite, tmp_path):
    texts = list(suite.texts(suite.rows("test")))
    wanted = {}
    for name in NAMES:
        router = catbench.fit(name, suite, metric="simulated_score")
        router.save(tmp_path / name.replace(":", "-"))
        wanted[name.replace(":", "-")] = router.choose(texts, budget=8.0)
    (tmp_path / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    code = f"""
import json, sys
from pathlib import Path
import catbench
place, found = Path({str(tmp_path)!r}), {{}}
texts = json.loads((place / "texts.json").read_text(encoding="utf-8"))
for folder in filter(Path.is_dir, place.iterdir()):
    router = catbench.FittedRouter.load(folder, tell=sys.exit)
    choices = router.choose(texts, budget=8.0)
    found[folder.name] = choices.candidates, choices.predicted.tolist()
sys.stdout.write(json.dumps(found))
"""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found.keys() == wanted.keys()
    for name, (candidates, predicted) in found.items():
        assert tuple(candidates) == wanted[name].candidates, name
        np.testing.assert_allclose(predicted, wanted[name].predicted, rtol=0, atol=1e-6, err_msg=name)


def test_an_encoders_folder_is_named_again_wherever_it_is_now_and_has_to_be_the_same(suite, tmp_path):
    for place in ("here", "there"):
        shutil.copytree(ENCODER, tmp_path / place / "encoder")
    name = f"ridge:{tmp_path / 'here' / 'encoder'}"
    router = catbench.fit(name, suite, metric="simulated_score")
    router.save(tmp_path / "kept")
    with pytest.raises(RouterError, match=r"is of a file or a folder of yours.*NAME:FOLDER"):
        catbench.FittedRouter.load(tmp_path / "kept")
    moved = f"ridge:{tmp_path / 'there' / 'encoder'}"
    again = catbench.FittedRouter.load(tmp_path / "kept", router=moved)
    texts = list(suite.texts(suite.rows("test")))
    assert again.choose(texts, budget=8.0).candidates == router.choose(texts, budget=8.0).candidates
    with pytest.raises(RouterError, match=r"is of router 'ridge:.*encoder', and 'ridge:minilm' was given"):
        catbench.FittedRouter.load(tmp_path / "kept", router="ridge:minilm")


def test_another_encoder_of_that_name_is_found_out(suite, tmp_path):
    from safetensors.numpy import load_file, save_file

    encoder = tmp_path / "encoder"
    shutil.copytree(ENCODER, encoder)
    router = catbench.fit(f"ridge:{encoder}", suite, metric="simulated_score")
    router.save(tmp_path / "kept")
    from catbench_baselines.token_encoders import load_once

    weights = next(encoder.glob("*.safetensors"))
    save_file({name: 1.1 * value for name, value in load_file(weights).items()}, weights, {"format": "pt"})
    load_once.cache_clear()
    with pytest.raises(RouterError, match="is it, its text encoder or scikit-learn another version"):
        catbench.FittedRouter.load(tmp_path / "kept", router=f"ridge:{encoder}")
    load_once.cache_clear()
