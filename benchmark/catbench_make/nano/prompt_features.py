"""Scores of nano images: the cosine of the scoring CLIP, and pictures drawn in batches.

The scoring CLIP was trained apart from the one that conditions the generators (other first weights,
other batches), so that no generator is graded by its own text encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from catbench_make.nano.libraries import untyped
from catbench_make.nano.shipped_models import WEIGHTS

_BATCH = 64
MAX_TOKENS = 77
"""Length that prompts are padded or cut to, start and end included, as CLIP's."""


class ClipScorer:
    """CLIPScore (Hessel et al. 2021) by nano-clip, as the plain cosine in [-1, 1]."""

    def __init__(self, folder: Path = WEIGHTS / "clip-score") -> None:
        transformers = untyped("transformers")

        self.clip: Any = transformers.CLIPModel.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True
        )
        self.clip.eval()
        self.tokenizer: Any = transformers.CLIPTokenizer.from_pretrained(folder, local_files_only=True)

    @torch.no_grad()
    def text_embeddings(self, prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors, float32 (n, 128)."""
        rows: list[torch.Tensor] = []
        for start in range(0, len(prompts), _BATCH):
            tokens = _token_ids(self.tokenizer, prompts[start : start + _BATCH])
            rows.append(self.clip.text_projection(self.clip.text_model(tokens).pooler_output))
        return _unit(torch.cat(rows))

    @torch.no_grad()
    def image_embeddings(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return unit vectors, float32 (n, 128), of uint8 images (n, 32, 32, 3)."""
        rows: list[torch.Tensor] = []
        for start in range(0, len(images), _BATCH):
            pixels = torch.from_numpy(images[start : start + _BATCH]).permute(0, 3, 1, 2).float() / 127.5 - 1
            rows.append(self.clip.visual_projection(self.clip.vision_model(pixels).pooler_output))
        return _unit(torch.cat(rows))

    def __call__(self, images: npt.NDArray[np.uint8], prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the cosine of each image with its prompt, float32 (n,)."""
        return (self.image_embeddings(images) * self.text_embeddings(prompts)).sum(axis=1)


@torch.no_grad()
def prompt_embeddings(
    prompts: Sequence[str], folder: Path = WEIGHTS / "text-encoder"
) -> dict[str, npt.NDArray[np.float32]]:
    """Return prompts' embeddings by the generators' text encoder, unit vectors, float32 (n, d).

    `nano-clip` (d = 64) is the mean of the last hidden states of a prompt's tokens, start and end included;
    `nano-pooled` (d = 128) is the projected state of the end, which was trained by contrast.
    """
    transformers = untyped("transformers")
    encoder = transformers.CLIPTextModelWithProjection.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True
    ).eval()
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    means: list[torch.Tensor] = []
    pooled: list[torch.Tensor] = []
    for start in range(0, len(prompts), _BATCH):
        ids = _token_ids(tokenizer, prompts[start : start + _BATCH])
        output = encoder(ids)
        ends = (ids == tokenizer.eos_token_id).int().argmax(dim=1)
        read = (torch.arange(ids.shape[1]) <= ends[:, None]).float()[:, :, None]
        means.append((output.last_hidden_state * read).sum(dim=1) / read.sum(dim=1))
        pooled.append(output.text_embeds)
    return {"nano-clip": _unit(torch.cat(means)), "nano-pooled": _unit(torch.cat(pooled))}


def draw(
    pipeline: Any, prompts: Sequence[str], steps: int, guidance: float, seed: int = 0
) -> npt.NDArray[np.uint8]:
    """Return one image per prompt, uint8 (n, 32, 32, 3); image i starts from noise of seed + i.

    An `AmusedPipeline` takes one generator a call, so it draws one image at a time.
    """
    batch = 1 if type(pipeline).__name__ == "AmusedPipeline" else _BATCH
    batches: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(prompts), batch):
        chunk = list(prompts[start : start + batch])
        generators = [torch.Generator().manual_seed(seed + start + i) for i in range(len(chunk))]
        output = pipeline(
            prompt=chunk, num_inference_steps=steps, guidance_scale=guidance,
            generator=generators if batch > 1 else generators[0],
            output_type="np",
        )  # fmt: skip
        batches.append(output.images)
    return np.round(np.concatenate(batches) * 255).astype(np.uint8)


def _token_ids(tokenizer: Any, prompts: Sequence[str]) -> torch.Tensor:
    return tokenizer(
        list(prompts), padding="max_length", truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    ).input_ids


def _unit(rows: torch.Tensor) -> npt.NDArray[np.float32]:
    return torch.nn.functional.normalize(rows, dim=-1).float().numpy()
