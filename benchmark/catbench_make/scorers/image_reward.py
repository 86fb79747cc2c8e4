"""ImageReward (Xu et al. 2023): a network trained on human preferences between images of a prompt.

Conventions. The authors' reward, about -2 to 2: the network's output less their mean, over their standard
deviation. Images: the shorter side to 224 by PIL's bicubic filter, the middle square,
CLIP's normalisation, and so the same pixels as CLIP ViT-L/14 is given. Prompts: 35 tokens of
bert-base-uncased, cut beyond; `[DEC]` and `[ENC]` are tokens of their own. Runs in float32.

The record's `model` is one of

    zai-org/ImageReward      ImageReward.pt and med_config.json of the hub repository at `revision`
    FOLDER                   one that holds both and the vocab.txt of bert-base-uncased
    package:FOLDER           the authors' own package, image-reward, with both files of a folder
    package:ImageReward-v1.0 the same, with the files that it fetches itself

The first two need no package beside the `generate` extra's and agree with the authors' to 1e-4: tests hold
them against scores by image-reward 1.5. That package wants timm 0.6.13 and transformers before 4.56, which
cannot live beside open_clip 3 and transformers 5: it goes into an environment of its own, by
`pip install '.[image-reward]'` in a clone, where suites that name no CLIP can be generated with it.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catbench.arrays import Floats, Scores
from catbench.errors import GenerationError, SuiteError, first_line, install_line
from catbench.suite.info import Metric
from catbench_make.encoders import reader
from catbench_make.packages import optional, prepare
from catbench_make.plan.settings import local_source
from catbench_make.scorers import Images, MetricSource, ScoreFunction, ScorerContext
from catbench_make.scorers.checkpoint_file import read_weights
from catbench_make.scorers.pixels import Look, pixels

DEFAULT_MODEL = "zai-org/ImageReward"
DEFAULT_REVISION = "5736be03b2652728fb87788c9797b0570450ab72"
TOKENIZER = "google-bert/bert-base-uncased"
TOKENIZER_REVISION = "86b5e0934494bd15c9632b12f734a8a67f723594"
PACKAGE = "package:"
CHECKPOINT, CONFIG, VOCABULARY = "ImageReward.pt", "med_config.json", "vocab.txt"
TOKENS = 35
NEEDED_BY = "ImageReward"


def load_image_reward(metric: Metric, context: ScorerContext) -> ScoreFunction:
    """Return the function for a record.

    Raises SuiteError for a folder that lacks a file, GenerationError where the model, or the package
    image-reward, cannot be loaded.
    """
    prepare()
    model = metric.model or DEFAULT_MODEL
    if model.startswith(PACKAGE):
        return _by_package(model.removeprefix(PACKAGE), context)
    from catbench_make.pipelines.load import model_errors
    from catbench_make.scorers.reward_network import load_network

    with model_errors(model, metric.revision):
        files = _files(model, metric.revision, context.root)
        med_config = json.loads(files[CONFIG].read_text(encoding="utf-8"))
        network: Any = load_network(read_weights(files[CHECKPOINT]), med_config, f"model {model}")
        network = network.to(context.device)
        read = reader(load_tokenizer(files[VOCABULARY]), context.device)
    torch = optional("torch", NEEDED_BY)
    look = Look(network.vision.config.image_size)

    def rewards(images: Images, prompts: Sequence[str]) -> Scores:
        tokens = read(prompts, TOKENS, True)
        with torch.no_grad():
            found = network(pixels(images, look, context), tokens["input_ids"], tokens["attention_mask"])
        return found.cpu().numpy()

    return rewards


def load_tokenizer(vocabulary: Path) -> Any:
    """Return BERT's tokenizer of a `vocab.txt`, with the two tokens that BLIP adds behind it."""
    tokenizer = optional("transformers", NEEDED_BY).BertTokenizer(vocab=str(vocabulary))
    for added in ({"bos_token": "[DEC]"}, {"additional_special_tokens": ["[ENC]"]}):  # in BLIP's order
        tokenizer.add_special_tokens(added)
    return tokenizer


def _files(model: str, revision: str, root: Path | None) -> dict[str, Path]:
    local = local_source(model, root)
    if local is None:
        fetch = optional("huggingface_hub", NEEDED_BY).hf_hub_download
        found = {name: Path(fetch(model, name, revision=revision or None)) for name in (CHECKPOINT, CONFIG)}
        return {**found, VOCABULARY: Path(fetch(TOKENIZER, VOCABULARY, revision=TOKENIZER_REVISION))}
    found = {name: local / name for name in (CHECKPOINT, CONFIG, VOCABULARY)}
    for name, path in found.items():
        if not path.is_file():
            raise SuiteError(
                f"metric model {model}: no {name} in the folder; it must hold {CHECKPOINT} and {CONFIG} "
                f"of {DEFAULT_MODEL} and the {VOCABULARY} of {TOKENIZER}"
            )
    return found


def _by_package(name: str, context: ScorerContext) -> ScoreFunction:
    """Return the function by the package image-reward."""
    torch = optional("torch", NEEDED_BY)
    from PIL import Image

    package = _package()
    local = local_source(name, context.root)
    arguments = (
        {"name": str(local / CHECKPOINT), "med_config": str(local / CONFIG)} if local else {"name": name}
    )
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it loads
            model = package.load(device=context.device, **arguments)
    except Exception as error:  # whatever the hub, the files or the package raise
        raise GenerationError(
            f"metric model {PACKAGE}{name}: image-reward cannot load it: {type(error).__name__}: "
            f"{first_line(error)}"
        ) from error

    def rewards(images: Images, prompts: Sequence[str]) -> Floats:
        with torch.no_grad():
            pairs = zip(prompts, images, strict=True)
            return np.array([model.score(prompt, Image.fromarray(image)) for prompt, image in pairs])

    return rewards


def _package() -> Any:
    try:
        return optional("ImageReward", NEEDED_BY)
    except Exception as error:  # beside transformers 5 or timm 1 its import fails in many ways
        cause = error.__cause__ or error
        raise GenerationError(
            f"metric model {PACKAGE}...: the package image-reward is not there or cannot be imported "
            f"({cause}): it needs timm 0.6.13 and transformers before 4.56, so install it in an environment "
            f"of its own ({install_line('image-reward')}), or name the model without {PACKAGE} to run "
            "the same network here"
        ) from error


IMAGE_REWARD = MetricSource(
    Metric(
        name="image_reward",
        label="ImageReward",
        model=DEFAULT_MODEL,
        revision=DEFAULT_REVISION,
        citation="Xu et al. 2023, ImageReward",
    ),
    load_image_reward,
)
