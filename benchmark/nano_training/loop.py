"""The training loop of every nano model: seeded, resumable, with averaged weights.

Whatever is random in step i comes from a generator seeded with (seed, i), so a run that is stopped and
taken up again sees what an uninterrupted one sees. The learning rate warms up, stays, and falls to zero
over the last part of the run; the weights that are exported are an exponential moving average.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from tqdm import tqdm

from catbench.errors import UsageError
from nano_training.checkpoint import load_checkpoint, save_checkpoint

_WARM_UP_STEPS = 100
_SAVE_EVERY_SECONDS = 60.0
_CLIP_NORM = 1.0


@dataclass(frozen=True)
class TrainingPlan:
    """How long, from which seed, where to and on what a model is trained."""

    out: Path
    steps: int
    seed: int = 0
    device: str = "cpu"
    minutes: float | None = None
    """Stop after so many minutes, at a checkpoint, even if steps are left."""
    pictures: int = 0
    """Rendered scenes that the task draws from."""

    @property
    def pinned(self) -> dict[str, int]:
        """What a run that is taken up again must share: with anything else it would be no run at all."""
        return {"seed": self.seed, "steps": self.steps, "pictures": self.pictures}


class Task(Protocol):
    """What is trained: networks and the loss of a step."""

    name: str
    """The model's name on the command line."""
    learning_rate: float
    """Of AdamW, at its highest."""
    decay_share: float
    """Share of the steps over which the learning rate falls to zero."""
    networks: Mapping[str, nn.Module]
    """The networks that are trained."""

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the loss of one batch, drawn with the generator (on the CPU)."""
        ...


class Average:
    """Exponential moving average of the weights of a step's networks."""

    def __init__(self, networks: Mapping[str, nn.Module], decay: float = 0.999) -> None:
        self.decay = decay
        self.weights = {name: _weights(network) for name, network in networks.items()}

    @torch.no_grad()
    def update(self, networks: Mapping[str, nn.Module], step: int) -> None:
        """Move towards the networks' weights; faster in the first steps."""
        decay = min(self.decay, (step + 1) / (step + 10))
        for name, network in networks.items():
            mine = self.weights[name]
            for key, value in network.state_dict().items():
                if value.is_floating_point():
                    mine[key].lerp_(value, 1 - decay)
                else:
                    mine[key].copy_(value)

    def load_into(self, networks: Mapping[str, nn.Module]) -> None:
        """Set the networks' weights to the average."""
        for name, network in networks.items():
            network.load_state_dict(self.weights[name])


def learning_rate_share(step: int, steps: int, decay_share: float) -> float:
    """Return the learning rate at a step as a share of the highest: up, flat, linearly down."""
    left = (steps - step) / max(1.0, decay_share * steps)
    return min((step + 1) / _WARM_UP_STEPS, left, 1.0)


def train(task: Task, plan: TrainingPlan) -> bool:
    """Train until the plan's steps or minutes are over; return whether all steps are done.

    The task's networks then hold the averaged weights. A checkpoint in `plan.out` is taken up.
    """
    for network in task.networks.values():
        network.to(plan.device).train()
    optimizer, parameters = build_optimizer(task)
    average = Average(task.networks)
    start, seconds = _resume(task, plan, optimizer, average)
    began = saved = time.monotonic()
    step = start
    with tqdm(total=plan.steps, initial=start, desc=task.name, unit="step", mininterval=5) as bar:
        while step < plan.steps:
            generator = torch.Generator().manual_seed(plan.seed * 10_000_019 + step)
            share = learning_rate_share(step, plan.steps, task.decay_share)
            value = _step(task, generator, optimizer, parameters, task.learning_rate * share)
            step += 1
            average.update(task.networks, step)
            bar.update()
            if step % 20 == 0:
                bar.set_postfix(loss=f"{value.item():.4f}", refresh=False)
            now = time.monotonic()
            out_of_time = plan.minutes is not None and now - began > 60 * plan.minutes
            if now - saved > _SAVE_EVERY_SECONDS or out_of_time or step == plan.steps:
                saved = now
                _save(task, plan, optimizer, average, step, seconds + now - began)
            if out_of_time:
                break
    average.load_into(task.networks)
    for network in task.networks.values():
        network.eval()
    return step >= plan.steps


def build_optimizer(task: Task) -> tuple[torch.optim.Optimizer, list[nn.Parameter]]:
    """Return the AdamW of a run before its first step, and the parameters that it trains."""
    parameters = [p for network in task.networks.values() for p in network.parameters() if p.requires_grad]
    return (
        torch.optim.AdamW(parameters, lr=task.learning_rate, weight_decay=0.01, betas=(0.9, 0.99)),
        parameters,
    )


def take_average(task: Task, plan: TrainingPlan) -> int:
    """Set the task's networks to the averaged weights of its last checkpoint; return its step.

    Raises UsageError where `plan.out` holds no checkpoint.
    """
    state = load_checkpoint(plan.out, task.name, {"seed": plan.seed})
    if state is None:
        raise UsageError(f"no checkpoint of {task.name!r} in {plan.out}: train it first")
    for name, network in task.networks.items():
        network.load_state_dict(state["average"][name])
        network.eval()
    return int(state["step"])


def _step(
    task: Task,
    generator: torch.Generator,
    optimizer: torch.optim.Optimizer,
    parameters: list[nn.Parameter],
    learning_rate: float,
) -> torch.Tensor:
    """Take one optimizer step and return its loss."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.zero_grad(set_to_none=True)
    loss = task.loss(generator)
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, _CLIP_NORM)
    optimizer.step()
    return loss.detach()


def _resume(
    task: Task, plan: TrainingPlan, optimizer: torch.optim.Optimizer, average: Average
) -> tuple[int, float]:
    """Take up a checkpoint if there is one; return (steps done, seconds trained)."""
    state = load_checkpoint(plan.out, task.name, plan.pinned)
    if state is None:
        return 0, 0.0
    for name, network in task.networks.items():
        network.load_state_dict(state["networks"][name])
        for key, value in state["average"][name].items():
            average.weights[name][key].copy_(value)
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["seconds"]


def _save(
    task: Task,
    plan: TrainingPlan,
    optimizer: torch.optim.Optimizer,
    average: Average,
    step: int,
    seconds: float,
) -> None:
    networks: dict[str, Any] = {name: network.state_dict() for name, network in task.networks.items()}
    save_checkpoint(
        plan.out,
        {
            "model": task.name,
            **plan.pinned,
            "step": step,
            "seconds": seconds,
            "networks": networks,
            "average": average.weights,
            "optimizer": optimizer.state_dict(),
        },
    )


def _weights(network: nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.detach().clone() for key, value in network.state_dict().items()}
