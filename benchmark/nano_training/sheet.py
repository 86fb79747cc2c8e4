"""`python -m nano_training.sheet OUT.png`: the world's things, or what models draw, as a PNG to look at.

Without models: every shape in every colour and size. With them: a prompt a row, the renderer's picture first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageOps

from catbench.errors import UsageError
from catbench_make.nano.render import IMAGE_SIZE, render
from catbench_make.nano.world import BACKGROUNDS, CELLS, COLOURS, SHAPES, SIZES, Scene, Thing
from nano_training.appraise import SEED, Images, draw, exam, guidance_of, reconstructed
from nano_training.training_command import run_command

_ZOOM = 2
_GAP = 4
_TITLE = 14


def world_columns() -> list[tuple[str, Images]]:
    """Return a column for each size: all shapes in all colours, nine things a picture, on all backgrounds."""
    things = [(colour, shape) for shape in SHAPES for colour in COLOURS]
    columns: list[tuple[str, Images]] = []
    for turn in range(2 * len(SIZES)):
        size, half = SIZES[turn % len(SIZES)], things[turn // len(SIZES) :: 2]
        pictures: list[Images] = []
        for start in range(0, len(half), CELLS):
            background = BACKGROUNDS[(start // CELLS + turn) % len(BACKGROUNDS)]
            cells = [Thing(size, *one) for one in half[start : start + CELLS]]
            pictures.append(render(Scene(background, (*cells, *[None] * (CELLS - len(cells))))))
        columns.append((size, np.stack(pictures)))
    return columns


def model_columns(columns: str, parts: Path, rows: int) -> tuple[list[tuple[str, Images]], list[str]]:
    """Return a column for each model and number of steps, and the prompts of the rows."""
    from catbench_make.nano.shipped_models import build_pipeline

    test = exam(rows)
    found = [("real", test.render())]
    for column in columns.split(","):
        model, _, steps = column.partition(":")
        if model in ("vae", "vq"):
            found.append((model, reconstructed(model, parts, found[0][1])))
            continue
        if not steps.isdecimal() or int(steps) < 1:
            raise UsageError(f"column {column!r} is not MODEL:STEPS, as l:8 is")
        pipeline = build_pipeline(model, parts)
        images = draw(pipeline, test.prompts, int(steps), guidance_of(model), seed=SEED)
        found.append((f"{model} {steps}", images))
    return found, test.prompts


def _paste(drawn: list[tuple[str, Images]]) -> Image.Image:
    """Return a page of columns, each with a title and images, uint8 (rows, 32, 32, 3)."""
    side = IMAGE_SIZE * _ZOOM + _GAP
    page = Image.new("RGB", (side * len(drawn) + _GAP, side * len(drawn[0][1]) + _GAP + _TITLE), "white")
    pen = ImageDraw.Draw(page)
    for column, (title, images) in enumerate(drawn):
        pen.text((column * side + _GAP, 1), title, fill="black")
        for row, image in enumerate(images):
            tile = ImageOps.scale(Image.fromarray(image), _ZOOM, Image.Resampling.NEAREST)
            page.paste(tile, (column * side + _GAP, row * side + _GAP + _TITLE))
    return page


def run(
    png: Annotated[Path, typer.Argument(help="the PNG to write")],
    models: Annotated[str, typer.Option(help="MODEL:STEPS, comma separated; vae and vq without steps")] = "",
    out: Annotated[Path, typer.Option(help="folder of finished models, as for train")] = Path(),
    rows: Annotated[int, typer.Option(min=1, help="prompts")] = 12,
) -> None:
    """Draw the sheet, and print the prompts of its rows."""
    columns, prompts = model_columns(models, out, rows) if models else (world_columns(), [])
    _paste(columns).save(png, optimize=True)
    for prompt in prompts:
        typer.echo(prompt)


if __name__ == "__main__":
    run_command(run)
