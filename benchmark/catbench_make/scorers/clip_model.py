"""CLIP (Radford et al. 2021), one for all metrics that embed images by the same model.

Conventions. Embeddings are unit vectors in CLIP's common space. Models run in float32. Text beyond the
model's window is cut. A model is named as `catbench_make.encoders` says,

    ViT-L-14/openai                             open_clip: architecture / pretrained tag
    open_clip:models/clip                       a folder with open_clip_config.json and weights
    transformers:openai/clip-vit-large-patch14  a CLIPModel of transformers: hub repository or folder

folders being looked for in the suite's first; its revision is a commit of the hub repository that the weights
come from.

A batch of images is embedded once for all metrics, and a prompt once: its embedding is kept, being the same
for every candidate and sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from catbench.arrays import Scores
from catbench.errors import GenerationError, SuiteError, UsageError
from catbench_make.encoders import CLIP, OPEN_CLIP, TRANSFORMERS, load_encoder
from catbench_make.packages import prepare
from catbench_make.plan.settings import local_source
from catbench_make.scorers import Images, ScorerContext
from catbench_make.scorers.pixels import Look, pixels

DEFAULT_MODEL = CLIP
DEFAULT_REVISION = "18d0535469bb561bf468d76c1d73aa35156c922b"


@dataclass(frozen=True)
class Clip:
    """A CLIP that remembers the prompts it has seen and the images at hand."""

    images: Callable[[Images], Scores]
    """Images uint8 (n, height, width, 3) -> unit vectors, float32 (n, d)."""
    text: Callable[[str], Scores]
    """A prompt -> a unit vector, float32 (d,)."""


def load_clip(model: str, revision: str, context: ScorerContext) -> Clip:
    """Return a CLIP, loaded once for all metrics of a context that name the same.

    Raises SuiteError for a model name of another form, GenerationError where the model cannot be loaded.
    """
    return context.shared.model(("clip", model, revision), lambda: _load(model, revision, context))


def _load(model: str, revision: str, context: ScorerContext) -> Clip:
    prepare()
    library = TRANSFORMERS if model.startswith(TRANSFORMERS) else OPEN_CLIP
    source = model.removeprefix(library)
    source = str(local_source(source, context.root) or source)
    try:
        encoder = load_encoder(f"{library}{source}", context.device, revision, images=True)
    except UsageError as error:
        raise SuiteError(f"metric model {model!r}: {error}") from error
    except GenerationError as error:
        raise GenerationError(f"metric model {model!r}: {error}") from error
    look = look_of(encoder.model.visual.preprocess_cfg) if library == OPEN_CLIP else None

    def images_once(images: Images) -> Scores:
        def embed() -> Scores:
            return _unit(encoder.seen(pixels(images, look, context) if look else encoder.pixels(images)))

        return context.shared.of_images(("clip", model, revision), images, embed)

    def text(prompt: str) -> Scores:
        return _unit(encoder.pooled(encoder.read([prompt], encoder.window, True)))[0]

    return Clip(images_once, cache(text))


def _unit(vectors: Scores) -> Scores:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def look_of(preprocessing: dict[str, Any]) -> Look | None:
    """Return the look that open_clip's `preprocess_cfg` asks for; None where it is of another kind."""
    size, plain = preprocessing["size"], {"interpolation": "bicubic", "resize_mode": "shortest"}
    height, width = (size, size) if isinstance(size, int) else size
    if height != width or any(preprocessing[name] != value for name, value in plain.items()):
        return None
    return Look(height, tuple(preprocessing["mean"]), tuple(preprocessing["std"]))
