"""The candidates of the paper's §5.1 and appendix, and those of CEMS, each a record of settings.

    sdxl-N            SDXL base, N Euler steps, 1 to 100, "leading" timesteps as released
    sdxl-N-trailing   the same with "trailing" timesteps
    sdxl-ddim-50      SDXL base, DDIM (Song et al. 2021), 50 steps
    sdxl-deepcache-3  SDXL base, 50 Euler steps, DeepCache (Ma et al. 2024) at interval 3
    sdxl-turbo-1      SDXL-Turbo (Sauer et al. 2023), one step, 512 px, no guidance
    sdxl-lightning-4  SDXL-Lightning (Lin et al. 2024), its 4-step UNet, trailing, no guidance
    infinity-2b       Infinity (Han et al. 2024), 1024 px in its 13 scales, guidance 4, temperature 0.5
    flux-schnell-4    FLUX.1-schnell (Black Forest Labs 2024), 4 steps, 256 text tokens
    flux-dev-50       FLUX.1-dev, 50 steps, 512 text tokens, distilled guidance 3.5
    sd-turbo-1        SD-Turbo (Sauer et al. 2023), one step, 512 px, no guidance
    amused-256-12     aMUSEd (Patil et al. 2024) at 256 px, 12 steps, guidance 10
    amused-512-12     the same at 512 px

Guidance 5.0 is the default of diffusers' SDXL pipeline. With "leading" timesteps SDXL at one step starts
at timestep 1, where it has next to nothing left to denoise: `sdxl-1` draws noise, as released. All others
have the settings of their model cards, and the scheduler that they were released with.
Revisions are commits of the Hugging Face hub. That of amused-512 is not known from any source but the hub
itself: it is left open, and a run draws with what the hub has then. Infinity is code, at a commit of GitHub,
with weights beside it: see `checkout`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from catbench.errors import SuiteError, first_fault, unknown_name
from catbench.suite.pool import Candidate
from catbench_make.checkout import COMMIT, INFINITY
from catbench_make.plan.settings import ComponentWeights, DrawingSettings, FeatureCache, SchedulerSettings

SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
SDXL_REVISION = "462165984030d82259a11f4367a4eed129e94a7b"
TURBO = "stabilityai/sdxl-turbo"
TURBO_REVISION = "71153311d3dbb46851df1931d3ca6e939de83304"
LIGHTNING = "ByteDance/SDXL-Lightning"
LIGHTNING_REVISION = "c9a24f48e1c025556787b0c58dd67a091ece2e44"
SD_TURBO = "stabilityai/sd-turbo"
SD_TURBO_REVISION = "b261bac6fd2cf515557d5d0707481eafa0485ec2"
FLUX_SCHNELL = "black-forest-labs/FLUX.1-schnell"
FLUX_SCHNELL_REVISION = "741f7c3ce8b383c54771c7003378a50191e9efe9"
FLUX_DEV = "black-forest-labs/FLUX.1-dev"
FLUX_DEV_REVISION = "3de623fc3c33e44ffbe2bad470d0f45bccf2eb21"
AMUSED = {256: "amused/amused-256", 512: "amused/amused-512"}
"""By pixels."""
AMUSED_REVISIONS = {256: "09b6259bf96dbe6d70a852b70812420fe02df55e", 512: ""}

PAPER_STEPS = (9, 10, 20, 22, 50, 65, 100)
"""Step counts of SDXL that the paper's tables name."""
MOST_STEPS = 100


def sdxl(steps: int, spacing: str = "leading") -> Candidate:
    """Return SDXL base at a number of Euler steps (Karras et al. 2022)."""
    name = f"sdxl-{steps}" if spacing == "leading" else f"sdxl-{steps}-{spacing}"
    model = "sdxl" if spacing == "leading" else f"sdxl-{spacing}"
    return _candidate(name, model, **_base(steps), scheduler=_euler(spacing))


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


def _euler(spacing: str, kind: str = "EulerDiscreteScheduler") -> SchedulerSettings:
    return SchedulerSettings(name=kind, config={"timestep_spacing": spacing})


def _candidate(name: str, model: str, **settings: Any) -> Candidate:
    record = DrawingSettings(**settings)
    return Candidate(id=name, model=model, settings=record.model_dump(exclude_defaults=True))


def _amused(pixels: int) -> Candidate:
    return _candidate(
        f"amused-{pixels}-12",
        f"amused-{pixels}",
        pipeline=AMUSED[pixels],
        revision=AMUSED_REVISIONS[pixels],
        variant="fp16",
        steps=12,
        guidance=10.0,
        width=pixels,
        height=pixels,
        largest_batch=1,  # it takes one generator a call
    )


_OTHERS = (
    _candidate(
        "sdxl-ddim-50",
        "sdxl-ddim",
        **_base(50),
        scheduler=SchedulerSettings(
            name="DDIMScheduler",
            config={"timestep_spacing": "leading", "clip_sample": False, "set_alpha_to_one": False},
        ),
    ),
    _candidate(
        "sdxl-deepcache-3",
        "sdxl-deepcache",
        **_base(50),
        scheduler=_euler("leading"),
        cache=FeatureCache(interval=3),
    ),
    _candidate(
        "sdxl-turbo-1",
        "sdxl-turbo",
        pipeline=TURBO,
        revision=TURBO_REVISION,
        variant="fp16",
        scheduler=_euler("trailing", "EulerAncestralDiscreteScheduler"),
        steps=1,
        guidance=0.0,
        width=512,
        height=512,
    ),
    _candidate(
        "sdxl-lightning-4",
        "sdxl-lightning",
        **{**_base(4), "guidance": 0.0},
        scheduler=_euler("trailing"),
        weights=ComponentWeights(
            source=LIGHTNING, file="sdxl_lightning_4step_unet.safetensors", revision=LIGHTNING_REVISION
        ),
    ),
    _candidate(
        "infinity-2b",
        "infinity-2b",
        pipeline=INFINITY,
        revision=COMMIT,
        steps=13,
        guidance=4.0,
        width=1024,
        height=1024,
        call={"tau": 0.5},
        largest_batch=1,  # as its own script draws
    ),
    _candidate(
        "flux-schnell-4",
        "flux-schnell",
        pipeline=FLUX_SCHNELL,
        revision=FLUX_SCHNELL_REVISION,
        steps=4,
        guidance=0.0,
        width=1024,
        height=1024,
        call={"max_sequence_length": 256},
    ),
    _candidate(
        "flux-dev-50",
        "flux-dev",
        pipeline=FLUX_DEV,
        revision=FLUX_DEV_REVISION,
        steps=50,
        guidance=3.5,
        width=1024,
        height=1024,
        call={"max_sequence_length": 512},
    ),
    _candidate(
        "sd-turbo-1",
        "sd-turbo",
        pipeline=SD_TURBO,
        revision=SD_TURBO_REVISION,
        variant="fp16",
        steps=1,
        guidance=0.0,
        width=512,
        height=512,
    ),
    _amused(256),
    _amused(512),
)
"""Candidates that are no step count of SDXL base."""


def find_candidate(name: str) -> Candidate | None:
    """Return the known candidate with this id, or None."""
    for candidate in _OTHERS:
        if candidate.id == name:
            return candidate
    match = re.fullmatch(r"sdxl-([1-9][0-9]{0,2})(?:-(trailing))?", name)
    if match is None or int(match[1]) > MOST_STEPS:
        return None
    return sdxl(int(match[1]), match[2] or "leading")


def known_candidates() -> tuple[Candidate, ...]:
    """Return every known candidate: SDXL at 1 to 100 steps in both spacings, and all others."""
    counted = [sdxl(steps, how) for how in ("leading", "trailing") for steps in range(1, MOST_STEPS + 1)]
    return (*counted, *_OTHERS)


def find_run(pipeline: str, steps: int, width: int | None, height: int | None) -> str | None:
    """Return the id of the known candidate that draws so, or None; a size that is None is any."""
    for candidate in known_candidates():
        settings = DrawingSettings.model_validate(candidate.settings)
        if (settings.pipeline, settings.steps) == (pipeline, steps) and settings.weights is None:
            fits = width in (None, settings.width) and height in (None, settings.height)
            return candidate.id if fits else None
    return None


def choose_candidates(own: Iterable[Candidate], names: Iterable[str] | None) -> tuple[Candidate, ...]:
    """Return the candidates called `names`, in that order: the suite's, else known ones; None = the suite's.

    Raises UsageError for a name that neither knows, or that is given twice.
    """
    known = {candidate.id: candidate for candidate in own}
    if names is None:
        return tuple(known.values())
    chosen: dict[str, Candidate] = {}
    for name in names:
        candidate = known.get(name) or find_candidate(name)
        if candidate is None:
            raise unknown_name(
                "candidate", name, [*known, "sdxl-1 ... sdxl-100", *(other.id for other in _OTHERS)]
            )
        chosen[name] = candidate
    return tuple(chosen.values())


def drawing_settings(candidate: Candidate) -> DrawingSettings:
    """Return a candidate's settings, read and checked.

    A candidate that says nothing of its pipeline is looked up by its id among those that catbench knows.
    Raises SuiteError naming the candidate and the field that is wrong.
    """
    settings = candidate.settings
    if "pipeline" not in settings:
        known = find_candidate(candidate.id)
        if known is None:
            raise SuiteError(
                f"candidate {candidate.id!r}: its settings name no pipeline, and it is none of those that "
                "catbench knows; add settings.pipeline (a hub repository or a folder), steps, guidance, "
                "width and height to the manifest"
            )
        settings = known.settings
    try:
        return DrawingSettings.model_validate(settings)
    except ValidationError as error:
        raise SuiteError(f"candidate {candidate.id!r}: settings.{first_fault(error)}") from error
