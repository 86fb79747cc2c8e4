"""`python -m catbench_make.nano.appraise`: how well the trained nano models draw, before there is a suite.

The scenes are for training by their hash and come from a seed that no training set uses: what is tuned by
these numbers (guidance, say) has not looked at a suite. Of small scenes there are few, so training has met
most of those with one thing or none; of the larger ones almost none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer

from catbench_make.nano.clip_scoring import ClipScorer, draw
from catbench_make.nano.libraries import untyped
from catbench_make.nano.nano_command import run_command
from catbench_make.nano.offered import GUIDANCE
from catbench_make.nano.phrases import phrase
from catbench_make.nano.recogniser import Recogniser, load_recogniser, scene_accuracy
from catbench_make.nano.render import render
from catbench_make.nano.shelf import SHELF, build_pipeline
from catbench_make.nano.world import Scene, draw_scenes

SCENES_SEED = 7_000
SIMPLE, COMPLEX = (0, 1), (4, 5, 6)
"""Numbers of things that count as simple and as complex."""


@dataclass(frozen=True)
class Quality:
    """Means over prompts of one kind of image."""

    what: str
    clip: float
    clip_simple: float
    clip_complex: float
    scene: float
    scene_simple: float
    scene_complex: float

    def row(self) -> str:
        """Return the row of a Markdown table."""
        values = (
            self.clip, self.clip_simple, self.clip_complex,
            self.scene, self.scene_simple, self.scene_complex,
        )  # fmt: skip
        return f"| {self.what} | " + " | ".join(f"{value:.3f}" for value in values) + " |"


HEADER = (
    "| | clip | clip, 0-1 things | clip, 4-6 things | scene accuracy | 0-1 things | 4-6 things |\n"
    "|---|---|---|---|---|---|---|"
)


class Judge:
    """Scores images of a fixed list of scenes."""

    def __init__(self, scenes: Sequence[Scene], shelf: Path = SHELF) -> None:
        self.scenes = scenes
        self.prompts = [phrase(scene, SCENES_SEED) for scene in scenes]
        self.clip = ClipScorer(shelf / "clip-score")
        self.recogniser: Recogniser = load_recogniser(shelf / "recogniser")
        things = np.array([scene.complexity for scene in scenes])
        self._kinds = (things >= 0, np.isin(things, SIMPLE), np.isin(things, COMPLEX))

    def quality(self, what: str, images: npt.NDArray[np.uint8]) -> Quality:
        """Return the mean scores of images, one per scene, uint8 (n, 32, 32, 3)."""
        clip = self.clip(images, self.prompts)
        shown = self.recogniser.recognise(images)
        scene = np.array([scene_accuracy(*pair) for pair in zip(self.scenes, shown, strict=True)])
        means = [float(values[kind].mean()) for values in (clip, scene) for kind in self._kinds]
        return Quality(what, *means)


def reconstructed(vae: Any, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the images as they come back from the VAE: the best that any generator could do."""
    import torch

    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        drawn = vae.decode(vae.encode(pixels).latent_dist.mean).sample
    back = drawn.permute(0, 2, 3, 1).clamp(-1, 1).add(1).mul(127.5).round()
    return back.numpy().astype(np.uint8)


def appraise(
    models: Annotated[list[str], typer.Argument(help="names on the shelf; `real`, `vae` for the references")],
    steps: Annotated[str, typer.Option(help="numbers of steps, comma separated")] = "1,2,4,8,16,32,50",
    guidance: Annotated[float, typer.Option()] = GUIDANCE,
    scenes: Annotated[int, typer.Option(help="how many prompts")] = 200,
    shelf: Annotated[Path, typer.Option(help="folder of trained parts")] = SHELF,
    out: Annotated[Path | None, typer.Option(help="also write the numbers as JSON")] = None,
) -> None:
    """Print a Markdown table of mean scores."""
    chosen = list(islice(draw_scenes(SCENES_SEED, "training"), scenes))
    judge = Judge(chosen, shelf)
    real = np.stack([render(scene, SCENES_SEED) for scene in chosen])
    rows: list[Quality] = []
    typer.echo(HEADER)

    def show(what: str, images: npt.NDArray[np.uint8]) -> None:
        rows.append(judge.quality(what, images))
        typer.echo(rows[-1].row())

    for model in models:
        if model == "real":
            show("renderings", real)
        elif model == "vae":
            diffusers = untyped("diffusers")

            vae: Any = diffusers.AutoencoderKL.from_pretrained(shelf / "vae", local_files_only=True)
            show("VAE reconstructions", reconstructed(vae.float(), real))
        else:
            pipeline = build_pipeline(model, shelf)
            for number in map(int, steps.split(",")):
                images = draw(pipeline, judge.prompts, number, guidance)
                show(f"{model}, {number} steps, guidance {guidance:g}", images)
    if out:
        out.write_text(json.dumps([vars(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    run_command(appraise)
