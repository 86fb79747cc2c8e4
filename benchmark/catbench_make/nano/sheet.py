"""`python -m catbench_make.nano.sheet OUT.png`: a contact sheet, on prompts of rising complexity.

One row per prompt: the renderer's picture, then one column per model and number of steps.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from PIL import Image, ImageDraw

from catbench.errors import UsageError
from catbench_make.nano.appraise import SCENES_SEED
from catbench_make.nano.clip_scoring import draw
from catbench_make.nano.nano_command import run_command
from catbench_make.nano.offered import GUIDANCE
from catbench_make.nano.phrases import phrase
from catbench_make.nano.render import IMAGE_SIZE, render
from catbench_make.nano.shelf import SHELF, build_pipeline
from catbench_make.nano.world import MAX_THINGS, Scene, draw_scenes

_ZOOM = 2
_GAP = 4
_TITLE = 14
COLUMNS = (
    "nano-sdxl-l:1,nano-sdxl-l:2,nano-sdxl-l:4,nano-sdxl-l:8,nano-sdxl-l:50,"
    "nano-sdxl-s:2,nano-sdxl-s:8,nano-crowd:8,nano-lightning:4,nano-turbo:1,nano-amused:12"
)
UNGUIDED = ("nano-lightning", "nano-turbo")
"""Models with guidance baked in: they are drawn without."""


def scenes_of_rising_complexity(number: int) -> list[Scene]:
    """Return so many scenes as the appraisal's are, from nothing to the most things."""
    pool = list(islice(draw_scenes(SCENES_SEED + 1, "training"), 400))
    wanted = [round(i * MAX_THINGS / max(1, number - 1)) for i in range(number)]
    return [next(pool.pop(i) for i, scene in enumerate(pool) if scene.complexity == n) for n in wanted]


def sheet(
    out: Annotated[Path, typer.Argument(help="the PNG to write")],
    columns: Annotated[str, typer.Option(help="model:steps, comma separated")] = COLUMNS,
    prompts: Annotated[int, typer.Option(min=1, max=400, help="rows")] = 8,
    guidance: Annotated[float, typer.Option()] = GUIDANCE,
    shelf: Annotated[Path, typer.Option()] = SHELF,
) -> None:
    """Draw the sheet, and print the prompts of its rows."""
    scenes = scenes_of_rising_complexity(prompts)
    texts = [phrase(scene, SCENES_SEED) for scene in scenes]
    drawn = [("real", np.stack([render(scene) for scene in scenes]))]
    for model, entries in _steps_by_model(columns).items():
        pipeline = build_pipeline(model, shelf)
        scale = 0.0 if model in UNGUIDED else guidance
        drawn += [(f"{model[5:]} {n}", draw(pipeline, texts, n, scale)) for n in entries]
    paste(drawn).save(out, optimize=True)
    for text in texts:
        typer.echo(text)


def _steps_by_model(columns: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for column in columns.split(","):
        model, _, steps = column.partition(":")
        if not steps.isdecimal() or int(steps) < 1:
            raise UsageError(f"column {column!r} is not MODEL:STEPS, as nano-sdxl-l:8 is")
        found.setdefault(model, []).append(int(steps))
    return found


def paste(drawn: list[tuple[str, npt.NDArray[np.uint8]]]) -> Image.Image:
    """Return a page of columns, each with a title and images, uint8 (rows, 32, 32, 3)."""
    side = IMAGE_SIZE * _ZOOM + _GAP
    page = Image.new("RGB", (side * len(drawn) + _GAP, side * len(drawn[0][1]) + _GAP + _TITLE), "white")
    pen = ImageDraw.Draw(page)
    for column, (title, images) in enumerate(drawn):
        pen.text((column * side + _GAP, 1), title, fill="black")
        for row, image in enumerate(images):
            tile = Image.fromarray(image).resize(
                (IMAGE_SIZE * _ZOOM, IMAGE_SIZE * _ZOOM), Image.Resampling.NEAREST
            )
            page.paste(tile, (column * side + _GAP, row * side + _GAP + _TITLE))
    return page


if __name__ == "__main__":
    run_command(sheet)
