"""The features of nano's prompts: their embeddings by the generators' own text encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from catbench_make.nano.shipped_models import WEIGHTS, load_part, untyped

_BATCH = 64
MAX_TOKENS = 77
"""Length that prompts are padded or cut to, start and end included, as CLIP's."""


@torch.no_grad()
def prompt_embeddings(prompts: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
    """Return prompts' embeddings by the generators' text encoder, unit vectors, float32 (n, d).

    `nano-clip` (d = 64) is the mean of the last hidden states of a prompt's tokens, start and end included;
    `nano-pooled` (d = 128) is the projected state of the end, which was trained by contrast.
    """
    encoder = load_part("CLIPTextModelWithProjection", WEIGHTS, "text-encoder")
    load = untyped("transformers").CLIPTokenizer.from_pretrained
    tokenizer = load(WEIGHTS / "text-encoder", local_files_only=True)
    how = {"padding": "max_length", "truncation": True, "max_length": MAX_TOKENS, "return_tensors": "pt"}
    means: list[torch.Tensor] = []
    pooled: list[torch.Tensor] = []
    for ids in tokenizer(list(prompts), **how).input_ids.split(_BATCH):
        output = encoder(ids)
        ends = (ids == tokenizer.eos_token_id).int().argmax(dim=1)
        read = (torch.arange(ids.shape[1]) <= ends[:, None]).float()[:, :, None]
        means.append((output.last_hidden_state * read).sum(dim=1) / read.sum(dim=1))
        pooled.append(output.text_embeds)
    return {"nano-clip": _unit(torch.cat(means)), "nano-pooled": _unit(torch.cat(pooled))}


def _unit(rows: torch.Tensor) -> npt.NDArray[np.float32]:
    return torch.nn.functional.normalize(rows, dim=-1).float().numpy()
