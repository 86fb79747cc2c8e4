"""The candidates of the `nano` suite: its models with their settings, in two pools.

nano   nano-sdxl-l-N: nano-sdxl-l at 1 to 50 Euler steps, "leading" timesteps as SDXL's
nano+  the same of both sizes, and
       nano-crowd-8      L, trained on with crowded scenes
       nano-ddim-50      L by DDIM (Song et al. 2021)
       nano-deepcache-3  L at 50 Euler steps with DeepCache (Ma et al. 2024) at interval 3
       nano-lightning-4  distilled from S to four steps, no guidance
       nano-turbo-1      distilled from S to one step
       nano-amused-12    masked codes (Patil et al. 2024), the pool's other family
"""

from __future__ import annotations

from typing import Any

from catbench.suite.pool import Candidate
from catbench_make.nano.render import IMAGE_SIZE
from catbench_make.plan.settings import SHIPPED, DrawingSettings, FeatureCache, SchedulerSettings

STEPS = (1, 2, 4, 8, 16, 32, 50)
GUIDANCE = 1.5
"""Of the models that are guided; chosen on training scenes."""
_LEADING = {"timestep_spacing": "leading"}


def nano_sdxl(size: str, steps: int) -> Candidate:
    """Return nano-sdxl of size "s" or "l" at a number of Euler steps."""
    return _candidate(f"nano-sdxl-{size}-{steps}", f"nano-sdxl-{size}", steps=steps)


def nano_candidates() -> tuple[Candidate, ...]:
    """Return all candidates, the smaller model first."""
    ddim = SchedulerSettings(
        name="DDIMScheduler", config={**_LEADING, "clip_sample": False, "set_alpha_to_one": False}
    )
    return (
        *(nano_sdxl(size, steps) for size in ("s", "l") for steps in STEPS),
        _candidate("nano-crowd-8", "nano-crowd", steps=8),
        _candidate("nano-ddim-50", "nano-sdxl-l", model="nano-ddim", steps=50, scheduler=ddim),
        _candidate(
            "nano-deepcache-3",
            "nano-sdxl-l",
            model="nano-deepcache",
            steps=50,
            cache=FeatureCache(interval=3),
        ),
        _candidate("nano-lightning-4", "nano-lightning", steps=4, guidance=0.0),
        _candidate("nano-turbo-1", "nano-turbo", steps=1, guidance=0.0),
        _candidate("nano-amused-12", "nano-amused", steps=12, largest_batch=1),
    )


def nano_pools() -> dict[str, tuple[str, ...]]:
    """Return the ids of the two pools' candidates."""
    candidates = nano_candidates()
    return {
        "nano": tuple(one.id for one in candidates if one.model == "nano-sdxl-l"),
        "nano+": tuple(one.id for one in candidates),
    }


def _candidate(name: str, weights: str, *, model: str = "", **settings: Any) -> Candidate:
    common: dict[str, Any] = {
        "guidance": GUIDANCE,
        "width": IMAGE_SIZE,
        "height": IMAGE_SIZE,
        "precision": "float32",
    }
    record = DrawingSettings(pipeline=f"{SHIPPED}{weights}", **{**common, **settings})
    return Candidate(id=name, model=model or weights, settings=record.model_dump(exclude_defaults=True))
