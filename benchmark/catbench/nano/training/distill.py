"""Distils nano-lightning (4 steps) and nano-turbo (1 step) from nano-sdxl-l.

Both are progressive distillation (Salimans and Ho 2022; SDXL-Lightning, Lin et al. 2024) with guidance
baked in (Meng et al. 2023): the student takes in one step where a teacher arrives in several. Lightning's
teacher is L with guidance; Turbo's is Lightning. Trailing spacing, so that the first step sees pure noise.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from catbench.nano.libraries import untyped
from catbench.nano.models import TRAIN_TIMESTEPS
from catbench.nano.offered import GUIDANCE
from catbench.nano.training.conditioning import Condition, PromptedLatents, require
from catbench.nano.training.diffusion import NoiseLevels, predict, predict_guided
from catbench.nano.training.pictures import Pictures

LIGHTNING_STEPS = 4
_TEACHER_STEPS = 3
"""Steps that the teacher takes for one of Lightning's."""
_LARGEST_WEIGHT = 5.0


def trailing_times(steps: int) -> list[int]:
    """Return the times that diffusers' "trailing" spacing visits, and -1 for the end."""
    stride = TRAIN_TIMESTEPS / steps
    return [*(round(TRAIN_TIMESTEPS - stride * step) - 1 for step in range(steps)), -1]


class _DistilTask:
    """What both have in common: a student that starts as a copy of its teacher."""

    learning_rate = 3e-4
    decay_share = 0.5
    batch = 64
    teacher_name: str

    def __init__(self, pictures: Pictures, parts: Path, seed: int, device: str) -> None:
        torch.manual_seed(seed)
        require(parts / self.teacher_name, self.teacher_name)
        self.device = device
        self.data = PromptedLatents(pictures, parts, device)
        self.levels = NoiseLevels(device)
        self.teacher = _load_unet(parts, self.teacher_name).to(device).eval().requires_grad_(False)
        self.student = _load_unet(parts, self.teacher_name)
        self.networks = {"unet": self.student}

    def _error(
        self, noisy: torch.Tensor, times: torch.Tensor, condition: Condition, target: torch.Tensor
    ) -> torch.Tensor:
        """Return the error of the student's clean latents, weighted by signal to noise, 1 to 5."""
        clean = self.levels.clean(noisy, predict(self.student, noisy, times, condition), times)
        a, s = self.levels.at(times)
        weight = (a / s).square().clamp(1.0, _LARGEST_WEIGHT)
        return (weight * (clean - target).square()).mean()

    def export(self, folder: Path) -> None:
        """Save the UNet, in the layout of `UNet2DConditionModel.from_pretrained`."""
        self.student.to(memory_format=torch.contiguous_format).save_pretrained(folder)


class LightningTask(_DistilTask):
    """Four steps, each of which arrives where three guided steps of L do."""

    name = "lightning"
    teacher_name = "sdxl-l"

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the error over one batch of random segments of the four."""
        clean, condition = self.data.batch(self.batch, generator)
        noise = torch.randn(clean.shape, generator=generator).to(self.device)
        visited = torch.tensor(trailing_times(LIGHTNING_STEPS))
        segment = torch.randint(LIGHTNING_STEPS, (self.batch,), generator=generator)
        times, ends = visited[segment], visited[segment + 1]
        noisy = self.levels.noised(clean, noise, times)
        noisy = torch.where((segment == 0).to(self.device)[:, None, None, None], noise, noisy)
        with torch.no_grad():
            arrived = self._teach(noisy, times, ends, condition)
            target = self._target(noisy, arrived, times, ends)
        return self._error(noisy, times, condition, target)

    def _teach(
        self, noisy: torch.Tensor, times: torch.Tensor, ends: torch.Tensor, condition: Condition
    ) -> torch.Tensor:
        stops = [
            (times + (ends - times) * step / _TEACHER_STEPS).round().long()
            for step in range(_TEACHER_STEPS + 1)
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


class TurboTask(_DistilTask):
    """One step that arrives where the four of Lightning do."""

    name = "turbo"
    teacher_name = "lightning"

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the error over one batch of pure noise."""
        shape, condition = self.data.batch(self.batch, generator)
        start = noisy = torch.randn(shape.shape, generator=generator).to(self.device)
        visited = [torch.full((self.batch,), time) for time in trailing_times(LIGHTNING_STEPS)]
        with torch.no_grad():
            for now, later in pairwise(visited):
                noisy = self.levels.moved(noisy, predict(self.teacher, noisy, now, condition), now, later)
        return self._error(start, visited[0], condition, noisy)


def _load_unet(parts: Path, name: str) -> Any:
    diffusers = untyped("diffusers")

    unet: Any = diffusers.UNet2DConditionModel.from_pretrained(
        require(parts / name, name), local_files_only=True
    )
    return unet.to(memory_format=torch.channels_last)
