"""The encoder whose weights are shipped: hashed words and pairs of words to what a scene consists of."""

import re
import zlib
from itertools import pairwise

import torch
from torch import nn

BUCKETS, WIDTH, FACTS = 2048, 48, 39
WORD = re.compile(r"[a-z]+")


def buckets(text):
    """Return the numbers of a text's words and pairs of words; collisions are accepted."""
    words = WORD.findall(text.lower())
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    return [zlib.crc32(one.encode()) % BUCKETS for one in words + pairs]


class Encoder(nn.Module):
    """Texts -> facts (n, FACTS).

    How many things, of which shapes, colours and sizes, on which background, and whether places are told.
    """

    def __init__(self):
        super().__init__()
        self.bag = nn.EmbeddingBag(BUCKETS, WIDTH, mode="sum")
        self.head = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, FACTS)
        )

    def forward(self, texts):
        """Return the facts of texts."""
        numbers = [buckets(text) or [0] for text in texts]
        starts = torch.tensor([0, *(len(one) for one in numbers[:-1])]).cumsum(0)
        return self.head(self.bag(torch.tensor([one for row in numbers for one in row]), starts))
