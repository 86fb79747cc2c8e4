"""Distils Turbo (1 step) from P and Lightning (4 steps) from Q, on the corpus of their teacher.

The loss is version 1's (`catbench_make.nano.training.distill`): progressive distillation with guidance baked
in, on trailing times.
"""

from __future__ import annotations

from pathlib import Path

import torch

from catbench_make.nano.training.diffusion import NoiseLevels
from catbench_make.nano.training.distill import LESSONS, DistilTask
from nano_training.corpora import TEACHERS
from nano_training.latents import PromptedLatents, load_part
from nano_training.pictures import Pictures


class StudentTask(DistilTask):
    """Arrive in each step where the teacher's guided steps do."""

    def __init__(self, name: str, pictures: Pictures, parts: Path, seed: int, device: str) -> None:
        torch.manual_seed(seed)
        self.name = name
        self.steps, self.teacher_steps = LESSONS[name]
        self.device = device
        teacher = TEACHERS[name]
        self.teacher = _unet(parts, teacher).to(device)
        self.student = _unet(parts, teacher).requires_grad_(True)
        self.data = PromptedLatents(pictures, parts, teacher, device)
        self.levels = NoiseLevels(device)
        self.networks = {"unet": self.student}


def _unet(parts: Path, name: str) -> torch.nn.Module:
    return load_part("UNet2DConditionModel", parts, name).to(memory_format=torch.channels_last)
