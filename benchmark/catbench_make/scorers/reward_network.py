"""The network of ImageReward (Xu et al. 2023) on transformers' BLIP classes, from its published checkpoint.

A vision transformer reads the image, BERT reads the prompt with cross-attention to the image's patches, and
five linear layers without activations map the first token's last state to a number. In the checkpoint the
two halves are called as in BLIP's own code, from which transformers' classes differ in names alone; BERT's
names are the same. What the network never uses is left out: `vision_proj`, `text_proj` (for contrastive
training) and `position_ids` (0, 1, 2, ...). Other names are ignored, as the original does.

Sizes are read off the tensors, for the checkpoint holds the vision transformer's nowhere else; its heads have
64 channels, in BLIP's base and large alike. BERT's are in the `med_config.json` beside the checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from transformers.models.blip import BlipTextConfig, BlipTextModel, BlipVisionConfig, BlipVisionModel

from catbench.errors import GenerationError

MEAN, STD = 0.16717362830052426, 1.0333394966054072
"""Of raw rewards; constants of the authors' code."""
HEAD_CHANNELS = 64
VISION = "blip.visual_encoder."
TEXT = "blip.text_encoder."
_VISION_NAMES = (
    (r"^embeddings\.class_embedding$", "cls_token"),
    (r"^embeddings\.position_embedding$", "pos_embed"),
    (r"^embeddings\.patch_embedding\.", "patch_embed.proj."),
    (r"^encoder\.layers\.(\d+)\.", r"blocks.\1."),
    (r"\.self_attn\.qkv\.", ".attn.qkv."),
    (r"\.self_attn\.projection\.", ".attn.proj."),
    (r"\.layer_norm([12])\.", r".norm\1."),
    (r"^post_layernorm\.", "norm."),
)
"""transformers' names -> BLIP's."""
_TEXT_SIZES = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
    "hidden_act",
    "layer_norm_eps",
    "pad_token_id",
)
"""What `med_config.json` says of BERT."""


class RewardNetwork(nn.Module):
    """ImageReward without its weights."""

    def __init__(self, vision: BlipVisionConfig, text: BlipTextConfig, head: Mapping[int, tuple[int, int]]):
        """`head` maps a layer's number in the checkpoint to its outputs and inputs."""
        super().__init__()
        self.vision = BlipVisionModel(vision)
        self.text = BlipTextModel(text, add_pooling_layer=False)
        layers = {str(number): nn.Linear(inputs, outputs) for number, (outputs, inputs) in head.items()}
        self.head = nn.ModuleDict(layers)

    def forward(
        self, pixels: torch.Tensor, token_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> torch.Tensor:
        """Return the rewards, shape (n,).

        `pixels` is float32 (n, 3, size, size), `token_ids` and `attention_mask` are integers (n, tokens).
        """
        patches = self.vision(pixel_values=pixels).last_hidden_state
        states = self.text(
            input_ids=token_ids, attention_mask=attention_mask, encoder_hidden_states=patches
        ).last_hidden_state
        values = states[:, 0]
        for layer in self.head.values():
            values = layer(values)
        return (values[:, 0] - MEAN) / STD


def load_network(checkpoint: Mapping[str, Any], med_config: Mapping[str, Any], where: str) -> RewardNetwork:
    """Return the network with the weights of a checkpoint, which it holds on to, ready to score.

    `med_config` is the content of `med_config.json`, `where` names the checkpoint in errors. Raises
    GenerationError naming the first tensor that is missing or has another shape.
    """
    network = empty_network(checkpoint, med_config, where)
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    weights: dict[str, Any] = {}
    for name, shape in wanted.items():
        tensor = _tensor(checkpoint, published_name(name), where)
        if tuple(tensor.shape) != shape:
            raise GenerationError(
                f"{where}: {published_name(name)} has the shape {tuple(tensor.shape)}, not {shape} as "
                "med_config.json and the other tensors say; are both files of the same model?"
            )
        weights[name] = tensor
    network.load_state_dict(weights, assign=True)
    # Counted up, not stored: what was made on the meta device has no numbers yet.
    positions = torch.arange(network.text.config.max_position_embeddings)[None]
    network.text.embeddings.register_buffer("position_ids", positions, persistent=False)
    return network.requires_grad_(False).eval()


def empty_network(checkpoint: Mapping[str, Any], med_config: Mapping[str, Any], where: str) -> RewardNetwork:
    """Return the network of a checkpoint's sizes, on the meta device. Raises as `load_network`."""
    vision = _vision_config(checkpoint, where)
    try:
        sizes = {name: med_config[name] for name in _TEXT_SIZES}
    except KeyError as error:
        raise GenerationError(f"{where}: its med_config.json has no {error.args[0]!r}") from error
    text = BlipTextConfig(encoder_hidden_size=vision.hidden_size, **sizes)
    layers = {
        int(found[1]): tuple(checkpoint[name].shape)
        for name in checkpoint
        if (found := re.fullmatch(r"mlp\.layers\.(\d+)\.weight", name))
    }
    with torch.device("meta"):
        return RewardNetwork(vision, text, dict(sorted(layers.items())))


def published_name(name: str) -> str:
    """Return what a tensor of `RewardNetwork` is called in the checkpoint."""
    half, _, rest = name.partition(".")
    if half == "head":
        return f"mlp.layers.{rest}"
    if half == "text":
        return TEXT + rest
    for ours, theirs in _VISION_NAMES:
        rest = re.sub(ours, theirs, rest)
    return VISION + rest


def _vision_config(checkpoint: Mapping[str, Any], where: str) -> BlipVisionConfig:
    positions, width = _tensor(checkpoint, f"{VISION}pos_embed", where).shape[1:]
    patch = _tensor(checkpoint, f"{VISION}patch_embed.proj.weight", where).shape[-1]
    hidden = _tensor(checkpoint, f"{VISION}blocks.0.mlp.fc1.weight", where).shape[0]
    blocks = {name.split(".")[3] for name in checkpoint if name.startswith(f"{VISION}blocks.")}
    return BlipVisionConfig(
        hidden_size=width,
        intermediate_size=hidden,
        num_hidden_layers=len(blocks),
        num_attention_heads=width // HEAD_CHANNELS,
        image_size=round((positions - 1) ** 0.5) * patch,
        patch_size=patch,
        layer_norm_eps=1e-6,
    )


def _tensor(checkpoint: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in checkpoint:
        raise GenerationError(f"{where}: has no {name!r}; is it a checkpoint of ImageReward?")
    return checkpoint[name]
