"""`python docs/make_prices.py`: count the prices in benchmark/catbench/data/costs/*.csv, and write
docs/prices.md.

TFLOPs of other people's candidates (FlashEval, EvalMi-50K, PQPP) on the meta device, without weights or
network. GLIDE is counted on its authors' code: CATBENCH_GLIDE names a clone of
github.com/openai/glide-text2im. Prices in USD are a table that is written by hand, `usd.csv`, and are only
shown here.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import torch
from make_shared import ROOT, table

from catbench.files import atomic_file
from catbench.suite.pool import Candidate, Cost, cost_table
from catbench.suite.recipes.evalmi_recipe import MODELS
from catbench.suite.recipes.flasheval_recipe import MODELS as SD_MODELS
from catbench.suite.recipes.flasheval_recipe import candidate_of
from catbench.suite.tables.prices import read_costs
from catbench_make.costs.elsewhere import RELEASED_ELSEWHERE
from catbench_make.costs.flop_table import costs_of, count_costs, shipped_costs
from catbench_make.costs.flops import Flops, count_forward, meta
from catbench_make.packages import prepare

TABLES = ROOT / "benchmark" / "catbench" / "data" / "costs"
RUNS = [(solver, steps) for solver in ("DDIM", "DPM", "PNDM") for steps in (10, 20, 50)]
SHIPPED = {"sdxl": "sdxl-50", "flux-schnell": "flux-schnell-4", "infinity-2b": "infinity-2b"}
"""Candidate of EvalMi-50K -> the same among catbench's own."""
TOKENS = {"tokens": torch.long, "mask": torch.bool}
"""What GLIDE is given of a text, and its types."""
UNPRICED = {
    "dall-e-3": "closed: in USD only",
    "ella": "SD 1.5 with a text encoder and a connector of its own, no class in diffusers",
    "emu3": "tokens of an image of unknown size",
    "hart": "code of its own",
    "i-code-v3": "code of its own (CoDi)",
    "janus": "Janus-1.3B or Janus-Pro: not stated",
    "lavi-bridge": "which of its models: not stated",
    "llamagen-256": "which of its sizes: not stated",
    "llmga": "code of its own",
    "lwm": "code of its own",
    "nova": "code of its own",
    "seed-x": "code of its own",
    "show-o": "code of its own",
    "vila-u": "code of its own",
}
"""Candidate of EvalMi-50K -> why no FLOPs are counted."""
PUBLISHED = (
    ("UNet of SD 1.4", "338.6 GMAC, 859.5 M parameters", "339 GMAC, 860 M (BK-SDM, Kim et al. 2023)"),
    ("UNet of small-stable-diffusion-v0", "579.4 M", "0.58 B (BK-SDM-Base, with as many blocks; ibid.)"),
    ("SD 3.5 large", "8.06 B", "8.1 B (its model card)"),
    ("PixArt-Sigma", "0.611 B", "0.6 B (Chen et al. 2024)"),
    ("UNet of Kolors", "2.58 B", "2.6 B (Kolors Team 2024)"),
    ("UNet of Kandinsky 3", "3.06 B", "3.0 B (Arkhipkin et al. 2023)"),
    ("OmniGen", "3.76 B", "3.8 B (Xiao et al. 2024)"),
    ("GLIDE and its upsampler", "385 M, 398 M", "385 M, 398 M (its authors' notebook)"),
    ("dreamlike over SD 1.5, 50 steps", "2.66 times the FLOPs", "2.55 times the seconds (co2_inference)"),
)
"""What was checked, what is counted here (multiply-adds without attention's products), what is published."""
TEXT = """# Prices of other people's candidates

Made by `python docs/make_prices.py`, which counts them on the meta device from the configurations of the
releases, without weights or network: 2 FLOPs a multiply-add in matrix products and convolutions. `tflops`
is the whole call that a user pays for (text encoders, every step, decoder; no safety checker),
`tflops_paper` the convention of the paper's tables (the denoiser alone, without the products of attention).
What is not known is not priced, and never guessed: `--pool priced:tflops` is made of the candidates that
have a price.

## Checked against published figures

{checks}

## FlashEval

Guidance 7.5, 512 px (dreamlike-photoreal-2.0 at its own 768), so every step is two UNet forwards; PNDM runs
one step more than it is asked for. Architectures: `catbench_make.costs.architectures`.

{flasheval}

## EvalMi-50K

How its images were drawn is not stated: a price holds for the model at the settings below, those of its card
or of its pipeline in diffusers.

{evalmi}

Without a price in TFLOPs:

{unpriced}

## PQPP

Its source says how each was drawn (`pipelines/`).

{pqpp}

## USD

List prices of one image, by hand, with source and date.

{usd}
"""


def noted(cost: Cost, note: str) -> Cost:
    """Return a cost that says more of how it was found."""
    return cost.model_copy(update={"method": f"{cost.method}; {note}"})


def flasheval() -> list[Cost]:
    """Count every candidate of FlashEval, PNDM 10 and DPM 20 included."""
    return [
        noted(cost, _settings_of(candidate))
        for model in SD_MODELS
        for candidate in (candidate_of(model, solver, steps) for solver, steps in RUNS)
        for cost in count_costs(candidate)
    ]


def known(name: str, ours: str) -> list[Cost]:
    """Return the costs of one of catbench's own candidates under another name."""
    return [
        noted(cost.model_copy(update={"candidate": name}), f"as catbench's {ours}")
        for cost in shipped_costs()
        if cost.candidate == ours
    ]


def evalmi() -> list[Cost]:
    """Count the models of EvalMi-50K whose class and configuration are known."""
    costs: list[Cost] = []
    for name in MODELS.values():
        if name in SHIPPED:
            costs += known(name, SHIPPED[name])
        elif name in RELEASED_ELSEWHERE:
            model = RELEASED_ELSEWHERE[name]
            source = f"{model.source}: {model.steps} steps, guidance {model.guidance}, 1024 px"
            costs += [noted(cost, source) for cost in costs_of(name, model.flops())]
    for name, pipeline, guidance, pixels in (
        ("sd-2.1", "stabilityai/stable-diffusion-2-1", 7.5, 768),
        ("playground-2.5", "playgroundai/playground-v2.5-1024px-aesthetic", 3.0, 1024),
    ):
        settings = {
            "pipeline": pipeline,
            "steps": 50,
            "guidance": guidance,
            "width": pixels,
            "height": pixels,
        }
        candidate = Candidate(id=name, settings=settings)
        costs += [noted(cost, _settings_of(candidate)) for cost in count_costs(candidate)]
    return costs


def pqpp() -> list[Cost]:
    """Count GLIDE on its authors' code, and take SDXL from catbench's own."""
    how = "github.com/openai/glide-text2im: 100 steps at 64 px, guidance 3, and 27 of the upsampler to 256 px"
    return [*(noted(cost, how) for cost in costs_of("glide", _glide())), *known("sdxl-50", "sdxl-50")]


def _glide() -> tuple[Flops, Flops]:
    sys.path.insert(0, os.environ["CATBENCH_GLIDE"])
    code: Any = importlib.import_module("glide_text2im.model_creation")

    def forwards(options: dict[str, Any], pixels: int, respacing: str) -> Flops:
        """Return the FLOPs of one network's steps on one input."""
        options |= {"use_fp16": False, "timestep_respacing": respacing}
        given = {name: meta(1, options["text_ctx"], dtype=kind) for name, kind in TOKENS.items()}
        if pixels == 256:
            given["low_res"] = meta(1, 3, 64, 64)
        with torch.device("meta"):
            made: tuple[Any, Any] = code.create_model_and_diffusion(**options)
            network: Any = made[0].eval()
            step = count_forward(lambda: network(meta(1, 3, pixels, pixels), meta(1), **given))
        return step * made[1].num_timesteps

    small = forwards(code.model_and_diffusion_defaults(), 64, "100")
    large = forwards(code.model_and_diffusion_defaults_upsampler(), 256, "fast27")
    whole = small * 2 + large  # only the small network is guided
    return whole, whole  # the text is encoded anew in every step, by the networks themselves


def _settings_of(candidate: Candidate) -> str:
    s = candidate.settings
    solver = f" of {s['scheduler']['name']}" if "scheduler" in s else ""
    return f"{s['pipeline']}: {s['steps']} steps{solver}, guidance {s['guidance']}, {s['width']} px"


def write(name: str, costs: list[Cost]) -> None:
    """Write a table, one unit after another."""
    units = ("tflops", "tflops_paper")
    table = cost_table(sorted(costs, key=lambda cost: units.index(cost.unit)))
    with atomic_file(TABLES / f"{name}.csv") as draft:
        table[["candidate", "unit", "value", "method"]].to_csv(draft, index=False, float_format="%.9g")


def shown(name: str) -> str:
    """Return a shipped table as Markdown: TFLOPs in both conventions, or USD, and how they were found."""
    costs = read_costs(TABLES / f"{name}.csv")
    units = list(dict.fromkeys(cost.unit for cost in costs))
    values = {(cost.candidate, cost.unit): f"{cost.value:,.4g}" for cost in costs}
    rows: list[list[str]] = []
    for cost in costs:
        if cost.unit == units[0]:
            cells = [values.get((cost.candidate, unit), "") for unit in units]
            how = cost.method.split("; ", 2)[-1] if cost.unit == "tflops" else cost.method
            rows.append([cost.candidate, *cells, how])
    return table(["candidate", *units, "how"], rows, "|---|" + "---:|" * len(units) + "---|")


def main() -> None:
    """Count all tables but that in USD, and write the page."""
    if sys.argv[1:] != ["--page"]:
        prepare()
        write("flasheval", flasheval())
        write("evalmi", evalmi())
        write("pqpp", pqpp())
    unpriced = "\n".join(f"- {name}: {why}" for name, why in UNPRICED.items())
    tables = {name: shown(name) for name in ("flasheval", "evalmi", "pqpp", "usd")}
    checks = table(["what", "counted here", "published"], PUBLISHED, "|---|---|---|")
    page = TEXT.format(checks=checks, unpriced=unpriced, **tables)
    (ROOT / "docs" / "prices.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
