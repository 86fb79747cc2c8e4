"""A torch model with shipped weights: an encoder reads what a prompt asks for, `fit` learns who draws it.

The encoder was trained to read (train.py), on no quality of any candidate. Which candidate draws what well
is learnt in `fit` from the qualities given there, so on shuffled ones there is nothing to gain.
"""

from pathlib import Path

import numpy as np
import torch
from network import FACTS, Encoder
from torch import nn

STEPS, PATIENCE = 400, 60


class SceneRouter:
    """Facts of a prompt, through a small network, to qualities."""

    def __init__(self, seed):
        self.seed = seed
        self.encoder = Encoder().eval()
        with np.load(Path(__file__).with_name("weights.npz"), allow_pickle=False) as weights:
            state = {name: torch.from_numpy(weights[name].astype(np.float32)) for name in weights.files}
        self.encoder.load_state_dict(state)

    def read(self, prompts):
        """Return the inputs of the network (n, FACTS)."""
        with torch.no_grad():
            return self.encoder(list(prompts))

    def fit(self, prompts, quality, validation):
        """Train on standardised qualities; keep the step that is best on the validation split."""
        torch.manual_seed(self.seed)
        torch.set_num_threads(1)
        facts = self.read(prompts)
        self.centre, self.scale = facts.mean(0), facts.std(0) + 1e-3
        self.mean, self.spread = quality.mean(axis=0), quality.std() + 1e-12
        candidates = quality.shape[1]
        self.network = nn.Sequential(
            nn.Linear(FACTS, 32), nn.Tanh(), nn.Dropout(0.2), nn.Linear(32, candidates)
        )
        inputs, wanted = self.scaled(facts), self.standard(quality)
        held, held_wanted = self.scaled(self.read(validation[0])), self.standard(validation[1])
        optimiser = torch.optim.AdamW(self.network.parameters(), 1e-2, weight_decay=1e-2)
        best, kept, since = float("inf"), None, 0
        for _ in range(STEPS):
            self.network.train()
            loss = (self.network(inputs) - wanted).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            self.network.eval()
            with torch.no_grad():
                error = float((self.network(held) - held_wanted).square().mean())
            since += 1
            if error < best:
                best, since = error, 0
                kept = {name: value.clone() for name, value in self.network.state_dict().items()}
            if since > PATIENCE:
                break
        self.network.load_state_dict(kept)

    def predict(self, prompts):
        """Return estimated qualities (n, candidates)."""
        with torch.no_grad():
            said = self.network(self.scaled(self.read(prompts))).numpy().astype(np.float64)
        return said * self.spread + self.mean

    def scaled(self, facts):
        """Return facts on one scale."""
        return (facts - self.centre) / self.scale

    def standard(self, quality):
        """Return qualities as the network sees them."""
        return torch.tensor((quality - self.mean) / self.spread, dtype=torch.float32)


def make_router(pool):
    """Return a router with the shipped encoder."""
    return SceneRouter(pool.seed)
