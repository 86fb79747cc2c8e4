"""Infinity (Han et al. 2024) as a pipeline: the official networks, called as diffusers' pipelines are.

The official script draws on the first GPU alone; this does the same on any device, with the seed's own random
generator: a T5 reads the prompt, the transformer predicts the bits of every scale from coarse to fine, each
scale in one pass, and the visual tokenizer's decoder makes pixels of their sum. Sizes of the networks are
read from the weights. What the script fixes is fixed here: nucleus 0.97 of the 900 likeliest, guidance on
logits, text cut at 512 tokens, the T5 in float16 where the rest is in bfloat16.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any

import torch

from catbench.errors import GenerationError
from catbench_make import checkout
from catbench_make.checkout import COMMIT, OfficialCode, official_code, quiet, weights_folder
from catbench_make.encoders import reader
from catbench_make.packages import optional
from catbench_make.plan.settings import DrawingSettings

TEXT_WINDOW = 512
"""Tokens that the T5 reads."""
TOP_K, TOP_P = 900, 0.97
CHANNEL_MULTIPLES = [1, 2, 4, 4, 4]
PATCH = 16
"""Pixels, across, of a code."""
BLOCK = re.compile(r"block_chunks\.(\d+)\.module\.(\d+)\.")


@dataclass(frozen=True)
class Sizes:
    """Sizes of a transformer."""

    embed_dim: int
    depth: int
    num_heads: int
    mlp_ratio: float
    block_chunks: int
    """The blocks stand in so many groups."""
    text_channels: int
    text_maxlen: int
    bits: int
    """Of a code."""

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> Sizes:
        """Return the sizes of the transformer with these weights; raises KeyError where they are none."""
        blocks = {(int(found[1]), int(found[2])) for name in weights if (found := BLOCK.match(name))}
        width = weights["pos_start"].shape[-1]
        first = "block_chunks.0.module.0"
        return cls(
            embed_dim=width,
            depth=len(blocks),
            num_heads=weights[f"{first}.sa.scale_mul_1H11"].shape[1],
            mlp_ratio=weights[f"{first}.ffn.fc1.weight"].shape[0] / width,
            block_chunks=len({chunk for chunk, _ in blocks}),
            text_channels=weights["cfg_uncond"].shape[1],
            text_maxlen=weights["cfg_uncond"].shape[0],
            bits=weights["word_embed.weight"].shape[1],
        )


RELEASED_2B = Sizes(
    embed_dim=2048,
    depth=32,
    num_heads=16,
    mlp_ratio=4,
    block_chunks=8,
    text_channels=2048,
    text_maxlen=512,
    bits=32,
)


def scales_of(code: OfficialCode, width: int, height: int, steps: int) -> list[tuple[int, int, int]]:
    """Return the scales (1, height, width in codes) of a size in pixels, coarse to fine.

    Raises ValueError for a size that Infinity does not draw, and where it has not `steps` scales.
    """
    sizes = {
        size["pixel"]: [(1, h, w) for _, h, w in size["scales"]]
        for by_name in code.scales.values()
        for size in by_name.values()
    }
    if (height, width) not in sizes:
        squares = ", ".join(f"{h} x {w}" for h, w in sorted(sizes) if h == w)
        raise ValueError(f"Infinity draws no {width} x {height} pixels; square sizes are {squares}")
    scales = sizes[height, width]
    if steps != len(scales):
        drawn = f"{width} x {height} pixels in {len(scales)} scales"
        raise ValueError(f"Infinity draws {drawn}, not in {steps} steps")
    return scales


def build_vae(code: OfficialCode, bits: int, weights: str | dict[str, Any]) -> Any:
    """Return the visual tokenizer with the weights of a file, or with none for an empty dictionary."""
    multiples = {"encoder_ch_mult": CHANNEL_MULTIPLES, "decoder_ch_mult": CHANNEL_MULTIPLES}
    with quiet():
        return code.vae.vae_model(weights, "dynamic", bits, 2**bits, patch_size=PATCH, **multiples)


def build_transformer(code: OfficialCode, sizes: Sizes, vae: Any) -> Any:
    """Return the transformer with parameters on the meta device, built as the official script builds it."""
    own = {name: size for name, size in asdict(sizes).items() if name != "bits"}
    with quiet(), optional("accelerate", "Infinity").init_empty_weights():
        return code.transformer(
            vae_local=vae,
            **own,
            shared_aln=True,
            raw_scale_schedule=None,
            checkpointing="full-block",
            customized_flash_attn=False,
            fused_norm=True,  # without, the official blocks forget where in the sequence a scale begins
            pad_to_multiplier=128,
            use_flex_attn=False,
            add_lvl_embeding_only_first_block=1,
            use_bit_label=1,
            rope2d_each_sa_layer=1,
            rope2d_normalized_by_hw=2,
            pn="1M",
            apply_spatial_patchify=0,
            inference_mode=True,
            train_h_div_w_list=[1.0],
        ).eval()


class InfinityPipeline:
    """Draws one image a call."""

    scheduler = None
    config: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self, code: OfficialCode, transformer: Any, vae: Any, tokenizer: Any, text_encoder: Any, autocast: Any
    ) -> None:
        self._code = code
        self._transformer = transformer
        self._vae = vae
        self._text_encoder = text_encoder
        self._autocast = autocast
        self.components = {"tokenizer": tokenizer}

    @torch.no_grad()
    def __call__(
        self,
        prompt: Sequence[str],
        num_inference_steps: int,
        width: int,
        height: int,
        generator: torch.Generator,
        guidance_scale: float = 3.0,
        output_type: str = "pt",
        tau: float = 1.0,
    ) -> SimpleNamespace:
        """Return `images`, float32 (1, 3, height, width) from 0 to 1 in the 256 levels of the official code.

        `tau` is the temperature of the logits; guidance of 1 or less is none. Raises ValueError for a size
        that Infinity does not draw, another number of steps than that size has scales, several prompts.
        """
        del output_type
        if len(prompt) != 1 or isinstance(generator, list):
            raise ValueError(f"{len(prompt)} prompts: Infinity draws one at a time (largest_batch 1)")
        scales = scales_of(self._code, width, height, num_inference_steps)
        # Without a GPU the norms, which the official code compiles, run as they are written.
        stance = "default" if self._text_encoder.device.type == "cuda" else "force_eager"
        decoded: list[torch.Tensor] = []  # before the official code cuts it to bytes

        def decode(codes: torch.Tensor) -> torch.Tensor:
            decoded.append(self._vae.decode(codes))
            return decoded[0]

        decoder = SimpleNamespace(quantizer=self._vae.quantizer, decode=decode)
        with quiet(), torch.compiler.set_stance(stance), self._autocast:
            bits(self._transformer, decoder, self._read(prompt[0]), scales, guidance_scale, tau, generator)
            levels = ((decoded[0] + 1) / 2).mul_(255).floor()
        return SimpleNamespace(images=levels.float() / 255)

    def _read(self, text: str) -> tuple[torch.Tensor, list[int], torch.Tensor, int]:
        """Return the T5's states of the tokens that are no padding, and where each prompt ends."""
        read = reader(self.components["tokenizer"], self._text_encoder.device)([text], TEXT_WINDOW, True)
        ids, real = read["input_ids"], read["attention_mask"]
        states = self._text_encoder(input_ids=ids, attention_mask=real)
        return packed(states.last_hidden_state[0, : int(real.sum())].float())


def packed(states: torch.Tensor) -> tuple[torch.Tensor, list[int], torch.Tensor, int]:
    """Return one prompt's states (tokens, channels) as the official code takes a batch of prompts."""
    length = len(states)
    # On the CPU, where they are read: a device would have to be waited for in every layer.
    return states, [length], torch.tensor([0, length], dtype=torch.int32), length


def bits(
    transformer: Any,
    vae: Any,
    text: tuple[torch.Tensor, list[int], torch.Tensor, int],
    scales: list[tuple[int, int, int]],
    guidance: float,
    tau: float,
    generator: torch.Generator | None,
) -> None:
    """Predict the bits of all scales and have `vae` decode them, with the settings of the official script."""
    if generator is not None:
        transformer.rng = torch.Generator(transformer.pos_start.device)
    transformer.autoregressive_infer_cfg(
        vae=vae,
        scale_schedule=scales,
        label_B_or_BLT=text,
        g_seed=None if generator is None else generator.initial_seed(),
        cfg_list=[max(guidance, 1.0)] * len(scales),
        tau_list=[tau] * len(scales),
        top_k=TOP_K,
        top_p=TOP_P,
        returns_vemb=1,
        cfg_insertion_layer=[0],
        vae_type=transformer.d_vae,
        ret_img=True,
        inference_mode=True,
    )


def load_infinity(settings: DrawingSettings, device: str) -> InfinityPipeline:
    """Return the pipeline of the user's checkout with its weights on `device`.

    Raises GenerationError where the checkout or a weight is missing, or does not fit.
    """
    if settings.revision not in ("", COMMIT):
        raise GenerationError(f"Infinity at commit {settings.revision}: only {COMMIT} is known to work")
    if settings.cache or settings.scheduler or settings.weights:
        raise GenerationError("Infinity takes no cache, scheduler or weights of a component")
    if settings.precision == "float16":
        raise GenerationError("Infinity draws in bfloat16, as released, or in float32")
    whole = settings.precision == "float32"
    code, folder = official_code(), weights_folder()
    weights = torch.load(folder / checkout.TRANSFORMER, map_location="cpu", weights_only=True)
    try:
        sizes = Sizes.of(weights)
    except KeyError as error:
        where = folder / checkout.TRANSFORMER
        raise GenerationError(f"{where}: no transformer of Infinity: it has no {error}") from error
    vae = build_vae(code, sizes.bits, str(folder / checkout.VAE))
    transformer = build_transformer(code, sizes, vae)
    # Not the class's own `load_state_dict`, which copies through the weights that are not there yet.
    found = torch.nn.Module.load_state_dict(transformer, weights, strict=False, assign=True)
    if found.missing_keys:
        raise GenerationError(f"{folder / checkout.TRANSFORMER}: no weights {found.missing_keys[0]}")
    transformer = transformer.to(device).float().eval().requires_grad_(False)
    if not whole:
        for block in transformer.unregistered_blocks:
            block.bfloat16()
            block.ca_norm.float()  # as autocast takes its rounded weights on a GPU, and not on a CPU
    transformers, text = optional("transformers", "Infinity"), folder / checkout.TEXT_ENCODER
    tokenizer = transformers.AutoTokenizer.from_pretrained(text, local_files_only=True)
    tokenizer.model_max_length = TEXT_WINDOW
    dtype = torch.float32 if whole else torch.float16
    text_encoder = transformers.T5EncoderModel.from_pretrained(text, dtype=dtype, local_files_only=True)
    autocast = torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=not whole)
    return InfinityPipeline(
        code, transformer, vae.to(device), tokenizer, text_encoder.to(device).eval(), autocast
    )
