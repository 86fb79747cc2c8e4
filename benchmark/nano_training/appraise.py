"""`python -m nano_training.appraise MODEL... --out DIR`: how good finished models are, on training scenes.

The scenes come from a seed that no training set uses; what is tuned by these numbers has not looked at a
suite. A generator's scenes are divided by whether places are given or open, by the number of things, and by
whether it has seen what it should draw. What is found is written beside the model and stands in its card.
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

from catbench.errors import counted
from catbench_make.nano.nano_candidates import GUIDANCE, TEACHERS
from catbench_make.nano.phrases import phrase
from catbench_make.nano.recogniser import Recogniser, load_recogniser, scene_accuracy
from catbench_make.nano.render import IMAGE_SIZE, render
from catbench_make.nano.world import MAX_THINGS, Inventory, Scene, Thing, draw_scenes
from catbench_make.pipelines.draw import draw as draw_images
from catbench_make.plan.settings import DrawingSettings
from catbench_make.plan.shard_plan import Image
from nano_training.corpora import CORPORA, corpus_of
from nano_training.pack import MEASURED
from nano_training.training_command import run_command

SEED = 7_000
STEPS = {"turbo": (1,), "lightning": (4,), "l": (1, 2, 4, 8, 16), "masked": (2, 4, 8, 16)}
"""Numbers of steps that a generator is drawn with; others at 1, 2 and 4."""
BATCH = 64
"""Images that are drawn at once."""
Images = npt.NDArray[np.uint8]
Found = dict[str, float]


@dataclass(frozen=True, eq=False)
class Exam:
    """Scenes, and for each a prompt with or without places."""

    scenes: tuple[Scene, ...]
    open: npt.NDArray[np.bool_]

    @property
    def prompts(self) -> list[str]:
        """One prompt a scene."""
        return [
            phrase(scene, SEED, places=not free) for scene, free in zip(self.scenes, self.open, strict=True)
        ]

    @property
    def asked(self) -> list[Scene | Inventory]:
        """What the prompts ask for."""
        return [
            scene.inventory if free else scene for scene, free in zip(self.scenes, self.open, strict=True)
        ]

    def render(self) -> Images:
        """Return the scenes' renderings."""
        return np.stack([render(scene, SEED) for scene in self.scenes])


def exam(number: int) -> Exam:
    """Return so many scenes of all themes, every other prompt without places."""
    scenes = tuple(scene for _, scene in islice(draw_scenes(f"appraisal {SEED}", "training"), number))
    return Exam(scenes, np.arange(number) % 2 == 1)


def guidance_of(model: str) -> float:
    """Return the guidance that a generator is drawn with; what is distilled has it baked in."""
    return 0.0 if model in TEACHERS else GUIDANCE


def things_right(scenes: Sequence[Scene], shown: Sequence[Scene]) -> list[tuple[Thing, Thing | None]]:
    """Return (thing, what is shown in its cell) of every thing of the scenes."""
    return [
        (thing, seen.cells[cell])
        for scene, seen in zip(scenes, shown, strict=True)
        for cell, thing in scene.things
    ]


def appraise_pictures(recogniser: Recogniser, test: Exam, images: Images) -> Found:
    """Return scene accuracy, and the share of things with the right shape, colour, size, all; by shape."""
    shown = recogniser.recognise(images)
    accuracy = [scene_accuracy(*pair) for pair in zip(test.scenes, shown, strict=True)]
    found = {"scene accuracy": float(np.mean(accuracy))}
    pairs = things_right(test.scenes, shown)
    for name in ("shape", "colour", "size"):
        right = [getattr(seen, name, None) == getattr(thing, name) for thing, seen in pairs]
        found[name] = float(np.mean(right))
    found["things wholly right"] = float(np.mean([seen == thing for thing, seen in pairs]))
    for shape in sorted({thing.shape for thing, _ in pairs}):
        of_shape = [getattr(seen, "shape", None) == shape for thing, seen in pairs if thing.shape == shape]
        found[f"shape: {shape}"] = float(np.mean(of_shape))
    return found


def reconstructed(model: str, parts: Path, images: Images) -> Images:
    """Return the images as they come back from the autoencoder `vae` or `vq`."""
    import torch

    from nano_training.latents import load_part

    vae = load_part("VQModel" if model == "vq" else "AutoencoderKL", parts, model)
    back: list[Images] = []
    for batch in torch.from_numpy(images).permute(0, 3, 1, 2).split(64):
        with torch.no_grad():
            if model == "vq":
                drawn = 2 * vae.decode(vae.encode(batch / 255).latents).sample - 1
            else:
                drawn = vae.decode(vae.encode(batch / 127.5 - 1).latent_dist.mean).sample
        back.append(drawn.permute(0, 2, 3, 1).clamp(-1, 1).add(1).mul(127.5).round().numpy().astype(np.uint8))
    return np.concatenate(back)


def draw(pipeline: Any, prompts: Sequence[str], steps: int, guidance: float, seed: int = 0) -> Images:
    """Return one image per prompt, uint8 (n, 32, 32, 3); image i starts from noise of seed + i."""
    settings = DrawingSettings(
        pipeline=type(pipeline).__name__,
        steps=steps,
        guidance=guidance,
        width=IMAGE_SIZE,
        height=IMAGE_SIZE,
        largest_batch=1 if type(pipeline).__name__ == "AmusedPipeline" else None,
    )
    images = [Image(row, 0, seed + row) for row in range(len(prompts))]

    def text(rows: Sequence[int]) -> dict[str, Any]:
        return {"prompt": [prompts[row] for row in rows]}

    return draw_images(pipeline, settings, images, text, BATCH).pixels


def appraise_clip(folder: Path, test: Exam) -> Found:
    """Return how well right prompts score, and how often each picture's is found among all."""
    from catbench_make.encoders import TRANSFORMERS
    from catbench_make.scorers import ScorerContext
    from catbench_make.scorers.clip_model import load_clip

    clip = load_clip(f"{TRANSFORMERS}{folder}", "", ScorerContext())
    cosines = clip.images(test.render()) @ np.stack([clip.text(prompt) for prompt in test.prompts]).T
    found = {
        "cosine of the right prompt": float(np.diag(cosines).mean()),
        "of another": float(np.roll(cosines, 1, 1).diagonal().mean()),
    }
    for name, rows in (("places given", ~test.open), ("places open", test.open)):
        best = cosines[rows].argmax(axis=1) == np.flatnonzero(rows)
        found[f"right prompt found among {len(test.scenes)}, {name}"] = float(best.mean())
    return found


def appraise_generator(model: str, parts: Path, test: Exam) -> Found:
    """Return scene accuracy by steps, kind of prompt and number of things, and what it has seen."""
    from catbench_make.nano.shipped_models import build_pipeline

    pipeline = build_pipeline(model, parts)
    recogniser = load_recogniser(parts / "recogniser")
    vocabulary = CORPORA[corpus_of(model)].vocabulary
    things = np.array([scene.complexity for scene in test.scenes])
    found: Found = {}
    for number in STEPS.get(model, (1, 2, 4)):
        drawn_in = counted(number, "step")
        shown = recogniser.recognise(draw(pipeline, test.prompts, number, guidance_of(model), seed=SEED))
        accuracy = np.array([scene_accuracy(*pair) for pair in zip(test.asked, shown, strict=True)])
        found[drawn_in] = float(accuracy.mean())
        for name, rows in (("given", ~test.open), ("open", test.open)):
            for many in range(1, MAX_THINGS + 1):
                if (cell := rows & (things == many)).any():
                    kind = f"{drawn_in}, places {name}, {counted(many, 'thing')}"
                    found[kind] = float(accuracy[cell].mean())
        rows = np.flatnonzero(~test.open)
        pairs = things_right([test.scenes[row] for row in rows], [shown[row] for row in rows])
        for name, known in (("has seen", True), ("has not", False)):
            right = [seen == thing for thing, seen in pairs if vocabulary.knows(thing) == known]
            if right:
                found[f"{drawn_in}, things it {name}"] = float(np.mean(right))
    return found


def appraise(model: str, parts: Path, number: int) -> Found:
    """Return what is measured of one finished model."""
    from nano_training.clip import CLIP_FOLDER

    test = exam(number)
    if model in ("text-encoder", "clip-score"):
        return appraise_clip(parts / model / (CLIP_FOLDER if model == "text-encoder" else ""), test)
    if model not in ("recogniser", "vae", "vq"):
        return appraise_generator(model, parts, test)
    images, recogniser = test.render(), load_recogniser(parts / "recogniser")
    if model == "recogniser":
        return appraise_pictures(recogniser, test, images)
    back = reconstructed(model, parts, images)
    error = np.abs(images.astype(float) - back).mean() / 255
    return {"mean absolute error, of 1": float(error)} | appraise_pictures(recogniser, test, back)


def run(
    models: Annotated[list[str], typer.Argument(help="finished models")],
    out: Annotated[Path, typer.Option(help="folder of finished models, as for train")],
    scenes: Annotated[int, typer.Option(help="how many")] = 400,
) -> None:
    """Print what is measured of each model, and keep it for its card."""
    for model in models:
        found = appraise(model, out, scenes)
        typer.echo(f"# {model}, {scenes} scenes")
        for name, value in found.items():
            typer.echo(f"{value:.3f}  {name}")
        (out / model / MEASURED).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_command(run)
