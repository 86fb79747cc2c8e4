"""Scores the case by image-reward itself and writes what it says; runs in that package's own environment.

Of the package, only the sizes of the small network are changed: the vision transformer's (the package knows
`base` and `large`) and the head's width. The large one is loaded and run as a user would.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import case
import torch
from PIL import Image

from catbench.suite.info import Metric
from catbench_make.packages import prepare
from catbench_make.scorers import ScorerContext, load_scorers, score

prepare()  # lets torchvision be imported beside torch for the CPU, before the package imports it
package = import_module("ImageReward")
reward = import_module("ImageReward.ImageReward")
pretrain = import_module("ImageReward.models.BLIP.blip_pretrain")
vit = import_module("ImageReward.models.BLIP.vit")

PACKAGES = ("image-reward", "timm", "transformers", "torch", "torchvision", "pillow", "numpy")


def measured(folder: Path, med: dict) -> dict:
    """Return what the package, as it now is, has in its state dict, and its twelve scores."""
    config = folder / "med_config.json"
    config.write_text(json.dumps(med))
    state = reward.ImageReward(med_config=str(config)).state_dict()
    shapes = {name: list(tensor.shape) for name, tensor in state.items()}
    state |= {name: torch.from_numpy(array) for name, array in case.weights(case.floating(shapes)).items()}
    torch.save(state, folder / "ImageReward.pt")
    model = package.load(str(folder / "ImageReward.pt"), device="cpu", med_config=str(config))
    with torch.no_grad():
        pairs = list(zip(case.PROMPTS, case.images(), strict=True))
        scores = [model.score(prompt, Image.fromarray(image)) for prompt, image in pairs]
    epsilons = {half: layer_norms(getattr(model.blip, half)) for half in ("visual_encoder", "text_encoder")}
    del state, model  # 2 GB each at full size
    return {"tensors": shapes, "epsilons": epsilons, "scores": scores}


def layer_norms(network: torch.nn.Module) -> list[float]:
    """Return the epsilons of a network's layer norms, which scores show in the sixth decimal only."""
    return sorted({layer.eps for layer in network.modules() if isinstance(layer, torch.nn.LayerNorm)})


def check_option(folder: Path, scores: list[float]) -> None:
    """Stop unless the metric's model `package:FOLDER` gives the same scores."""
    metric = Metric(name="image_reward", model=f"package:{folder}")
    function = load_scorers([metric], ScorerContext())["image_reward"]
    for prompt, image, value in zip(case.PROMPTS, case.images(), scores, strict=True):
        found = float(score("image_reward", function, image[None], [prompt])[0])
        if abs(found - value) > 1e-6:
            raise SystemExit(f"package: gives {found} for {prompt!r}, not {value}")


def shrink() -> None:
    """Make the package build a small network of the same classes."""
    sizes, mlp = case.SMALL_VISION, reward.MLP
    pretrain.create_vit = lambda kind, image_size, *rest: (
        vit.VisionTransformer(img_size=image_size, patch_size=16, **sizes),
        sizes["embed_dim"],
    )
    reward.MLP = lambda width: mlp(case.SMALL_MED["hidden_size"])


def main(golden: Path) -> None:
    """Write the golden file."""
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)  # where the package finds its tokenizer, which it asks for by this name
        Path("bert-base-uncased").mkdir()
        Path("bert-base-uncased", "vocab.txt").write_text(case.vocabulary(), encoding="utf-8")
        Path("full").mkdir()
        Path("small").mkdir()
        full = measured(Path("full").absolute(), case.MED)
        shrink()
        small = measured(Path("small").absolute(), case.SMALL_MED)
        check_option(Path("small").absolute(), small["scores"])
        tokens = pretrain.init_tokenizer()(
            list(case.PROMPTS), padding="max_length", truncation=True, max_length=35
        )["input_ids"]
    versions = {name: version(name) for name in PACKAGES}
    written = {"versions": versions, "token_ids": tokens, "small": small, "full": full}
    text = json.dumps(written, indent=1)
    a_list_a_line = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    golden.write_text(a_list_a_line + "\n", encoding="utf-8")
    print(json.dumps({"versions": versions, "small": small["scores"], "full": full["scores"]}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
