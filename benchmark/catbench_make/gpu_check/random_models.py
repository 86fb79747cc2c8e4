"""Pipelines of the real configurations with random weights, made on the device itself."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from catbench.suite.pool import Candidate
from catbench_make.costs.architectures import RELEASED, UNetArchitecture
from catbench_make.costs.parts import without
from catbench_make.packages import optional
from catbench_make.pipelines.load import DTYPES
from catbench_make.plan.candidates import SDXL, sdxl, sdxl_ddim, sdxl_deepcache, sdxl_lightning, sdxl_turbo
from catbench_make.plan.settings import DrawingSettings

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,.'"
MODEL = "random-sdxl"
"""Stands where a candidate names its model: nothing is read from a disk."""


@dataclass(frozen=True)
class Size:
    """How large the check's models and images are."""

    architecture: UNetArchitecture
    pixels: tuple[int, int]
    """Side of an image: of Turbo, of the others."""
    precision: str
    clip: dict[str, Any]
    """Vision part of the CLIP that scores: ViT-L/14, or a tiny one."""
    candidates: tuple[Candidate, ...]
    """Those that are timed; the loop is run with the first, and with Turbo, the second."""
    dear: tuple[Candidate, ...]
    """Those that are timed last, where there is time for it, the first before the second."""
    prompts: int
    """Of a shard of the loop."""


def full_size() -> Size:
    """Return the size of SDXL and of CLIP ViT-L/14."""
    architecture = RELEASED[SDXL]
    assert isinstance(architecture, UNetArchitecture)
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24}
    clip = {**vision, "num_attention_heads": 16, "image_size": 224, "patch_size": 14}
    candidates = (sdxl(20), sdxl_turbo(), sdxl_lightning(), sdxl_deepcache())
    dear = (sdxl(50), sdxl_ddim())
    return Size(architecture, (512, 1024), "bfloat16", clip, candidates, dear, prompts=16)


def tiny_size() -> Size:
    """Return a size that a processor draws in a fraction of a second; same classes, same code."""
    full = full_size().architecture
    text = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 300,
        "projection_dim": 32,
    }
    unet = {
        **full.unet,
        "sample_size": 8,
        "block_out_channels": [8, 16, 16],
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "transformer_layers_per_block": [1, 1, 1],
        "attention_head_dim": [2, 2, 2],
        "cross_attention_dim": 64,
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 32 + 6 * 8,
    }
    vae = {**full.vae, "block_out_channels": [8, 8, 8, 8], "norm_num_groups": 4, "sample_size": 64}
    texts = tuple({**config, **text} for config in full.text_encoders)
    small = replace(full, unet=unet, vae=vae, text_encoders=texts)
    vision = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4}
    clip = {**vision, "image_size": 32, "patch_size": 8}
    cached = sdxl_deepcache()
    cached = cached.model_copy(update={"settings": {**cached.settings, "steps": 4}})
    candidates, dear = (sdxl(2), sdxl_turbo(), cached), (sdxl_ddim(3),)
    return Size(small, (32, 64), "float32", clip, candidates, dear, prompts=4)


def random_pipeline(size: Size, settings: DrawingSettings, device: str) -> Any:
    """Return a StableDiffusionXLPipeline with random weights in the settings' precision, on the device."""
    diffusers = optional("diffusers", "the check")
    architecture = size.architecture
    torch.manual_seed(0)
    with _made_in(DTYPES[settings.precision], device):
        unet = diffusers.UNet2DConditionModel.from_config(architecture.unet)
        vae = diffusers.AutoencoderKL.from_config(architecture.vae)
        first, second = (_text_encoder(config) for config in architecture.text_encoders)
    parts = [part.to(DTYPES[settings.precision]).eval() for part in (vae, first, second, unet)]
    pipeline = diffusers.StableDiffusionXLPipeline(
        *parts[:3],
        tokenizer(architecture),
        tokenizer(architecture),
        parts[3],
        diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
        add_watermarker=False,
    ).to(device)
    pipeline.set_progress_bar_config(disable=True)
    if device != "cpu":
        for part in (pipeline.unet, pipeline.vae):
            part.to(memory_format=torch.channels_last)
    return pipeline


def save_random_clip(size: Size, folder: Path) -> None:
    """Write a CLIPModel of transformers with random weights, with its tokenizer and image processor."""
    transformers = optional("transformers", "the check")
    torch.manual_seed(1)
    text = without(size.architecture.text_encoders[0], "architectures", "projection_dim")
    width = size.clip["hidden_size"]
    config = transformers.CLIPConfig(text_config=text, vision_config=size.clip, projection_dim=width)
    transformers.CLIPModel(config).save_pretrained(folder)
    tokenizer(size.architecture).save_pretrained(folder)
    side = size.clip["image_size"]
    transformers.CLIPImageProcessor(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    ).save_pretrained(folder)


def tokenizer(architecture: UNetArchitecture) -> Any:
    """Return a CLIP tokenizer whose words are single letters: a text has as many tokens as a real one."""
    transformers = optional("transformers", "the check")
    words = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS)]
    last = architecture.text_encoders[0]["vocab_size"] - 1
    vocabulary = {word: number for number, word in enumerate(words)}
    vocabulary |= {"<|startoftext|>": last - 1, "<|endoftext|>": last}
    return transformers.CLIPTokenizer(
        vocab=vocabulary, merges=[], pad_token="<|endoftext|>", model_max_length=77
    )


def _text_encoder(config: dict[str, Any]) -> Any:
    transformers = optional("transformers", "the check")
    ids = {"bos_token_id": config["vocab_size"] - 2, "eos_token_id": config["vocab_size"] - 1}
    settings = transformers.CLIPTextConfig(**without(config, "architectures"), **ids)
    return getattr(transformers, config["architectures"][0])(settings)


@contextmanager
def _made_in(dtype: torch.dtype, device: str) -> Generator[None]:
    """Make the block's modules on a device in a precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(before)
