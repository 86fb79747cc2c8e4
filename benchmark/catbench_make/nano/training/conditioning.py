"""What a diffusion model is trained on: latents of the pictures, and prompts as the pipeline encodes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from tqdm import tqdm

from catbench.errors import UsageError
from catbench.files import atomic_file, sha256_of
from catbench_make.nano.libraries import untyped
from catbench_make.nano.training.pictures import PHRASINGS, Pictures

_ENCODE_BATCH = 128


class Condition(NamedTuple):
    """A batch of prompts as `StableDiffusionXLPipeline.encode_prompt` gives them."""

    hidden: torch.Tensor
    """(batch, 77, width): the text encoder's last but one hidden state."""
    pooled: torch.Tensor
    """(batch, width): the projected embedding of the whole prompt."""

    def dropped(self, keep: torch.Tensor) -> Condition:
        """Return the condition with zeros, SDXL's empty prompt, where the bool `keep` (batch,) is False."""
        mask = keep.to(self.hidden)
        return Condition(self.hidden * mask[:, None, None], self.pooled * mask[:, None])

    def with_empty(self) -> Condition:
        """Return (empty, prompts) stacked along the batch, the order of classifier-free guidance."""
        return Condition(
            torch.cat([torch.zeros_like(self.hidden), self.hidden]),
            torch.cat([torch.zeros_like(self.pooled), self.pooled]),
        )


def require(folder: Path, command: str) -> Path:
    """Return the folder of an exported model; raises UsageError naming the command that makes it."""
    if not (folder / "config.json").exists():
        raise UsageError(
            f"no trained model in {folder}: `python -m catbench_make.nano.train {command}` first, same --out"
        )
    return folder


def text_half(folder: Path) -> Any:
    """Return the text half of an exported CLIP, a `CLIPTextModelWithProjection` of its own."""
    transformers = untyped("transformers")
    clip = transformers.CLIPModel.from_pretrained(folder, local_files_only=True)
    half = transformers.CLIPTextModelWithProjection(clip.config.text_config)
    half.text_model.load_state_dict(clip.text_model.state_dict())
    half.text_projection.load_state_dict(clip.text_projection.state_dict())
    return half


class TextEncoder:
    """The frozen text half of the conditioning CLIP."""

    def __init__(self, parts: Path, device: str) -> None:
        self.device = device
        self.encoder = text_half(require(parts / "clip-condition", "clip-condition"))
        self.encoder.to(device).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, tokens: torch.Tensor) -> Condition:
        """Encode token ids, int64 (batch, 77)."""
        output = self.encoder(tokens.to(self.device), output_hidden_states=True)
        return Condition(output.hidden_states[-2], output.text_embeds)


def load_vae(parts: Path, device: str) -> Any:
    """Return the exported, frozen `AutoencoderKL`."""
    diffusers = untyped("diffusers")

    vae: Any = diffusers.AutoencoderKL.from_pretrained(require(parts / "vae", "vae"), local_files_only=True)
    return vae.to(device).eval().requires_grad_(False)


def load_latents(pictures: Pictures, parts: Path, device: str) -> torch.Tensor:
    """Return the scaled latents of all pictures, float32 (n, 8, 8, 8); made once per VAE, kept in `parts`."""
    vae = load_vae(parts, device)
    digest = sha256_of(parts / "vae" / "diffusion_pytorch_model.safetensors")[:12]
    path = parts / f"latents-{len(pictures)}-{digest}.npy"
    if not path.exists():
        batches: list[torch.Tensor] = []
        for start in tqdm(range(0, len(pictures), _ENCODE_BATCH), desc="latents", mininterval=5):
            rows = torch.arange(start, min(start + _ENCODE_BATCH, len(pictures)))
            with torch.no_grad():
                mean = vae.encode(pictures.image_batch(rows).to(device)).latent_dist.mean
            batches.append((mean * vae.config.scaling_factor).half().cpu())
        with atomic_file(path) as draft:
            np.save(draft, torch.cat(batches).numpy())
    return torch.from_numpy(np.load(path, allow_pickle=False)).float()


class Batches(Protocol):
    """What a diffusion model is trained on, as its loss sees it."""

    def batch(self, size: int, generator: torch.Generator) -> tuple[torch.Tensor, Condition]:
        """Return random latents, (size, 8, 8, 8), and the encoded prompt of each."""
        ...


class PromptedLatents:
    """Batches of latents with their prompts, encoded; only of scenes with so many `things`, if given."""

    def __init__(self, pictures: Pictures, parts: Path, device: str, things: range | None = None) -> None:
        self.pictures = pictures
        allowed = np.arange(len(pictures))
        if things is not None:
            allowed = np.flatnonzero(np.isin(pictures.things(), things))
        self.rows = torch.from_numpy(allowed)
        self.latents = load_latents(pictures, parts, device)
        self.encode = TextEncoder(parts, device)
        self.device = device

    def batch(self, size: int, generator: torch.Generator) -> tuple[torch.Tensor, Condition]:
        """Return random latents, (size, 8, 8, 8), and one phrasing of the prompt of each."""
        rows = self.rows[torch.randint(len(self.rows), (size,), generator=generator)]
        phrasing = torch.randint(PHRASINGS, (size,), generator=generator)
        latents = self.latents[rows].to(self.device)
        return latents, self.encode(self.pictures.token_batch(rows, phrasing))
