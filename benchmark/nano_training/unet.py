"""Trains P, Q, R, T and L: UNets that denoise latents, conditioned as SDXL's, each on a corpus of its own.

P, Q, R and T have the size S, L is twice as wide. Velocity prediction; a tenth of the prompts is dropped for
classifier-free guidance. Times lean towards noise (density proportional to t): with less of it the picture
itself tells what is where, and the prompt teaches nothing.

Turbo (1 step) is distilled from P and Lightning (4 steps) from Q, on the corpus of their teacher. Both are
progressive distillation (Salimans and Ho 2022; SDXL-Lightning, Lin et al. 2024) with guidance baked in (Meng
et al. 2023): the student takes in one step where its teacher arrives in several. Trailing spacing, so that
the first step sees pure noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from catbench_make.nano.nano_candidates import GUIDANCE, TEACHERS
from nano_training.diffusion import Condition, NoiseLevels, predict, predict_guided
from nano_training.latents import PromptedLatents, load_part
from nano_training.loop import Task
from nano_training.networks import TRAIN_TIMESTEPS, build_unet

_DROPPED_SHARE = 0.1
_LARGEST_WEIGHT = 5.0
LESSONS = {"lightning": (4, 3), "turbo": (1, 4)}
"""Steps of a student, and guided steps that the teacher takes for one of them."""


class UnetTask(Task):
    """Predict the velocity of noised latents from the prompt."""

    learning_rate = 1e-3
    decay_share = 0.35

    def build(self, parts: Path, seed: int) -> Mapping[str, nn.Module]:
        """Return the UNet."""
        self.data = PromptedLatents(self.pictures, parts, self.name, self.device)
        self.levels = NoiseLevels(self.device)
        self.unet = build_unet("l" if self.name == "l" else "s", seed).to(memory_format=torch.channels_last)
        return {"unet": self.unet}

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the mean squared error of the velocity over one batch."""
        clean, condition = self.data.batch(self.batch, generator)
        share = torch.rand(self.batch, generator=generator).sqrt()
        times = (share * TRAIN_TIMESTEPS).long().clamp(max=TRAIN_TIMESTEPS - 1)
        noise = torch.randn(clean.shape, generator=generator).to(self.device)
        keep = torch.rand(self.batch, generator=generator) >= _DROPPED_SHARE
        noisy = self.levels.noised(clean, noise, times).contiguous(memory_format=torch.channels_last)
        velocity = predict(self.unet, noisy, times, condition.dropped(keep))
        return functional.mse_loss(velocity, self.levels.velocity(clean, noise, times))


def trailing_times(steps: int) -> list[int]:
    """Return the times that diffusers' "trailing" spacing visits, and -1 for the end."""
    stride = TRAIN_TIMESTEPS / steps
    return [*(round(TRAIN_TIMESTEPS - stride * step) - 1 for step in range(steps)), -1]


class StudentTask(Task):
    """Arrive in each step where the teacher's guided steps do."""

    learning_rate = 3e-4
    decay_share = 0.5

    def build(self, parts: Path, seed: int) -> Mapping[str, nn.Module]:
        """Return the student, which begins as its teacher."""
        torch.manual_seed(seed)
        self.steps, self.teacher_steps = LESSONS[self.name]
        teacher = TEACHERS[self.name]
        self.teacher = _unet(parts, teacher).to(self.device)
        self.student = _unet(parts, teacher).requires_grad_(True)
        self.data = PromptedLatents(self.pictures, parts, teacher, self.device)
        self.levels = NoiseLevels(self.device)
        return {"unet": self.student}

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the error of the student's clean latents, weighted by signal to noise, 1 to 5."""
        clean, condition = self.data.batch(self.batch, generator)
        noise = torch.randn(clean.shape, generator=generator).to(self.device)
        visited = torch.tensor(trailing_times(self.steps))
        segment = torch.randint(self.steps, (self.batch,), generator=generator)
        times, ends = visited[segment], visited[segment + 1]
        noisy = self.levels.noised(clean, noise, times)
        noisy = torch.where((segment == 0).to(self.device)[:, None, None, None], noise, noisy)
        with torch.no_grad():
            arrived = self._teach(noisy, times, ends, condition)
            target = self._target(noisy, arrived, times, ends)
        drawn = self.levels.clean(noisy, predict(self.student, noisy, times, condition), times)
        a, s = self.levels.at(times)
        weight = (a / s).square().clamp(1.0, _LARGEST_WEIGHT)
        return (weight * (drawn - target).square()).mean()

    def _teach(
        self, noisy: torch.Tensor, times: torch.Tensor, ends: torch.Tensor, condition: Condition
    ) -> torch.Tensor:
        stops = [
            (times + (ends - times) * step / self.teacher_steps).round().long()
            for step in range(self.teacher_steps + 1)
        ]
        for now, later in pairwise(stops):
            velocity = predict_guided(self.teacher, noisy, now, condition, GUIDANCE)
            noisy = self.levels.moved(noisy, velocity, now, later)
        return noisy

    def _target(
        self, noisy: torch.Tensor, arrived: torch.Tensor, times: torch.Tensor, ends: torch.Tensor
    ) -> torch.Tensor:
        """Return the clean latents that lead from `noisy` to `arrived` in one step."""
        (a, s), (a_end, s_end) = self.levels.at(times), self.levels.at(ends)
        return (arrived - s_end / s * noisy) / (a_end - a * s_end / s)


def _unet(parts: Path, name: str) -> Any:
    return load_part("UNet2DConditionModel", parts, name).to(memory_format=torch.channels_last)
