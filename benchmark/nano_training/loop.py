"""The training loop of every nano model: seeded, resumable, with averaged weights.

Whatever is random in step i comes from a generator seeded with (seed, i), so a run that is stopped and
taken up again sees what an uninterrupted one sees. The learning rate warms up, stays, and falls to zero
over the last part of the run; the weights that are exported are an exponential moving average.

What a run has learned so far is `checkpoint.pt` in its folder. It appears whole or not at all, and is read
with torch's safe loader (tensors and plain values only).
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn
from tqdm import tqdm

from catbench.errors import UsageError
from catbench.files import atomic_file
from nano_training.pictures import Pictures

_WARM_UP_STEPS = 100
_SAVE_EVERY_SECONDS = 60.0
_CLIP_NORM = 1.0
_LARGEST_DECAY = 0.999
"""Of the moving average."""
_CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class TrainingPlan:
    """How long, from which seed, where to and on what a model is trained."""

    out: Path
    steps: int
    seed: int = 0
    device: str = "cpu"
    minutes: float = math.inf
    """Stop after so many minutes, at a checkpoint, even if steps are left."""
    pictures: int = 0
    """Rendered scenes that the task draws from."""

    @property
    def pinned(self) -> dict[str, int]:
        """What a run that is taken up again must share: with anything else it would be no run at all."""
        return {"seed": self.seed, "steps": self.steps, "pictures": self.pictures}


class Task(ABC):
    """What is trained: networks, the loss of a step, and what is saved at the end."""

    learning_rate: ClassVar[float]
    """Of AdamW, at its highest."""
    decay_share: ClassVar[float]
    """Share of the steps over which the learning rate falls to zero."""
    batch = 64
    """Pictures a step."""

    def __init__(self, name: str, pictures: Pictures, parts: Path, seed: int, device: str) -> None:
        """`name` is the model's on the command line, `parts` the folder of finished models."""
        self.name = name
        self.pictures = pictures
        self.device = device
        self.networks = self.build(parts, seed)

    @abstractmethod
    def build(self, parts: Path, seed: int) -> Mapping[str, nn.Module]:
        """Return the networks that are trained, with first weights of a seed."""

    @abstractmethod
    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the loss of one batch, drawn with the generator (on the CPU)."""

    def export(self, folder: Path) -> None:
        """Save the one network, in the layout of its class's `from_pretrained`."""
        network: Any = next(iter(self.networks.values()))
        network.to(memory_format=torch.contiguous_format).save_pretrained(folder)


def learning_rate_share(step: int, steps: int, decay_share: float) -> float:
    """Return the learning rate at a step as a share of the highest: up, flat, linearly down."""
    left = (steps - step) / max(1.0, decay_share * steps)
    return min((step + 1) / _WARM_UP_STEPS, left, 1.0)


def train(task: Task, plan: TrainingPlan) -> bool:
    """Train until the plan's steps or minutes are over; return whether all steps are done.

    The task's networks then hold the averaged weights. A checkpoint in `plan.out` is taken up.
    """
    networks = nn.ModuleDict(task.networks).to(plan.device).train()
    parameters = [parameter for parameter in networks.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=task.learning_rate, weight_decay=0.01, betas=(0.9, 0.99))
    average = {key: value.detach().clone() for key, value in networks.state_dict().items()}
    step, seconds = 0, 0.0
    if state := load_checkpoint(plan.out, task.name, plan.pinned):
        networks.load_state_dict(state["networks"])
        optimizer.load_state_dict(state["optimizer"])
        for key, value in state["average"].items():
            average[key].copy_(value)
        step, seconds = state["step"], state["seconds"]
    began = saved = time.monotonic()
    with tqdm(total=plan.steps, initial=step, desc=task.name, unit="step", mininterval=5) as bar:
        while step < plan.steps:
            for group in optimizer.param_groups:
                group["lr"] = task.learning_rate * learning_rate_share(step, plan.steps, task.decay_share)
            optimizer.zero_grad(set_to_none=True)
            loss = task.loss(torch.Generator().manual_seed(plan.seed * 10_000_019 + step))
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, _CLIP_NORM)
            optimizer.step()
            step += 1
            _move(average, networks, step)
            bar.update()
            if step % 20 == 0:
                bar.set_postfix(loss=f"{loss.item():.4f}", refresh=False)
            now = time.monotonic()
            out_of_time = now - began > 60 * plan.minutes
            if now - saved > _SAVE_EVERY_SECONDS or out_of_time or step == plan.steps:
                saved = now
                learned = {
                    "model": task.name,
                    **plan.pinned,
                    "step": step,
                    "seconds": seconds + now - began,
                    "networks": networks.state_dict(),
                    "average": average,
                    "optimizer": optimizer.state_dict(),
                }
                plan.out.mkdir(parents=True, exist_ok=True)
                with atomic_file(plan.out / _CHECKPOINT) as draft:
                    torch.save(learned, draft)
            if out_of_time:
                break
    networks.load_state_dict(average)
    networks.eval()
    return step >= plan.steps


@torch.no_grad()
def _move(average: dict[str, torch.Tensor], networks: nn.Module, step: int) -> None:
    """Move the average towards the networks' weights; faster in the first steps."""
    decay = min(_LARGEST_DECAY, (step + 1) / (step + 10))
    for key, value in networks.state_dict().items():
        if value.is_floating_point():
            average[key].lerp_(value, 1 - decay)
        else:
            average[key].copy_(value)


def load_checkpoint(folder: Path, model: str, pinned: dict[str, int]) -> dict[str, Any] | None:
    """Return the state that a run of this model left in `folder`, None where there is none.

    Raises UsageError where the folder holds the run of another model, or one whose `pinned` values (seed,
    steps, pictures) are others.
    """
    path = folder / _CHECKPOINT
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    here = {"model": model, **pinned}
    there = {name: state.get(name) for name in here}
    if there != here:
        said = (", ".join(f"{name} {value}" for name, value in run.items()) for run in (there, here))
        raise UsageError("{}: a run of {}, not of {}: give another --out, or delete it".format(path, *said))
    return state
