"""`python -m catbench_make.nano.shelve MODEL...`: put exported models on the shelf, in half precision.

Names are those of `catbench_make.nano.train`; each model's README on the shelf stays.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from catbench.errors import unknown_name
from catbench_make.nano.nano_command import run_command
from catbench_make.nano.shelf import SHELF, copy_part

PLACES = {
    "vae": "vae",
    "clip-condition": "text-encoder",
    "clip-score": "clip-score",
    "recogniser": "recogniser",
    "sdxl-l": "nano-sdxl-l",
    "sdxl-s": "nano-sdxl-s",
    "crowd": "nano-crowd",
    "lightning": "nano-lightning",
    "turbo": "nano-turbo",
    "vq": "vq",
    "amused": "nano-amused",
}
"""Trained model -> its folder on the shelf."""


def shelve(
    models: Annotated[list[str], typer.Argument(help=f"of {', '.join(PLACES)}")],
    parts: Annotated[Path, typer.Option(help="where `train` put its models (its --out)")] = Path(
        "build/nano"
    ),
    shelf: Annotated[Path, typer.Option(help="where to put them")] = SHELF,
) -> None:
    """Copy trained models to the shelf."""
    for model in models:
        if model not in PLACES:
            raise unknown_name("nano model", model, PLACES)
        if model == "clip-condition":
            _shelve_text_encoder(parts / model, shelf / PLACES[model])
        else:
            copy_part(parts / model, shelf / PLACES[model])


def _shelve_text_encoder(source: Path, target: Path) -> None:
    """Shelve the text half of the conditioning CLIP alone: no pipeline looks at its vision half."""
    from catbench_make.nano.training.conditioning import text_half

    staged = source.with_name(f"{source.name}-text")
    text_half(source).save_pretrained(staged)
    for path in source.glob("*token*"):
        shutil.copyfile(path, staged / path.name)
    copy_part(staged, target)
    shutil.rmtree(staged)


if __name__ == "__main__":
    run_command(shelve)
