"""CLIPScore (Radford et al. 2021; Hessel et al. 2021): the cosine of an image's and its prompt's embedding.

Conventions. The raw cosine, -1 to 1, as the paper's values near 0.3 are: not clipped at 0, not times 2.5 or
100. Text beyond the model's window is cut. Models run in float32.

The record's `model` is one of

    ViT-L-14/openai                             open_clip: architecture / pretrained tag (the default)
    open_clip:models/clip                       a folder with open_clip_config.json and weights
    transformers:openai/clip-vit-large-patch14  a CLIPModel of transformers: hub repository or folder

and its `revision` a commit of the hub repository that the weights come from.

A prompt's embedding is computed once and kept: it is the same for every candidate and sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from catbench.arrays import Floats, Scores
from catbench.errors import SuiteError
from catbench.generate.packages import optional, prepare
from catbench.generate.scorers import Images, MetricSource, ScoreFunction, ScorerContext
from catbench.generate.settings import local_source
from catbench.matrix import Metric

DEFAULT_MODEL = "ViT-L-14/openai"
TRANSFORMERS = "transformers:"
OPEN_CLIP = "open_clip:"


@dataclass(frozen=True)
class ClipScore:
    """The metric's function: it embeds images each time, and a prompt the first time it is seen."""

    embed_images: Callable[[Images], Scores]
    """uint8 (n, height, width, 3) -> (n, d), any length of vector."""
    embed_text: Callable[[str], Scores]
    """A prompt -> (d,)."""
    _known: dict[str, Scores] = field(default_factory=dict[str, Scores])

    def __call__(self, images: Images, prompts: Sequence[str]) -> Floats:
        """Return the cosines, shape (n,)."""
        for prompt in prompts:
            if prompt not in self._known:
                self._known[prompt] = _unit(self.embed_text(prompt))
        text = np.stack([self._known[prompt] for prompt in prompts]).astype(np.float64)
        return (_unit(self.embed_images(images)).astype(np.float64) * text).sum(axis=1)


def load_clip_score(metric: Metric, context: ScorerContext) -> ScoreFunction:
    """Return the function for a record.

    Raises SuiteError for a model name of another form, GenerationError where the model cannot be loaded.
    """
    prepare()
    from catbench.generate.pipelines.load import model_errors

    model = metric.model or DEFAULT_MODEL
    with model_errors(model, metric.revision):
        if model.startswith(TRANSFORMERS):
            return _from_transformers(model.removeprefix(TRANSFORMERS), metric.revision, context)
        return _from_open_clip(model.removeprefix(OPEN_CLIP), metric.revision, context)


def _from_transformers(model: str, revision: str, context: ScorerContext) -> ClipScore:
    transformers = optional("transformers", "CLIPScore")
    local = local_source(model, context.root)
    place = {"local_files_only": local is not None, "revision": revision or None}
    name = str(local or model)
    torch = optional("torch", "CLIPScore")
    clip = transformers.CLIPModel.from_pretrained(name, dtype=torch.float32, **place)
    clip = clip.to(context.device).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(name, **place)
    processor = transformers.AutoImageProcessor.from_pretrained(name, use_fast=False, **place)
    window = clip.config.text_config.max_position_embeddings

    def embed_images(images: Images) -> Any:
        pixels = processor(images=list(images), return_tensors="pt")["pixel_values"].to(context.device)
        return clip.visual_projection(clip.vision_model(pixel_values=pixels).pooler_output)

    def embed_text(text: str) -> Any:
        ids = tokenizer([text], truncation=True, max_length=window, padding="max_length", return_tensors="pt")
        inputs = {name: ids[name].to(context.device) for name in ("input_ids", "attention_mask")}
        return clip.text_projection(clip.text_model(**inputs).pooler_output)[0]

    return ClipScore(_to_numpy(embed_images), _to_numpy(embed_text))


def _from_open_clip(model: str, revision: str, context: ScorerContext) -> ClipScore:
    open_clip = optional("open_clip", "CLIPScore")
    torch = optional("torch", "CLIPScore")
    from PIL import Image

    local = local_source(model, context.root)
    architecture, _, tag = model.partition("/")
    if local is None and not tag:
        raise SuiteError(
            f"metric model {model!r}: architecture/tag is due, such as {DEFAULT_MODEL}, or a folder"
        )
    name = f"local-dir:{local}" if local else architecture
    arguments = {} if local else _released_weights(open_clip, architecture, tag, revision)
    clip, _, preprocess = open_clip.create_model_and_transforms(name, device=context.device, **arguments)
    clip = clip.eval()
    tokenizer = open_clip.get_tokenizer(name)

    def embed_images(images: Images) -> Any:
        pixels = torch.stack([preprocess(Image.fromarray(image)) for image in images])
        return clip.encode_image(pixels.to(context.device))

    def embed_text(text: str) -> Any:
        return clip.encode_text(tokenizer([text]).to(context.device))[0]

    return ClipScore(_to_numpy(embed_images), _to_numpy(embed_text))


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


def _to_numpy(embed: Callable[[Any], Any]) -> Callable[[Any], Scores]:
    """Return `embed` without gradients, its tensor as float32 on the CPU."""
    torch = optional("torch", "CLIPScore")

    def run(inputs: Any) -> Scores:
        with torch.no_grad():
            return embed(inputs).float().cpu().numpy()

    return run


def _unit(vectors: Scores) -> Scores:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


CLIP_SCORE = MetricSource(
    Metric(
        name="clip_score",
        label="CLIPScore",
        model=DEFAULT_MODEL,
        revision="18d0535469bb561bf468d76c1d73aa35156c922b",
        citation="Radford et al. 2021 (CLIP); Hessel et al. 2021 (CLIPScore)",
    ),
    load_clip_score,
)
