"""The paper's best estimator (CATImage §5.1): a perceptron on every token of a frozen text encoder.

A perceptron of two layers with a head a candidate is put on each token's embedding; pooled over the
tokens, its outputs are the logits of the qualities. Chosen by us: 256 hidden units with GELU, dropout
of 0.1 between the layers, the mean as the pooling. Which encoder it reads is said in `token_encoders`,
how it is trained in `token_router`. Needs the extra `minilm`.
"""

from __future__ import annotations

import torch
from torch import nn

from catbench import Pool
from catbench_baselines.token_router import TokenRouter, mean_of_each

HIDDEN = 256
DROPOUT = 0.1


class TokenPerceptron(nn.Module):
    """Two layers on each token, and the mean over tokens."""

    def __init__(self, width: int, candidates: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, HIDDEN), nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, candidates)
        )

    def forward(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return logits (b, M) of embeddings (t, d) of the tokens of b prompts, of these lengths (b,)."""
        return mean_of_each(self.layers(values), lengths)


def make_router(pool: Pool, encoder: str = "") -> TokenRouter:
    """Return the router; `transformer:ENCODER` names the text encoder: nano, minilm, or a folder."""
    return TokenRouter(TokenPerceptron, pool, encoder)
