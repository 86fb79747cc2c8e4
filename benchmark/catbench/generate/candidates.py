"""The candidates of the paper's §5.1 that diffusers can draw, each a record of settings.

    sdxl-N            SDXL base, N Euler steps, 1 to 100, "leading" timesteps as released
    sdxl-N-trailing   the same with "trailing" timesteps
    sdxl-ddim-50      SDXL base, DDIM (Song et al. 2021), 50 steps
    sdxl-deepcache-3  SDXL base, 50 Euler steps, DeepCache (Ma et al. 2024) at interval 3
    sdxl-turbo-1      SDXL-Turbo (Sauer et al. 2023), one step, 512 px, no guidance
    sdxl-lightning-4  SDXL-Lightning (Lin et al. 2024), its 4-step UNet, trailing, no guidance

Guidance 5.0 is the default of diffusers' SDXL pipeline. With "leading" timesteps SDXL at one step starts
at timestep 1, where it has next to nothing left to denoise: `sdxl-1` draws noise, as released.
Revisions are commits of the Hugging Face hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from catbench.errors import unknown_name
from catbench.generate.settings import ComponentWeights, DrawingSettings, FeatureCache, SchedulerSettings
from catbench.pool import Candidate

SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
SDXL_REVISION = "462165984030d82259a11f4367a4eed129e94a7b"
TURBO = "stabilityai/sdxl-turbo"
TURBO_REVISION = "71153311d3dbb46851df1931d3ca6e939de83304"
LIGHTNING = "ByteDance/SDXL-Lightning"
LIGHTNING_REVISION = "c9a24f48e1c025556787b0c58dd67a091ece2e44"

PAPER_STEPS = (9, 10, 20, 22, 50, 65, 100)
"""Step counts of SDXL that the paper's tables name."""
MOST_STEPS = 100


def sdxl(steps: int, spacing: str = "leading") -> Candidate:
    """Return SDXL base at a number of Euler steps (Karras et al. 2022)."""
    name = f"sdxl-{steps}" if spacing == "leading" else f"sdxl-{steps}-{spacing}"
    model = "sdxl" if spacing == "leading" else f"sdxl-{spacing}"
    euler = SchedulerSettings(name="EulerDiscreteScheduler", config={"timestep_spacing": spacing})
    return _candidate(name, model, **_base(steps), scheduler=euler)


def sdxl_ddim(steps: int = 50) -> Candidate:
    """Return SDXL base sampled by DDIM, deterministic (eta 0)."""
    config = {"timestep_spacing": "leading", "clip_sample": False, "set_alpha_to_one": False}
    ddim = SchedulerSettings(name="DDIMScheduler", config=config)
    return _candidate(f"sdxl-ddim-{steps}", "sdxl-ddim", **_base(steps), scheduler=ddim)


def sdxl_deepcache(interval: int = 3) -> Candidate:
    """Return SDXL base at 50 Euler steps with DeepCache."""
    euler = SchedulerSettings(name="EulerDiscreteScheduler", config={"timestep_spacing": "leading"})
    cache = FeatureCache(interval=interval)
    return _candidate(
        f"sdxl-deepcache-{interval}", "sdxl-deepcache", **_base(50), scheduler=euler, cache=cache
    )


def sdxl_turbo() -> Candidate:
    """Return SDXL-Turbo at one step, with the scheduler that it was released with."""
    ancestral = SchedulerSettings(
        name="EulerAncestralDiscreteScheduler", config={"timestep_spacing": "trailing"}
    )
    return _candidate(
        "sdxl-turbo-1",
        "sdxl-turbo",
        pipeline=TURBO,
        revision=TURBO_REVISION,
        variant="fp16",
        scheduler=ancestral,
        steps=1,
        guidance=0.0,
        width=512,
        height=512,
    )


def sdxl_lightning() -> Candidate:
    """Return SDXL-Lightning at four steps, as its authors say: trailing timesteps, no guidance."""
    weights = ComponentWeights(
        source=LIGHTNING, file="sdxl_lightning_4step_unet.safetensors", revision=LIGHTNING_REVISION
    )
    euler = SchedulerSettings(name="EulerDiscreteScheduler", config={"timestep_spacing": "trailing"})
    settings = {**_base(4), "guidance": 0.0}
    return _candidate("sdxl-lightning-4", "sdxl-lightning", **settings, scheduler=euler, weights=weights)


def find_candidate(name: str) -> Candidate | None:
    """Return the known candidate with this id, or None."""
    fixed = {record.id: record for record in (sdxl_ddim(), sdxl_deepcache(), sdxl_turbo(), sdxl_lightning())}
    if name in fixed:
        return fixed[name]
    match = re.fullmatch(r"sdxl-([1-9][0-9]{0,2})(?:-(trailing))?", name)
    if match is None or int(match[1]) > MOST_STEPS:
        return None
    return sdxl(int(match[1]), match[2] or "leading")


def known_candidates() -> tuple[Candidate, ...]:
    """Return every known candidate: SDXL at 1 to 100 steps in both spacings, and the four others."""
    steps = range(1, MOST_STEPS + 1)
    return (
        *(sdxl(count) for count in steps),
        *(sdxl(count, "trailing") for count in steps),
        sdxl_ddim(),
        sdxl_deepcache(),
        sdxl_turbo(),
        sdxl_lightning(),
    )


def choose_candidates(offered: Iterable[Candidate], names: Iterable[str] | None) -> tuple[Candidate, ...]:
    """Return the candidates called `names`, in that order: the suite's, else known ones; None = the suite's.

    Raises UsageError for a name that neither knows, or that is given twice.
    """
    known = {candidate.id: candidate for candidate in offered}
    if names is None:
        return tuple(known.values())
    chosen: dict[str, Candidate] = {}
    for name in names:
        candidate = known.get(name) or find_candidate(name)
        if candidate is None:
            raise unknown_name("candidate", name, [*known, "sdxl-1 ... sdxl-100", "sdxl-turbo-1"])
        chosen[name] = candidate
    return tuple(chosen.values())


def _base(steps: int) -> dict[str, Any]:
    return {
        "pipeline": SDXL,
        "revision": SDXL_REVISION,
        "variant": "fp16",
        "steps": steps,
        "guidance": 5.0,
        "width": 1024,
        "height": 1024,
    }


def _candidate(name: str, model: str, **settings: Any) -> Candidate:
    record = DrawingSettings(**settings)
    return Candidate(id=name, model=model, settings=record.model_dump(exclude_defaults=True))
