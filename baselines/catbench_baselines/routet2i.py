"""RouteT2I's idea: quality predicted from a prompt's key tokens (Xin et al. 2025, arXiv 2411.13787).

Several experts each look for the tokens that matter to them: a gate scores every token, the KEY best are
kept and weighed by a softmax, and the expert tells from their mean what they do to each candidate's
quality. A second gate, on the mean of all tokens, weighs the experts. The paper predicts several metrics of
its own and compares two models by their Pareto superiority; here the target is the suite's metric, for any
number of candidates, and encoder and training are those of `transformer`. Needs the extra `torch`.
"""

from __future__ import annotations

import torch
from torch import nn

from catbench import Pool
from catbench_baselines.token_router import TokenRouter

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

    def forward(self, values: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Return logits (b, M) of embeddings (b, T, d), of which those in the mask (b, T) are real."""
        score = self.token_gate(values).masked_fill(~real[:, :, None], -torch.inf)  # (b, T, E)
        best = score.topk(min(KEY, score.shape[1]), dim=1)
        kept = torch.full_like(score, -torch.inf).scatter(1, best.indices, best.values)
        read = torch.einsum("bte,btd->bed", kept.softmax(dim=1), values)
        weight = self.hidden.weight.view(EXPERTS, HIDDEN, -1)
        inside = torch.einsum("bed,ehd->beh", read, weight) + self.hidden.bias.view(EXPERTS, HIDDEN)
        impact = torch.einsum("beh,ehm->bem", nn.functional.gelu(inside), self.heads)
        mean = (values * real[:, :, None]).sum(dim=1) / real.sum(dim=1)[:, None]
        share = self.expert_gate(mean).softmax(dim=1)
        return (share[:, :, None] * impact).sum(dim=1) + self.bias


def make_router(pool: Pool, encoder: str = "") -> TokenRouter:
    """Return the router; `routet2i:ENCODER` names the text encoder: nano, minilm, or a folder."""
    return TokenRouter(KeyTokens, pool, encoder)
