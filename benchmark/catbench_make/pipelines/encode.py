"""Encodes prompts once, so that no candidate, step count or sample does it again.

What a pipeline's text encoders return is kept as named tensors, the names being arguments of the pipeline's
call. Prompts are encoded one by one, unless a run asks for batches: an embedding then does not depend on the
prompts beside it, and a resumed run has the very bytes of one that was not killed. A pipeline class that is
not in the table below is given the texts themselves, and encodes them in every call.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import torch

from catbench_make.encoders import reader
from catbench_make.plan.settings import DrawingSettings

Embeddings: TypeAlias = dict[str, torch.Tensor]
"""Argument of the pipeline's call -> tensor (prompt, ...)."""

Tokenizers: TypeAlias = Mapping[str, Any]
"""Component of a pipeline (`tokenizer`, `tokenizer_2`) -> tokenizer."""

NEGATIVE = "negative_"
"""What the names of the empty prompt's embeddings begin with; they have one row for all prompts."""

AMUSED = "AmusedPipeline"
_SDXL = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
_RETURNED: dict[str, tuple[str | None, ...]] = {
    "StableDiffusionXLPipeline": _SDXL,
    "StableDiffusion3Pipeline": _SDXL,
    "StableDiffusionPipeline": _SDXL[:2],
    "FluxPipeline": ("prompt_embeds", "pooled_prompt_embeds", None),
}
"""What `encode_prompt` of a pipeline class returns, as arguments of its call; None = not an argument."""


def can_encode(pipeline: Any) -> bool:
    """Return whether the prompts of this pipeline can be encoded beforehand."""
    return type(pipeline).__name__ in (AMUSED, *_RETURNED)


def encode(pipeline: Any, texts: Sequence[str], settings: DrawingSettings, batch: int = 1) -> Embeddings:
    """Return the embeddings of `texts`, a row each, on the CPU; `batch` texts are encoded at once."""
    starts = range(0, len(texts), batch)
    parts = [_encoded(pipeline, texts[start : start + batch], settings, False) for start in starts]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def encode_empty(pipeline: Any, settings: DrawingSettings) -> Embeddings:
    """Return the embeddings of the empty prompt, one row, on the CPU; none where the pipeline takes none.

    They guide away from nothing in particular, and are the same for all prompts.
    """
    return _encoded(pipeline, [""], settings, True)


def call_arguments(
    pipeline: Any, embeddings: Embeddings, rows: Sequence[int], guided: bool
) -> dict[str, Any]:
    """Return the text arguments of a call that draws the prompts at `rows` (repeats allowed)."""
    device = pipeline._execution_device
    arguments: dict[str, Any] = {}
    for name, tensor in embeddings.items():
        if name.startswith(NEGATIVE):
            if guided:
                arguments[name] = tensor.expand(len(rows), *tensor.shape[1:]).to(device)
        else:
            arguments[name] = tensor[list(rows)].to(device)
    return arguments


def encoder_digest(pipeline: Any, settings: DrawingSettings) -> str:
    """Return a digest of all that decides an embedding: encoders, their precision, tokenizers, arguments."""
    digest = hashlib.sha256(type(pipeline).__name__.encode())
    zeros = getattr(pipeline.config, "force_zeros_for_empty_prompt", None)
    digest.update(json.dumps([zeros, _encoding_arguments(pipeline, settings)], sort_keys=True).encode())
    for name, component in sorted(pipeline.components.items()):
        if name.startswith("tokenizer") and component is not None:
            digest.update(
                json.dumps([name, component.model_max_length, component.get_vocab()], sort_keys=True).encode()
            )
        elif name.startswith("text_encoder") and component is not None:
            digest.update(name.encode())
            for key, tensor in component.state_dict().items():
                digest.update(f"{key}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
                digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()


def own_tokenizers(pipeline: Any) -> Tokenizers:
    """Return copies of the pipeline's tokenizers, for a thread beside the one that draws.

    A tokenizer is no function: it keeps the padding and the cut of the call before.
    """
    return {
        name: copy.deepcopy(tokenizer)
        for name, tokenizer in pipeline.components.items()
        if name.startswith("tokenizer") and tokenizer is not None
    }


def too_long(tokenizers: Tokenizers, texts: Sequence[str], settings: DrawingSettings) -> tuple[int, ...]:
    """Return the positions of texts that are cut by one of the tokenizers: longer than its window."""
    long: set[int] = set()
    for name, tokenizer in tokenizers.items():
        window = int(tokenizer.model_max_length)
        # The T5 of FLUX reads `max_sequence_length` tokens, the CLIP beside it its own 77.
        if name != "tokenizer":
            window = min(window, int(settings.call.get("max_sequence_length", window)))
        lengths = [len(ids) for ids in tokenizer(list(texts), verbose=False)["input_ids"]]
        long.update(row for row, length in enumerate(lengths) if length > window)
    return tuple(sorted(long))


def _encoding_arguments(pipeline: Any, settings: DrawingSettings) -> dict[str, Any]:
    """Return the settings' extra arguments of the call that the encoding takes as well."""
    if not hasattr(pipeline, "encode_prompt"):
        return {}
    taken = inspect.signature(pipeline.encode_prompt).parameters
    return {name: value for name, value in settings.call.items() if name in taken}


@torch.no_grad()
def _encoded(pipeline: Any, texts: Sequence[str], settings: DrawingSettings, empty: bool) -> Embeddings:
    if type(pipeline).__name__ == AMUSED:
        found = _amused(pipeline, texts, empty)
    else:
        found = _by_encode_prompt(pipeline, texts, settings, empty)
    return {name: tensor.cpu().contiguous() for name, tensor in found.items()}


def _by_encode_prompt(
    pipeline: Any, texts: Sequence[str], settings: DrawingSettings, empty: bool
) -> Embeddings:
    arguments = _encoding_arguments(pipeline, settings)
    taken = inspect.signature(pipeline.encode_prompt).parameters
    arguments |= {name: None for name in ("prompt_2", "prompt_3") if name in taken}
    guidable = "do_classifier_free_guidance" in taken
    if empty and not guidable:
        return {}
    if guidable:
        arguments["do_classifier_free_guidance"] = empty
    returned = pipeline.encode_prompt(
        prompt=list(texts), device=pipeline._execution_device, num_images_per_prompt=1, **arguments
    )
    names = _RETURNED[type(pipeline).__name__]
    return {
        name: tensor
        for name, tensor in zip(names, returned, strict=True)
        if name and tensor is not None and name.startswith(NEGATIVE) == empty
    }


def _amused(pipeline: Any, texts: Sequence[str], empty: bool) -> Embeddings:
    """aMUSEd (Patil et al. 2024): the pooled embedding and the last but one hidden state of one CLIP."""
    read = reader(pipeline.tokenizer, pipeline._execution_device)
    ids = read(texts, pipeline.tokenizer.model_max_length, True)["input_ids"]
    output = pipeline.text_encoder(ids, return_dict=True, output_hidden_states=True)
    prefix = NEGATIVE if empty else ""
    return {
        f"{prefix}prompt_embeds": output.text_embeds,
        f"{prefix}encoder_hidden_states": output.hidden_states[-2],
    }
