"""What a generator is trained on: latents of the pictures and encoded prompts, made once and kept on disk.

Encoding the prompts anew at each step would be a quarter of a small model's training; kept, they take 20 kB a
picture. Chunk by chunk, so that work which is stopped is taken up where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from catbench.errors import UsageError
from catbench.files import atomic_file, sha256_of
from catbench_make.nano import shipped_models
from nano_training.diffusion import Condition
from nano_training.pictures import CHUNK, PHRASINGS, Pictures

_BATCH = 128
Half = npt.NDArray[np.float16]


def load_part(kind: str, parts: Path, name: str, device: str = "cpu") -> Any:
    """Return a finished model of a class of diffusers or transformers, frozen, in single precision.

    Raises UsageError naming the command that makes it.
    """
    try:
        return shipped_models.load_part(kind, parts, name, device)
    except UsageError as error:
        raise UsageError(f"{error}: run `python -m nano_training.train {name}` first, same --out") from error


def text_encoder(parts: Path, device: str) -> Callable[[torch.Tensor], Condition]:
    """Return what encodes token ids, int64 (batch, 77), as every generator's pipeline does."""
    encoder = load_part("CLIPTextModelWithProjection", parts, "text-encoder", device)

    @torch.no_grad()
    def encode(tokens: torch.Tensor) -> Condition:
        output = encoder(tokens.to(device), output_hidden_states=True)
        return Condition(output.hidden_states[-2], output.text_embeds)

    return encode


class LatentPrompts:
    """All prompts of a set of pictures, encoded: (n * `PHRASINGS`, 77, 64) and (n * `PHRASINGS`, 128)."""

    def __init__(self, pictures: Pictures, parts: Path, name: str, device: str) -> None:
        self.device = device
        encoder = text_encoder(parts, device)
        digest = sha256_of(parts / "text-encoder" / "model.safetensors")[:8]

        def encode(rows: torch.Tensor) -> list[torch.Tensor]:
            tokens = torch.from_numpy(pictures.tokens[rows.numpy()]).long().flatten(0, 1)
            return list(encoder(tokens))

        self.hidden, self.pooled = _chunks(
            parts / "encoded", f"{name}-{digest}", ("hidden", "pooled"), len(pictures), encode
        )

    def batch(self, rows: torch.Tensor, phrasing: torch.Tensor) -> Condition:
        """Return one phrasing of the prompt of each row."""
        places = (rows % CHUNK * PHRASINGS + phrasing).numpy()
        chunks = (rows // CHUNK).numpy()
        hidden, pooled = (
            np.stack([kept[chunk][place] for chunk, place in zip(chunks, places, strict=True)])
            for kept in (self.hidden, self.pooled)
        )
        return Condition(*(torch.from_numpy(part).float().to(self.device) for part in (hidden, pooled)))


class PromptedLatents:
    """Batches of latents with their prompts, encoded."""

    def __init__(self, pictures: Pictures, parts: Path, name: str, device: str) -> None:
        self.device = device
        vae = load_part("AutoencoderKL", parts, "vae", device)
        digest = sha256_of(parts / "vae" / "diffusion_pytorch_model.safetensors")[:8]

        def encode(rows: torch.Tensor) -> list[torch.Tensor]:
            images = pictures.image_batch(rows).to(device)
            return [vae.encode(images).latent_dist.mean * vae.config.scaling_factor]

        (kept,) = _chunks(parts / "encoded", f"{name}-{digest}", ("latents",), len(pictures), encode)
        self.latents = torch.from_numpy(np.concatenate(kept)).float()
        self.prompts = LatentPrompts(pictures, parts, name, device)

    def batch(self, size: int, generator: torch.Generator) -> tuple[torch.Tensor, Condition]:
        """Return random latents, (size, 8, 8, 8), and one phrasing of the prompt of each."""
        rows = torch.randint(len(self.latents), (size,), generator=generator)
        phrasing = torch.randint(PHRASINGS, (size,), generator=generator)
        return self.latents[rows].to(self.device), self.prompts.batch(rows, phrasing)


@torch.no_grad()
def _chunks(
    folder: Path,
    stem: str,
    what: tuple[str, ...],
    number: int,
    encode: Callable[[torch.Tensor], list[torch.Tensor]],
) -> list[list[Half]]:
    """Return for each of `what` its arrays, one a chunk, from disk; those that are missing are made."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[list[Half]] = [[] for _ in what]
    for start in range(0, number, CHUNK):
        rows = torch.arange(start, min(start + CHUNK, number))
        paths = [folder / f"{stem}-{name}-{start // CHUNK:02d}-{len(rows)}.npy" for name in what]
        if not all(path.exists() for path in paths):
            batches = zip(*(encode(batch) for batch in rows.split(_BATCH)), strict=True)
            for path, parts in zip(paths, batches, strict=True):
                with atomic_file(path) as draft:
                    np.save(draft, torch.cat(parts).half().cpu().numpy())
        for arrays, path in zip(found, paths, strict=True):
            arrays.append(np.load(path, mmap_mode="r", allow_pickle=False))
    return found
