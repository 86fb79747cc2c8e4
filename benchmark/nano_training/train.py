"""`python -m nano_training.train all`: train every model in order; run it again to go on where it stopped.

A finished model is in OUT/NAME; a run's checkpoint, saved each minute, in OUT/runs/NAME. What is finished is
skipped, and what catbench ships counts as finished.
"""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.errors import check_known
from catbench.files import write_json
from catbench_make.nano.shipped_models import WEIGHTS
from nano_training.corpora import CORPORA, EVERYTHING, corpus_of
from nano_training.pack import RECORD, unpack
from nano_training.training_command import check_device, run_command

if TYPE_CHECKING:
    from nano_training.loop import Task
    from nano_training.pictures import Pictures

STEPS = {
    "vae": 2000,
    "recogniser": 1500,
    "text-encoder": 1500,
    "p": 3000,
    "q": 3000,
    "r": 3000,
    "t": 3000,
    "l": 3000,
    "turbo": 300,
    "lightning": 200,
    "clip-score": 2000,
    "vq": 2500,
    "masked": 7000,
}
"""Steps of each model's training, in the order in which they are trained."""
SEEDS = {name: number for number, name in enumerate(STEPS)}
"""Every model starts from first weights of its own."""
SHARED_PICTURES = 65_536
"""For the parts that see everything."""
OWN_PICTURES = 32_768
"""For each generator."""


@dataclass(frozen=True)
class Kit:
    """Where a model finds what it is trained on, and how."""

    out: Path
    """Folder of all runs, pictures and finished models."""
    device: str = "cpu"
    pictures: int | None = None
    """Size of every set of pictures; None: as shipped."""
    batch: int | None = None
    """Pictures a step, a multiple of four; None: as shipped."""
    weights: Path = WEIGHTS
    """Finished models that are shipped."""

    def number(self, model: str) -> int:
        """Return how many pictures a model is trained on."""
        return self.pictures or (SHARED_PICTURES if corpus_of(model) == EVERYTHING.name else OWN_PICTURES)

    def load(self, model: str) -> Pictures:
        """Return the pictures of a model, drawn on first use."""
        from nano_training.pictures import load_pictures

        name = corpus_of(model)
        families = name == EVERYTHING.name
        return load_pictures(self.out / "pictures", CORPORA[name], self.number(model), families=families)


def build_task(model: str, kit: Kit) -> Task:
    """Return the task of a model in `STEPS`; raises UsageError for another name."""
    from nano_training.clip import ClipTask
    from nano_training.masked import MaskedTask
    from nano_training.recognise import RecogniserTask
    from nano_training.unet import LESSONS, StudentTask, UnetTask
    from nano_training.vae import VaeTask, VqTask

    check_known("nano model", STEPS, model)
    kinds: dict[str, type[Task]] = {
        "vae": VaeTask,
        "vq": VqTask,
        "text-encoder": ClipTask,
        "clip-score": ClipTask,
        "recogniser": RecogniserTask,
        "masked": MaskedTask,
        **dict.fromkeys(LESSONS, StudentTask),
    }
    task = kinds.get(model, UnetTask)(model, kit.load(model), kit.out, SEEDS[model], kit.device)
    task.batch = kit.batch or task.batch
    return task


def finished(out: Path, model: str) -> bool:
    """Return whether a model is trained to its end."""
    return (out / model / RECORD).exists()


def train_model(model: str, kit: Kit, steps: int | None = None, minutes: float = math.inf) -> bool:
    """Train one model, from its checkpoint if it has one; return whether it is finished."""
    from nano_training.loop import TrainingPlan, load_checkpoint, train

    run, pictures = kit.out / "runs" / model, kit.number(model)
    plan = TrainingPlan(run, steps or STEPS[model], SEEDS[model], kit.device, minutes, pictures)
    task = build_task(model, kit)
    if not train(task, plan):
        return False
    shutil.rmtree(kit.out / model, ignore_errors=True)
    task.export(kit.out / model)
    state = load_checkpoint(plan.out, task.name, plan.pinned)
    record = {**plan.pinned, "seconds": round(state["seconds"] if state else 0.0)}
    write_json(kit.out / model / RECORD, record)  # it is what makes it finished
    return True


def run(
    model: Annotated[str, typer.Argument(help=f"all, or one of {', '.join(STEPS)}")],
    out: Annotated[Path, typer.Option(help="folder of all runs and finished models")],
    threads: Annotated[int, typer.Option(help="CPU threads; 0: as many as torch likes")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    steps: Annotated[int | None, typer.Option(min=1, help="of each model; default: as shipped")] = None,
    pictures: Annotated[int | None, typer.Option(min=8, help="of each set; default: as shipped")] = None,
    batch: Annotated[int | None, typer.Option(min=4, help="pictures a step; default: as shipped")] = None,
    minutes: Annotated[float | None, typer.Option(help="stop, to go on later, after this long")] = None,
) -> None:
    """Train one model, or all that are not finished; finished ones are in OUT/NAME."""
    import torch

    check_known("nano model", ["all", *STEPS], model)
    check_device(device)
    if threads:
        torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    kit = Kit(out, device, pictures, batch)
    until = math.inf if minutes is None else time.monotonic() + 60 * minutes
    unpack(out, kit.weights)
    for name in STEPS if model == "all" else (model,):
        if finished(out, name):
            continue
        left = (until - time.monotonic()) / 60
        if left <= 0 or not train_model(name, kit, steps, left):
            break
        typer.echo(f"{name}: finished, {out / name}")


if __name__ == "__main__":
    run_command(run)
