"""What the routers that read a prompt token by token share: training, early stopping, prediction.

As CATImage §5.1 has it: qualities are scaled linearly to [0, 1] over all training examples and
taken for probabilities, and the sum over candidates of the sigmoid cross-entropies is minimised. The paper
leaves open what stands in the constants below: usual values for so small a network, tuned on no suite.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from catbench import Pool, Prompts
from catbench_baselines.features import COUNTED, Floats, Labelled, contrast_error
from catbench_baselines.token_encoders import (
    Tokens,
    batch_of,
    encode,
    encode_once,
    encoder_flops,
    find_encoder,
    mean_flops,
)

PASSES = 40
"""Most passes over the training prompts."""
PATIENCE = 5
"""Passes without a lesser error on the validation split after which training stops."""
DEFAULT_PASSES = 10
"""Passes where no validation split is given."""
BATCH = 128
RATE = 1e-3
"""Learning rate of AdamW (Loshchilov and Hutter 2019)."""
DECAY = 1e-2


class TokenRouter:
    """A network over the token embeddings of a frozen encoder, with one head a candidate.

    `build(d, M)` makes the network: from the embeddings (t, d) of all tokens of b prompts, one prompt after
    the other, and their lengths (b,), to logits (b, M). Padding would double the tokens.
    """

    flops_per_prompt: float
    """Of the network alone."""
    encoder_flops_per_prompt: float

    def __init__(self, build: Callable[[int, int], torch.nn.Module], pool: Pool, option: str = "") -> None:
        self._build, self._pool, self._option = build, pool, option

    def fit(
        self,
        prompts: Prompts,
        quality: Floats,
        validation: Labelled | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> TokenRouter:
        """Train until the error on the validation split no longer falls, and keep the best pass."""
        self._encoder = find_encoder(self._option, prompts)
        tokens = encode_once(self._encoder, list(prompts))
        self._low, self._width = float(quality.min()), float(np.ptp(quality)) or 1.0
        target = torch.from_numpy((quality - self._low) / self._width).float()
        self._held = validation and (validation[0], encode_once(self._encoder, list(validation[0])))
        passes = PASSES if validation else DEFAULT_PASSES
        random = np.random.default_rng(self._pool.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._pool.seed)
            self._size = tokens[0].shape[1], quality.shape[1]
            self._network = self._build(*self._size)
            optimiser = torch.optim.AdamW(self._network.parameters(), lr=RATE, weight_decay=DECAY)
            best, least, since = self._network, np.inf, 0
            for done in range(passes):
                progress(done, passes)
                self._train(tokens, target, optimiser, random)
                if self._held is None or validation is None:
                    continue
                error, since = contrast_error(self._predict(self._held[1]), validation[1]), since + 1
                if error < least:
                    best, least, since = copy.deepcopy(self._network), error, 0
                if since >= PATIENCE:
                    break
        if validation is not None:
            self._network = best
        counted = range(min(COUNTED, len(prompts)))
        self.flops_per_prompt = mean_flops(
            [partial(self._network, *batch_of(tokens, [row])) for row in counted]
        )
        self.encoder_flops_per_prompt = encoder_flops(self._encoder, [prompts[row] for row in counted])
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return predicted qualities (n, M)."""
        if self._held and prompts is self._held[0]:  # read already: an encoder takes longer than all the rest
            return self._predict(self._held[1])
        return self._predict(encode(self._encoder, list(prompts)))

    def state(self) -> dict[str, Any]:
        """Return the network's parameters, and the scale of the qualities."""
        weights = {name: value.numpy() for name, value in self._network.state_dict().items()}
        return {"network": weights, "low": self._low, "width": self._width, "size": list(self._size)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` returned; the text encoder is that of the option."""
        self._encoder, self._held = find_encoder(self._option, Prompts([])), None
        self._low, self._width, self._size = state["low"], state["width"], tuple(state["size"])
        self._network = self._build(*self._size)
        self._network.load_state_dict({name: torch.from_numpy(v) for name, v in state["network"].items()})

    def _train(
        self,
        tokens: Tokens,
        target: torch.Tensor,
        optimiser: torch.optim.Optimizer,
        random: np.random.Generator,
    ) -> None:
        self._network.train()
        order = torch.from_numpy(random.permutation(len(tokens)))
        for rows in order.split(BATCH):
            loss = cross_entropy(self._network(*batch_of(tokens, rows.tolist())), target[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    @torch.inference_mode()
    def _predict(self, tokens: Tokens) -> Floats:
        self._network.eval()
        starts = range(0, len(tokens), 4 * BATCH)
        parts = [range(len(tokens))[start : start + 4 * BATCH] for start in starts]
        logits = torch.cat([self._network(*batch_of(tokens, part)) for part in parts])
        return logits.double().sigmoid().numpy() * self._width + self._low


def cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the mean over prompts of the sum over candidates of the sigmoid cross-entropies, of (b, M)."""
    return binary_cross_entropy_with_logits(logits, target, reduction="none").sum(dim=1).mean()


def mean_of_each(values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return the means (b, d) of each prompt's tokens, of values (t, d) of b prompts of these lengths."""
    owner = torch.arange(len(lengths)).repeat_interleave(lengths)
    return values.new_zeros(len(lengths), values.shape[1]).index_add(0, owner, values) / lengths[:, None]
