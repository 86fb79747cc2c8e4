"""CLIP (Radford et al. 2021), one for all metrics that embed images by the same model.

Conventions. Embeddings are unit vectors in CLIP's common space. Models run in float32. Text beyond the
model's window is cut. A model is named

    ViT-L-14/openai                             open_clip: architecture / pretrained tag
    open_clip:models/clip                       a folder with open_clip_config.json and weights
    transformers:openai/clip-vit-large-patch14  a CLIPModel of transformers: hub repository or folder

and its revision is a commit of the hub repository that the weights come from.

A batch of images is embedded once for all metrics, and a prompt once: its embedding is kept, being the same
for every candidate and sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from catbench.arrays import Scores
from catbench.errors import SuiteError
from catbench_make.packages import optional, prepare
from catbench_make.plan.settings import local_source
from catbench_make.scorers import Images, ScorerContext
from catbench_make.scorers.pixels import Look, pixels

DEFAULT_MODEL = "ViT-L-14/openai"
DEFAULT_REVISION = "18d0535469bb561bf468d76c1d73aa35156c922b"
TRANSFORMERS = "transformers:"
OPEN_CLIP = "open_clip:"
NEEDED_BY = "scoring by CLIP"

Embedders: TypeAlias = tuple[int, Callable[[Images], Any], Callable[[str], Any]]
"""Components of an embedding, and the functions that embed images and a prompt, as tensors."""


@dataclass(frozen=True)
class Clip:
    """A CLIP that remembers the prompts it has seen and the images at hand."""

    width: int
    """Components of an embedding, d."""
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
    from catbench_make.pipelines.load import model_errors

    load = _from_transformers if model.startswith(TRANSFORMERS) else _from_open_clip
    with model_errors(model, revision):
        width, embed_images, embed_text = load(model, revision, context)
    unit_images = _unit_vectors(embed_images)

    def images_once(images: Images) -> Scores:
        key = ("clip", model, revision)
        return context.shared.of_images(key, images, lambda: unit_images(images))

    return Clip(width, images_once, cache(_unit_vectors(embed_text)))


def _from_transformers(model: str, revision: str, context: ScorerContext) -> Embedders:
    torch, transformers = optional("torch", NEEDED_BY), optional("transformers", NEEDED_BY)
    source = model.removeprefix(TRANSFORMERS)
    local = local_source(source, context.root)
    place = {"local_files_only": local is not None, "revision": revision or None}
    name = str(local or source)
    clip = transformers.CLIPModel.from_pretrained(name, dtype=torch.float32, **place)
    clip = clip.to(context.device).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(name, **place)
    processor = transformers.AutoImageProcessor.from_pretrained(name, use_fast=False, **place)
    window = clip.config.text_config.max_position_embeddings

    def embed_images(images: Images) -> Any:
        values = processor(images=list(images), return_tensors="pt")["pixel_values"].to(context.device)
        return clip.visual_projection(clip.vision_model(pixel_values=values).pooler_output)

    def embed_text(text: str) -> Any:
        ids = tokenizer([text], truncation=True, max_length=window, padding="max_length", return_tensors="pt")
        inputs = {name: ids[name].to(context.device) for name in ("input_ids", "attention_mask")}
        return clip.text_projection(clip.text_model(**inputs).pooler_output)[0]

    return clip.config.projection_dim, embed_images, embed_text


def _from_open_clip(model: str, revision: str, context: ScorerContext) -> Embedders:
    torch, open_clip = optional("torch", NEEDED_BY), optional("open_clip", NEEDED_BY)
    from PIL import Image

    source = model.removeprefix(OPEN_CLIP)
    local = local_source(source, context.root)
    architecture, _, tag = source.partition("/")
    if local is None and not tag:
        raise SuiteError(
            f"metric model {model!r}: architecture/tag is due, such as {DEFAULT_MODEL}, or a folder"
        )
    name = f"local-dir:{local}" if local else architecture
    arguments = {} if local else _released_weights(open_clip, architecture, tag, revision)
    clip, _, preprocess = open_clip.create_model_and_transforms(name, device=context.device, **arguments)
    clip = clip.eval()
    tokenizer = open_clip.get_tokenizer(name)
    look = look_of(clip.visual.preprocess_cfg)

    def embed_images(images: Images) -> Any:
        if look is not None:
            return clip.encode_image(pixels(images, look, context))
        values = torch.stack([preprocess(Image.fromarray(image)) for image in images])
        return clip.encode_image(values.to(context.device))

    def embed_text(text: str) -> Any:
        return clip.encode_text(tokenizer([text]).to(context.device))[0]

    return clip.visual.output_dim, embed_images, embed_text


def look_of(preprocessing: dict[str, Any]) -> Look | None:
    """Return the look that open_clip's `preprocess_cfg` asks for; None where it is of another kind."""
    size, plain = preprocessing["size"], {"interpolation": "bicubic", "resize_mode": "shortest"}
    height, width = (size, size) if isinstance(size, int) else size
    if height != width or any(preprocessing[name] != value for name, value in plain.items()):
        return None
    return Look(height, tuple(preprocessing["mean"]), tuple(preprocessing["std"]))


def _released_weights(open_clip: Any, architecture: str, tag: str, revision: str) -> dict[str, Any]:
    """Return the arguments that load a tag as it was trained, at a revision of its hub repository if given.

    open_clip 3 only warns where a tag was trained with QuickGELU (OpenAI's are) and the architecture of the
    same name has GELU; the scores would be off.
    """
    known = open_clip.get_pretrained_cfg(architecture, tag)
    if not known:
        raise SuiteError(f"metric model {architecture}/{tag}: open_clip has no such architecture and tag")
    arguments = {"pretrained": tag, "force_quick_gelu": bool(known.get("quick_gelu"))}
    if not revision:
        return arguments
    repository = known["hf_hub"].rstrip("/")
    weights = open_clip.pretrained.download_pretrained_from_hf(repository, revision=revision)
    looks = {f"image_{key}": known[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    return {**arguments, "pretrained": weights, **looks}


def _unit_vectors(embed: Callable[[Any], Any]) -> Callable[[Any], Scores]:
    """Return `embed` without gradients, its vectors of length 1 and as float32 on the CPU."""
    torch = optional("torch", NEEDED_BY)

    def run(inputs: Any) -> Scores:
        with torch.no_grad():
            vectors = embed(inputs).float().cpu().numpy()
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    return run
