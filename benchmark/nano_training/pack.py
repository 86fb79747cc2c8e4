"""`python -m nano_training.pack --out DIR`: finished models in half precision, each with its card.

They are put among the models that catbench ships, and `train` takes them from there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import torch
import typer
from safetensors.torch import load_file, save_file

from catbench.errors import UsageError
from catbench.files import atomic_file, atomic_folder
from catbench_make.nano.shipped_models import WEIGHTS
from nano_training.cards import RECORD, card
from nano_training.training_command import run_command

if TYPE_CHECKING:
    from nano_training.loop import TrainingPlan


def pack(model: str, out: Path, weights: Path = WEIGHTS) -> None:
    """Put a finished model into `weights`, in half precision and with its card.

    Raises UsageError where it is not finished.
    """
    source, target = out / model, weights / model
    if not (source / RECORD).exists():
        raise UsageError(
            f"model {model!r} is not finished in {out}: run `python -m nano_training.train {model}`"
        )
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(path for path in source.iterdir() if path.is_file()):
        if path.suffix == ".safetensors":
            _copy_weights(path, target / path.name, torch.float16)
        elif path.name == "config.json":
            config = json.loads(path.read_text(encoding="utf-8"))
            config.pop("_name_or_path", None)  # where a teacher lay on this machine
            text = json.dumps(config, indent=2, sort_keys=True) + "\n"
            (target / path.name).write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(path, target / path.name)
    (target / "README.md").write_text(card(model, source), encoding="utf-8")


def _copy_weights(source: Path, target: Path, kind: torch.dtype) -> None:
    weights = {
        name: value.to(kind) if value.is_floating_point() else value
        for name, value in load_file(source).items()
    }
    save_file(weights, target, metadata={"format": "pt"})


def unpack(out: Path, weights: Path = WEIGHTS) -> None:
    """Put shipped models into `out`, in single precision, where none of their name is finished."""
    for record in sorted(weights.glob(f"*/{RECORD}")):
        target = out / record.parent.name
        if (target / RECORD).exists():
            continue
        with atomic_folder(target, force=True) as draft:
            for path in record.parent.iterdir():
                if path.suffix == ".safetensors":
                    _copy_weights(path, draft / path.name, torch.float32)
                elif path.name != "README.md":
                    shutil.copyfile(path, draft / path.name)


def write_record(folder: Path, plan: TrainingPlan, seconds: float) -> None:
    """Write into a finished model's folder how it was trained: it is what makes it finished."""
    record = {**plan.pinned, "seconds": round(seconds)}
    with atomic_file(folder / RECORD) as draft:
        draft.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def run(
    out: Annotated[Path, typer.Option(help="folder of runs and finished models, as for train")],
    weights: Annotated[Path, typer.Option(help="where to put them")] = WEIGHTS,
) -> None:
    """Put all finished models among the shipped ones, in half precision, with their cards."""
    for record in sorted(out.glob(f"*/{RECORD}")):
        pack(record.parent.name, out, weights)
        typer.echo(f"{record.parent.name}: packed")


if __name__ == "__main__":
    run_command(run)
