"""FLOPs of text-to-image models that others have judged, beside those that catbench draws with.

Each is a class of diffusers with the configuration of its release, as its `config.json` has it where that is
not the class's default, and runs with the steps, guidance and size of its model card, or else of its
pipeline's defaults in diffusers. A price holds for one image of 1024 px: text encoders on both prompts, the
denoiser twice a step, the decoder.

    sd-3.5-large    SD3Transformer2DModel, 38 blocks of 2,432: 8.1 billion parameters as published
    pixart-sigma    PixArtTransformer2DModel, 28 blocks of 1,152: 0.6 billion as published
    kolors          SDXL's UNet with ChatGLM3-6B's hidden states (Kolors Team 2024)
    kandinsky-3     Kandinsky3UNet, 3 billion; the decoder of Sber-MoVQGAN 270M, as in the official code
    omnigen         OmniGenTransformer2DModel, 3.8 billion; a text of 64 tokens
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from catbench_make.costs.architectures import CLIP_BIGG, CLIP_L_PROJECTED, FLUX_VAE, SD_VAE, SDXL_UNET, T5_XXL
from catbench_make.costs.flops import (
    Flops,
    count_forward,
    count_text_encoder,
    count_vae_decoder,
    diffusers_model,
    meta,
    on_meta,
)
from catbench_make.costs.pipeline_flops import Forward, unet_forward
from catbench_make.packages import optional

LATENT = 128
"""Width of the latent of an image of 1024 px."""
_KOLORS = {
    **SDXL_UNET,
    "encoder_hid_dim": 4096,
    "encoder_hid_dim_type": "text_proj",
    "projection_class_embeddings_input_dim": 5632,
}
_FLAN_UL2 = {
    **T5_XXL,
    "d_kv": 256,
    "d_ff": 16384,
    "num_layers": 32,
    "num_heads": 16,
    "feed_forward_proj": "gated-silu",
}


@dataclass(frozen=True)
class Released:
    """A model at the settings that its price holds for."""

    steps: int
    guidance: float
    source: str
    """Where configuration and settings are from."""
    denoiser: Callable[[], Forward]
    """Returns the denoiser on the meta device, and the arguments of one forward."""
    text: Callable[[], Flops]
    """Counts the text encoders on one prompt."""
    decoder: Callable[[], Flops] = lambda: count_vae_decoder(SD_VAE, LATENT, LATENT)
    texts: int = 2
    """Prompts that are encoded: the given and the empty one; 1 where zeros stand for the latter."""

    def flops(self) -> tuple[Flops, Flops]:
        """Return the FLOPs of one image: of the whole call, and of its denoiser."""
        model, arguments = self.denoiser()
        step = count_forward(lambda: model(**arguments))
        denoising = step * (2 * self.steps)
        return self.text() * self.texts + denoising + self.decoder(), denoising


def _sd_3_5() -> Forward:
    tokens = 77 + 256  # CLIP's and T5's, one behind the other
    size = {"num_layers": 38, "num_attention_heads": 38, "caption_projection_dim": 2432}
    return diffusers_model("SD3Transformer2DModel", {**size, "qk_norm": "rms_norm"}), {
        "hidden_states": meta(1, 16, LATENT, LATENT),
        "encoder_hidden_states": meta(1, tokens, 4096),
        "pooled_projections": meta(1, 2048),
        "timestep": meta(1),
    }


def _pixart() -> Forward:
    config = {"caption_channels": 4096, "use_additional_conditions": False}
    return diffusers_model("PixArtTransformer2DModel", config), {
        "hidden_states": meta(1, 4, LATENT, LATENT),
        "encoder_hidden_states": meta(1, 300, 4096),
        "timestep": meta(1),
        "added_cond_kwargs": {"resolution": None, "aspect_ratio": None},
    }


def _chatglm() -> Flops:
    module = optional("diffusers.pipelines.kolors.text_encoder", "counting FLOPs")
    config = module.ChatGLMConfig(
        multi_query_attention=True,
        multi_query_group_num=2,
        add_qkv_bias=True,
        original_rope=True,
        torch_dtype=torch.float32,
    )
    model = on_meta(lambda: module.ChatGLMModel(config, device="meta"))
    ids = meta(1, 256, dtype=torch.long)
    places = torch.arange(256, device="meta")[None]
    return count_forward(lambda: model(input_ids=ids, position_ids=places, output_hidden_states=True))


def _kandinsky() -> Forward:
    return diffusers_model("Kandinsky3UNet", {}), {
        "sample": meta(1, 4, LATENT, LATENT),
        "timestep": meta(1),
        "encoder_hidden_states": meta(1, 128, 4096),
        "encoder_attention_mask": meta(1, 128),
    }


def _movq() -> Flops:
    config = {
        "block_out_channels": [256, 512, 512, 1024],
        "down_block_types": ["DownEncoderBlock2D"] * 3 + ["AttnDownEncoderBlock2D"],
        "up_block_types": ["AttnUpDecoderBlock2D"] + ["UpDecoderBlock2D"] * 3,
        "layers_per_block": 2,
        "latent_channels": 4,
        "norm_type": "spatial",
    }
    model = diffusers_model("VQModel", config)
    return count_forward(lambda: model.decode(meta(1, 4, LATENT, LATENT), force_not_quantize=True))


def _omnigen() -> Forward:
    text, image = 64, (LATENT // 2) ** 2
    length = text + 1 + image  # the step's own token stands between
    scaling = {"short_factor": [1.0] * 48, "long_factor": [1.0] * 48, "type": "su"}
    model = diffusers_model("OmniGenTransformer2DModel", {"rope_scaling": scaling})

    def rotation(*_: object) -> tuple[torch.Tensor, torch.Tensor]:
        return meta(length, 96), meta(length, 96)

    model.rope.forward = rotation  # its own asks for the largest position: the meta device has no numbers
    return model, {
        "hidden_states": meta(1, 4, LATENT, LATENT),
        "timestep": meta(1),
        "input_ids": meta(1, text, dtype=torch.long),
        "input_img_latents": [],
        "input_image_sizes": {},
        "attention_mask": meta(1, length, length),
        "position_ids": torch.arange(length, device="meta")[None],
    }


def _sd3_text() -> Flops:
    clips = count_text_encoder(CLIP_L_PROJECTED) + count_text_encoder(CLIP_BIGG)
    return clips + count_text_encoder(T5_XXL, 256)


RELEASED_ELSEWHERE = {
    "sd-3.5-large": Released(
        28, 3.5, "stabilityai/stable-diffusion-3.5-large, its card",
        _sd_3_5, _sd3_text, partial(count_vae_decoder, FLUX_VAE, LATENT, LATENT),
    ),
    "pixart-sigma": Released(
        20, 4.5, "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS, defaults of PixArtSigmaPipeline",
        _pixart, partial(count_text_encoder, T5_XXL, 300),
    ),
    "kolors": Released(
        50, 5.0, "Kwai-Kolors/Kolors-diffusers, defaults of KolorsPipeline",
        partial(unet_forward, _KOLORS, (LATENT, LATENT), 256), _chatglm,
    ),
    "kandinsky-3": Released(
        25, 3.0, "kandinsky-community/kandinsky-3, defaults of Kandinsky3Pipeline",
        _kandinsky, partial(count_text_encoder, _FLAN_UL2, 128), _movq, texts=1,
    ),
    "omnigen": Released(50, 2.5, "Shitao/OmniGen-v1-diffusers, defaults of OmniGenPipeline", _omnigen, Flops),
}  # fmt: skip
"""Candidate -> model; all at 1024 px."""
