"""`python -m catbench_make.nano.train MODEL`: train one nano model; run it again to go on where it
stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catbench.errors import unknown_name
from catbench_make.nano.nano_command import check_device, run_command

if TYPE_CHECKING:
    from catbench_make.nano.training.pictures import Pictures

STEPS = {
    "clip-condition": 1500,
    "clip-score": 2400,
    "vae": 2600,
    "recogniser": 1500,
    "sdxl-s": 2000,
    "sdxl-l": 2000,
    "crowd": 1600,
    "lightning": 200,
    "turbo": 300,
    "vq": 600,
    "amused": 1200,
}
"""Steps of each model's training; the card of a shipped one tells how long they took."""


@dataclass(frozen=True)
class Ingredients:
    """What a task is built from."""

    pictures: Pictures
    seed: int
    device: str
    parts: Path
    """Folder with the exported models that this one builds on."""


def build_task(model: str, given: Ingredients) -> Any:
    """Return the task of a model in `STEPS`; raises UsageError for another name."""
    if model.startswith("clip-") and model in STEPS:
        from catbench_make.nano.training.clip import ClipTask

        return ClipTask(given.pictures, given.seed, given.device, model)
    if model == "vae":
        from catbench_make.nano.training.vae import VaeTask

        return VaeTask(given.pictures, given.seed, given.device)
    if model == "recogniser":
        from catbench_make.nano.training.recogniser_task import RecogniserTask

        return RecogniserTask(given.pictures, given.seed, given.device)
    if model.startswith("sdxl-") and model in STEPS:
        from catbench_make.nano.training.sdxl import SdxlTask

        return SdxlTask(model.removeprefix("sdxl-"), given.pictures, given.parts, given.seed, given.device)
    if model == "crowd":
        from catbench_make.nano.training.sdxl import CrowdTask

        return CrowdTask(given.pictures, given.parts, given.seed, given.device)
    if model in ("lightning", "turbo"):
        from catbench_make.nano.training.distill import DistilTask

        return DistilTask(model, given.pictures, given.parts, given.seed, given.device)
    if model in ("vq", "amused"):
        from catbench_make.nano.training.amused import AmusedTask, VqTask

        task = {"vq": VqTask, "amused": AmusedTask}[model]
        return task(given.pictures, given.parts, given.seed, given.device)
    raise unknown_name("nano model", model, STEPS)


def run(
    model: Annotated[str, typer.Argument(help=f"one of {', '.join(STEPS)}")],
    out: Annotated[Path, typer.Option(help="folder of all runs and exported models")] = Path("build/nano"),
    steps: Annotated[int | None, typer.Option(min=1, help="default: as shipped")] = None,
    minutes: Annotated[float | None, typer.Option(help="stop, to go on later, after this long")] = None,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    pictures: Annotated[int, typer.Option(min=1, help="rendered scenes to train on")] = 64_000,
    snapshot: Annotated[
        bool, typer.Option(help="do not train: export the last checkpoint of a run, even one under way")
    ] = False,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: as many as torch likes")] = 0,
) -> None:
    """Train one model; when its steps are done its weights are in OUT/MODEL."""
    import torch

    from catbench_make.nano.training.loop import TrainingPlan, take_average, train
    from catbench_make.nano.training.pictures import load_pictures

    if model not in STEPS:
        raise unknown_name("nano model", model, STEPS)
    check_device(device)
    if threads:
        torch.set_num_threads(threads)
    task = build_task(model, Ingredients(load_pictures(out, 0, pictures), seed, device, out))
    plan = TrainingPlan(out / "runs" / model, steps or STEPS[model], seed, device, minutes, pictures)
    if snapshot:
        take_average(task, plan)
        task.export(out / model)
    elif train(task, plan):
        task.export(out / model)


if __name__ == "__main__":
    run_command(run)
