"""The arithmetic of the diffusion process: noise levels, the velocity, and one DDIM step.

A latent at time t is a(t) x0 + s(t) noise with a^2 + s^2 = 1, t counting 0 to 999; the network predicts the
velocity v = a noise - s x0 (Salimans and Ho 2022). Euler's step in diffusers and DDIM's are the same
step (Karras et al. 2022, section 2), so what is distilled with one holds for the other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from catbench_make.nano.shipped_models import NOISE
from nano_training.networks import TRAIN_TIMESTEPS, size_ids


class Condition(NamedTuple):
    """A batch of prompts as `StableDiffusionXLPipeline.encode_prompt` gives them."""

    hidden: torch.Tensor
    """(batch, 77, width): the text encoder's last but one hidden state."""
    pooled: torch.Tensor
    """(batch, width): the projected embedding of the whole prompt."""

    def dropped(self, keep: torch.Tensor) -> Condition:
        """Return the condition with zeros, SDXL's empty prompt, where the bool `keep` (batch,) is False."""
        mask = keep.to(self.hidden)
        return Condition(self.hidden * mask[:, None, None], self.pooled * mask[:, None])

    def with_empty(self) -> Condition:
        """Return (empty, prompts) stacked along the batch, the order of classifier-free guidance."""
        return Condition(
            torch.cat([torch.zeros_like(self.hidden), self.hidden]),
            torch.cat([torch.zeros_like(self.pooled), self.pooled]),
        )


class NoiseLevels:
    """a(t) and s(t) for t = 0 ... 999; at t = -1 there is no noise."""

    def __init__(self, device: str) -> None:
        roots = torch.linspace(NOISE["beta_start"] ** 0.5, NOISE["beta_end"] ** 0.5, TRAIN_TIMESTEPS)
        kept = torch.cumprod(1 - roots.double() ** 2, dim=0)
        self._kept = torch.cat([kept, torch.ones(1)]).float().to(device)

    def at(self, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a and s, each (batch, 1, 1, 1), at integer times (batch,), -1 for no noise."""
        kept = self._kept[times.to(self._kept.device)][:, None, None, None]
        return kept.sqrt(), (1 - kept).sqrt()

    def noised(self, clean: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """Return the latents at the given times."""
        a, s = self.at(times)
        return a * clean + s * noise

    def velocity(self, clean: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """Return what the network should predict."""
        a, s = self.at(times)
        return a * noise - s * clean

    def clean(self, noisy: torch.Tensor, velocity: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """Return the predicted clean latents."""
        a, s = self.at(times)
        return a * noisy - s * velocity

    def moved(
        self, noisy: torch.Tensor, velocity: torch.Tensor, times: torch.Tensor, later: torch.Tensor
    ) -> torch.Tensor:
        """Return the latents at less noisy times after one deterministic step."""
        a, s = self.at(times)
        a_later, s_later = self.at(later)
        noise = s * noisy + a * velocity
        return a_later * (a * noisy - s * velocity) + s_later * noise


def predict(unet: Any, noisy: torch.Tensor, times: torch.Tensor, condition: Condition) -> torch.Tensor:
    """Return the UNet's velocity, shape of `noisy`; times are int64 (batch,)."""
    added = {"text_embeds": condition.pooled, "time_ids": size_ids(len(noisy)).to(noisy.device)}
    return unet(noisy, times.to(noisy.device), condition.hidden, added_cond_kwargs=added, return_dict=False)[
        0
    ]


def predict_guided(
    unet: Any, noisy: torch.Tensor, times: torch.Tensor, condition: Condition, guidance: float
) -> torch.Tensor:
    """Return the velocity under classifier-free guidance (Ho and Salimans 2022)."""
    both = predict(unet, torch.cat([noisy, noisy]), torch.cat([times, times]), condition.with_empty())
    empty, prompted = both.chunk(2)
    return empty + guidance * (prompted - empty)
