"""The dozen images and prompts, and the random weights, on which two implementations are compared.

Made from numbers alone, so that both sides make the same in environments that share nothing but numpy.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

PROMPTS = (
    "a red cat",
    "Two DOGS on a boat, oil painting",
    "",
    "the sea at night don't wait",
    "café naïve Ünïcode señor",
    "猫 and 犬 in the snow",
    "a cat 😀 on the boat",
    "a [ENC] cat [DEC] in the [MASK] [enc]",
    "  tabs\tand\nlines   and a soft\u00adhyphen, zero\u200bwidth",
    "cat dog boat sea " * 12,
    "1,024 x 768 (f/1.8), 35mm!! e=mc^2 #art @me_you",
    "unaffable zyzzyva catlike doggedly",
)
"""Every rule of BERT's tokenizer: lower case, accents, CJK, unknowns, pieces, added tokens, the cut at 35."""
MED = {
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 512,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
    "vocab_size": 30524,
    "add_cross_attention": True,
}
"""BLIP's `med_config.json`, which ImageReward's checkpoint has beside it."""
SMALL_MED = {
    **MED,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
MED_CONFIGS = {"full": MED, "small": SMALL_MED}
SMALL_VISION = {"embed_dim": 128, "depth": 2, "num_heads": 2}


GAIN = 2
"""Of every matrix but the head's: sharp attention, so that a score depends on single patches and words."""


def vocabulary() -> str:
    """Return a `vocab.txt` of 30,522 entries like that of bert-base-uncased, most of them unused."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~猫"
    words = "a red cat dog ##s two on boat the sea at night cafe and in snow like ##ged ##ly un ##aff ##able"
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words.split()]
    entries += [entry for letter in letters for entry in (letter, f"##{letter}")]
    entries = list(dict.fromkeys(entries))
    entries += [f"[unused{number}]" for number in range(30522 - len(entries))]
    return "\n".join(entries) + "\n"


def images() -> list[np.ndarray]:
    """Return twelve images, uint8 (height, width, 3): blocks of colour under noise, four of each size."""
    found: list[np.ndarray] = []
    for number in range(len(PROMPTS)):
        height, width = ((256, 256), (200, 331), (512, 384))[number // 4]
        random = np.random.default_rng([7, number])
        block = 8 << number % 4
        rows, columns = -(-height // block), -(-width // block)
        colours = random.integers(0, 226, (rows, columns, 3), dtype=np.uint8)
        large = colours.repeat(block, axis=0).repeat(block, axis=1)[:height, :width]
        found.append(large + random.integers(0, 30, large.shape, dtype=np.uint8))
    return found


def floating(shapes: dict[str, Any]) -> dict[str, Any]:
    """Return the shapes of a state dict's weights: all but a buffer that counts 0, 1, 2, ..."""
    return {name: shape for name, shape in shapes.items() if not name.endswith("position_ids")}


def weights(shapes: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return float32 arrays of the shapes, by name, of a size that keeps both inputs in sight to the end."""
    return {name: _weight(name, tuple(shape)) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    random = np.random.default_rng([11, zlib.crc32(name.encode())])
    values = random.standard_normal(shape, dtype=np.float32)
    if "norm" in name.lower():
        return values * np.float32(0.1) + np.float32(name.endswith("weight"))
    if name.endswith(("bias", "embeddings.weight", "embed", "token")):
        return values * np.float32(0.5)
    gain = 1 if name.startswith("mlp.layers") else GAIN
    return values * np.float32(gain * np.prod(shape[1:]) ** -0.5)
