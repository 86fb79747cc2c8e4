"""The networks of nano, untrained: classes of transformers and diffusers at small sizes.

Images are 32x32; latents are 8x8 with 8 channels; prompts are 77 tokens. `UNETS` names the sizes of the
diffusion model. Every builder takes a seed, so that two machines start from the same weights.
"""

from __future__ import annotations

from typing import Any

import torch

from catbench_make.nano.render import IMAGE_SIZE
from catbench_make.nano.shipped_models import CODES, NOISE, untyped
from nano_training.tokenizer import END, MAX_TOKENS, START, vocabulary

LATENT_CHANNELS = 8
LATENT_SIZE = 8
TEXT_WIDTH = 64
EMBEDDING_WIDTH = 128
"""Of nano-clip's common space of pictures and prompts."""
_INITIAL_SIZE = 0.02
"""Of CLIP's embeddings before training."""
_LONGEST_WAVE = 200.0
_TIME_WIDTH = 16
_UVIT_WIDTH = 128
TRAIN_TIMESTEPS: int = NOISE["num_train_timesteps"]
_AUTOENCODER: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "block_out_channels": (32, 48, 64),
    "layers_per_block": 1,
    "norm_num_groups": 16,
    "latent_channels": LATENT_CHANNELS,
    "sample_size": IMAGE_SIZE,
    "mid_block_add_attention": False,
    "force_upcast": False,
}
"""What VAE and VQ share: channels at 32x32, 16x16 and 8x8, no attention."""


UNETS = {"s": (32, 64), "l": (64, 128)}
"""Channels of a UNet at 8x8 and 4x4, by its size."""


def build_clip(seed: int) -> Any:
    """Return an untrained `CLIPModel` of width 64: 4 layers for text, 3 for patches of 4x4 pixels.

    The text's positions start as sines (Vaswani et al. 2017): what belongs together in a prompt is told by
    distance, and finding it from random positions takes far longer.
    """
    transformers = untyped("transformers")
    vocab = vocabulary()[0]
    shared = {"hidden_size": TEXT_WIDTH, "intermediate_size": 256, "num_attention_heads": 4,
              "projection_dim": EMBEDDING_WIDTH}  # fmt: skip
    ids = {"bos_token_id": vocab[START], "eos_token_id": vocab[END], "pad_token_id": vocab[END]}
    text = transformers.CLIPTextConfig(
        vocab_size=len(vocab), max_position_embeddings=MAX_TOKENS, num_hidden_layers=4, **shared, **ids
    )
    vision = transformers.CLIPVisionConfig(image_size=IMAGE_SIZE, patch_size=4, num_hidden_layers=3, **shared)
    torch.manual_seed(seed)
    clip = transformers.CLIPModel(
        transformers.CLIPConfig(
            text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=EMBEDDING_WIDTH
        )
    )
    with torch.no_grad():
        clip.text_model.embeddings.position_embedding.weight.copy_(_INITIAL_SIZE * _sines())
    return clip


def _sines() -> torch.Tensor:
    """Return sine and cosine of every position at wave lengths from 6 to 1,065 tokens, (77, 64)."""
    rates = _LONGEST_WAVE ** -(torch.arange(0, TEXT_WIDTH, 2) / TEXT_WIDTH)
    angles = torch.arange(MAX_TOKENS)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def build_image_processor() -> Any:
    """Return the `CLIPImageProcessor` of nano-clip: 32x32, values to [-1, 1]."""
    return untyped("transformers").CLIPImageProcessor(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}, do_center_crop=False,
        image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.5, 0.5],
    )  # fmt: skip


def build_vae(seed: int) -> Any:
    """Return an untrained `AutoencoderKL`: 32x32 pixels to 8 channels at 8x8, no attention."""
    torch.manual_seed(seed)
    return untyped("diffusers").AutoencoderKL(**_AUTOENCODER)


def build_unet(size: str, seed: int) -> Any:
    """Return an untrained `UNet2DConditionModel` of a size in `UNETS`, conditioned as SDXL's is."""
    torch.manual_seed(seed)
    return untyped("diffusers").UNet2DConditionModel(
        sample_size=LATENT_SIZE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        block_out_channels=UNETS[size],
        layers_per_block=1,
        norm_num_groups=16,
        attention_head_dim=tuple(max(1, channels // 32) for channels in UNETS[size]),
        use_linear_projection=True,
        cross_attention_dim=TEXT_WIDTH,
        addition_embed_type="text_time",
        addition_time_embed_dim=_TIME_WIDTH,
        projection_class_embeddings_input_dim=6 * _TIME_WIDTH + EMBEDDING_WIDTH,
    )


def build_vq(seed: int) -> Any:
    """Return an untrained `VQModel` of the VAE's sizes: 32x32 pixels in [0, 1] to 8x8 codes."""
    torch.manual_seed(seed)
    return untyped("diffusers").VQModel(**_AUTOENCODER, num_vq_embeddings=CODES, lookup_from_codebook=True)


def build_uvit(seed: int) -> Any:
    """Return an untrained `UVit2DModel` that fills in masked codes, conditioned as aMUSEd's is.

    It has no embedding of places: it knows them only by the padding of its convolutions, which must reach
    from the edges to the middle. At 4x4 two of them do; at 8x8 one leaves all inner codes alike.
    """
    torch.manual_seed(seed)
    return untyped("diffusers").UVit2DModel(
        hidden_size=_UVIT_WIDTH,
        cond_embed_dim=EMBEDDING_WIDTH,
        micro_cond_encode_dim=_TIME_WIDTH,
        micro_cond_embed_dim=5 * _TIME_WIDTH,
        encoder_hidden_size=TEXT_WIDTH,
        vocab_size=CODES + 1,
        codebook_size=CODES,
        in_channels=_UVIT_WIDTH,
        block_out_channels=_UVIT_WIDTH,
        num_res_blocks=2,
        downsample=True,
        upsample=True,
        block_num_heads=4,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=3 * _UVIT_WIDTH,
        sample_size=LATENT_SIZE,
    )


def size_ids(batch: int) -> torch.Tensor:
    """Return SDXL's (original size, crop, target size) of whole 32x32 images, shape (batch, 6)."""
    return torch.tensor([[IMAGE_SIZE, IMAGE_SIZE, 0, 0, IMAGE_SIZE, IMAGE_SIZE]] * batch, dtype=torch.float32)
