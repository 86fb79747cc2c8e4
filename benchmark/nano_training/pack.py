"""`python -m nano_training.pack --out DIR`: finished models in half precision, each with its card.

A card says what the model is, what it was trained on and never saw, and what was measured.
They are put among the models that catbench ships, and `train` takes them from there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from safetensors.torch import load_file, save_file

from catbench.errors import UsageError
from catbench.files import atomic_folder
from catbench_make.nano.nano_candidates import GUIDANCE, TEACHERS
from catbench_make.nano.shipped_models import WEIGHTS
from nano_training.corpora import CORPORA, EVERYTHING, Corpus, corpus_of
from nano_training.training_command import run_command

RECORD = "training.json"
"""In a finished model's folder: seed, steps, pictures, seconds."""
MEASURED = "measured.json"
"""In the same folder: what `appraise` has found, name -> value."""

_WHAT = {
    "vae": "`AutoencoderKL`: 32x32 pixels to 8 channels at 8x8. Shared by every diffusion model.",
    "text-encoder": "`CLIPTextModelWithProjection`, the text half of a CLIP. Frozen in every generator.",
    "clip-score": "`CLIPModel` that scores (prompt, image) by their cosine. Trained apart from the text "
    "encoder: other first weights, other batches.",
    "recogniser": "`catbench_make.nano.recogniser.Recogniser`: shape, colour and size of the thing in each "
    "cell, and the background. `scene_accuracy` rests on it.",
    "vq": "`VQModel`: 32x32 pixels to 8x8 of 256 codes, starting from the VAE. Used by the masked model.",
    "masked": "`UVit2DModel` of an `AmusedPipeline`: fills in masked codes of a picture.",
    "turbo": "`UNet2DConditionModel` of size S, distilled from P to one step without guidance.",
    "lightning": "`UNet2DConditionModel` of size S, distilled from Q to four steps without guidance.",
}


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


def card(model: str, folder: Path) -> str:
    """Return the Markdown card of the finished model in a folder."""
    record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    size = "L (64, 128)" if model == "l" else "S (32, 64)"
    unet = f"`UNet2DConditionModel` of a `StableDiffusionXLPipeline`, size {size}: velocity, trailing steps."
    lines = [
        f"# {model}",
        "",
        _WHAT.get(model, unet),
        "",
        f"- Trained by `python -m nano_training.train {model}`: {record['steps']:,} steps, "
        f"seed {record['seed']}, {record['seconds'] / 60:.0f} minutes by the clock on a shared machine.",
        f"- Data: {record['pictures']:,} renderings of training scenes, two phrasings each.",
        *_corpus_lines(CORPORA[corpus_of(model)], TEACHERS.get(model)),
    ]
    measured = folder / MEASURED
    if measured.exists():
        found: dict[str, float] = json.loads(measured.read_text(encoding="utf-8"))
        rows = [f"| {name} | {value:.3f} |" for name, value in found.items()]
        said = f"On training scenes of another seed{_guided(found)} (`python -m nano_training.appraise`):"
        lines += ["", said, "", "| | |", "|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _corpus_lines(corpus: Corpus, teacher: str | None) -> list[str]:
    if corpus == EVERYTHING:
        return [
            f"- It has seen every shape and colour; {corpus.open_share:.0%} of the scenes with open prompts."
        ]
    whose = f" (those of its teacher, {teacher})" if teacher else ""
    return [
        f"- Never seen{whose}: shapes {', '.join(corpus.absent_shapes)}; "
        f"colours of things {', '.join(corpus.absent_colours)}.",
        f"- Themes, most common first (k-th with weight 1/k^{corpus.exponent:g}): "
        f"{', '.join(corpus.themes)}.",
        f"- Prompts that leave places open: {corpus.open_share:.0%}.",
    ]


def _guided(found: dict[str, float]) -> str:
    """Return with which guidance a model of several numbers of steps was appraised; others have none."""
    steps = [name for name in found if name.endswith(" steps")]
    return f", with guidance {GUIDANCE:g} at every number of steps" if len(steps) > 1 else ""


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
