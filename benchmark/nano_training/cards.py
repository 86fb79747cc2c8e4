"""The card of a finished model: what it is, what it was trained on and never saw, what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from catbench_make.nano.nano_candidates import GUIDANCE, TEACHERS
from nano_training.corpora import CORPORA, EVERYTHING, Corpus, corpus_of

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
