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

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import ValidationError

from catbench.errors import SuiteError, first_fault, unknown_name
from catbench.suite.pool import Candidate
from catbench_make.checkout import COMMIT, INFINITY
from catbench_make.plan.settings import ComponentWeights, DrawingSettings, FeatureCache, SchedulerSettings

SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
TURBO = "stabilityai/sdxl-turbo"
LIGHTNING = "ByteDance/SDXL-Lightning"
SD_TURBO = "stabilityai/sd-turbo"
FLUX_SCHNELL = "black-forest-labs/FLUX.1-schnell"
FLUX_DEV = "black-forest-labs/FLUX.1-dev"
AMUSED = {256: "amused/amused-256", 512: "amused/amused-512"}
"""By pixels."""
REVISIONS = {
    SDXL: "462165984030d82259a11f4367a4eed129e94a7b",
    TURBO: "71153311d3dbb46851df1931d3ca6e939de83304",
    LIGHTNING: "c9a24f48e1c025556787b0c58dd67a091ece2e44",
    SD_TURBO: "b261bac6fd2cf515557d5d0707481eafa0485ec2",
    FLUX_SCHNELL: "741f7c3ce8b383c54771c7003378a50191e9efe9",
    FLUX_DEV: "3de623fc3c33e44ffbe2bad470d0f45bccf2eb21",
    AMUSED[256]: "09b6259bf96dbe6d70a852b70812420fe02df55e",
    AMUSED[512]: "",
    INFINITY: COMMIT,
}
WITHOUT_VARIANT = (FLUX_SCHNELL, FLUX_DEV, INFINITY)
"""Released in one precision; of the others the files `fp16` are taken."""

PAPER_STEPS = (9, 10, 20, 22, 50, 65, 100)
"""Step counts of SDXL that the paper's tables name."""
MOST_STEPS = 100


def sdxl(steps: int, spacing: str = "leading") -> Candidate:
    """Return SDXL base at a number of Euler steps (Karras et al. 2022)."""
    ending = "" if spacing == "leading" else f"-{spacing}"
    return _candidate(f"sdxl-{steps}{ending}", f"sdxl{ending}", SDXL, steps, scheduler=_euler(spacing))


def _euler(spacing: str, kind: str = "EulerDiscreteScheduler") -> SchedulerSettings:
    return SchedulerSettings(name=kind, config={"timestep_spacing": spacing})


def _candidate(
    name: str, model: str, pipeline: str, steps: int, guidance: float = 5.0, pixels: int = 1024, **other: Any
) -> Candidate:
    record = DrawingSettings(
        pipeline=pipeline,
        revision=REVISIONS[pipeline],
        variant="" if pipeline in WITHOUT_VARIANT else "fp16",
        steps=steps,
        guidance=guidance,
        width=pixels,
        height=pixels,
        **other,
    )
    return Candidate(id=name, model=model, settings=record.model_dump(exclude_defaults=True))


_DDIM = SchedulerSettings(
    name="DDIMScheduler",
    config={"timestep_spacing": "leading", "clip_sample": False, "set_alpha_to_one": False},
)
_LEADING, _TRAILING = _euler("leading"), _euler("trailing")
_ANCESTRAL = _euler("trailing", "EulerAncestralDiscreteScheduler")
_EVERY_THIRD = FeatureCache(interval=3)
_LIGHTNING = ComponentWeights(
    source=LIGHTNING, file="sdxl_lightning_4step_unet.safetensors", revision=REVISIONS[LIGHTNING]
)
_OTHERS = (
    _candidate("sdxl-ddim-50", "sdxl-ddim", SDXL, 50, scheduler=_DDIM),
    _candidate("sdxl-deepcache-3", "sdxl-deepcache", SDXL, 50, scheduler=_LEADING, cache=_EVERY_THIRD),
    _candidate("sdxl-turbo-1", "sdxl-turbo", TURBO, 1, 0.0, 512, scheduler=_ANCESTRAL),
    _candidate("sdxl-lightning-4", "sdxl-lightning", SDXL, 4, 0.0, scheduler=_TRAILING, weights=_LIGHTNING),
    # One at a time, as its own script draws.
    _candidate("infinity-2b", "infinity-2b", INFINITY, 13, 4.0, call={"tau": 0.5}, largest_batch=1),
    _candidate("flux-schnell-4", "flux-schnell", FLUX_SCHNELL, 4, 0.0, call={"max_sequence_length": 256}),
    _candidate("flux-dev-50", "flux-dev", FLUX_DEV, 50, 3.5, call={"max_sequence_length": 512}),
    _candidate("sd-turbo-1", "sd-turbo", SD_TURBO, 1, 0.0, 512),
    # aMUSEd takes one generator a call, so it draws one image at a time.
    _candidate("amused-256-12", "amused-256", AMUSED[256], 12, 10.0, 256, largest_batch=1),
    _candidate("amused-512-12", "amused-512", AMUSED[512], 12, 10.0, 512, largest_batch=1),
)
"""Candidates that are no step count of SDXL base."""


def find_candidate(name: str) -> Candidate | None:
    """Return the known candidate with this id, or None."""
    return next((candidate for candidate in known_candidates() if candidate.id == name), None)


@cache
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
