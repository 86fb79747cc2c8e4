"""The candidates of the `nano` suite, and what each model has never seen.

nano-p-N, -q-, -r-, -t-   four small models at 1, 2 and 4 Euler steps; each knows other things
nano-l-N                  a larger one at 1 to 16 steps: the pool `nano`
nano-ddim-8               L by DDIM (Song et al. 2021), which without noise is Euler's step: as nano-l-8
nano-deepcache-16         L at 16 Euler steps with DeepCache (Ma et al. 2024) at interval 3
nano-turbo-1              distilled from P to one step, without guidance
nano-lightning-4          distilled from Q to four steps, without guidance
nano-amused-N             masked codes (Patil et al. 2024) at 2 and 4 steps, another family

No model has seen everything, as no real one has. Which shapes and colours were absent from its training is in
`NEVER_SEEN`, in each candidate's settings and in its model's card.
"""

from __future__ import annotations

from typing import Any

from catbench.suite.pool import Candidate
from catbench_make.nano.render import IMAGE_SIZE
from catbench_make.nano.world import Vocabulary
from catbench_make.plan.settings import SHIPPED, DrawingSettings, FeatureCache, SchedulerSettings

SMALL = ("p", "q", "r", "t")
SMALL_STEPS = (1, 2, 4)
STEPS = (1, 2, 4, 8, 16)
"""Of L."""
MASKED_STEPS = (2, 4)
GUIDANCE = 1.5
"""Of L and the masked model, and of the small ones at two steps and more; chosen on training scenes."""
NO_GUIDANCE = 1.0
"""Of one step of a small model, which guidance makes worse at twice the cost; found on training scenes."""
TEACHERS = {"turbo": "p", "lightning": "q"}
"""Distilled model -> the one whose steps it learns, on the same scenes."""


NEVER_SEEN = {
    "p": Vocabulary(("triangle", "cross", "heart", "moon", "hourglass"), ("red", "white", "brown", "cyan")),
    "q": Vocabulary(("square", "triangle", "ring", "star", "arrow"), ("orange", "yellow", "brown", "cyan")),
    "r": Vocabulary(("cross", "heart", "diamond", "moon", "arch"), ("yellow", "green", "purple", "black")),
    "t": Vocabulary(("circle", "square", "star", "arch", "bar"), ("green", "white", "pink", "lime")),
    "l": Vocabulary(("ring", "diamond", "frame"), ("orange", "blue", "purple")),
    "masked": Vocabulary(("arrow", "hourglass", "bar"), ("red", "lime", "black")),
}
"""Shapes and colours that no thing of a model's training had (backgrounds may have had the colours), by the
model that is trained from nothing. Every shape and colour is known to three of P, Q, R, T and L at
least, and unknown to at least one; they were chosen so that each of the four knows other themes well."""


def nano_candidates() -> tuple[Candidate, ...]:
    """Return all candidates, the smaller models first."""
    ddim = SchedulerSettings(
        name="DDIMScheduler",
        config={"timestep_spacing": "trailing", "clip_sample": False, "set_alpha_to_one": True},
    )
    return (
        *(_sdxl(name, steps) for name in SMALL for steps in SMALL_STEPS),
        *(_sdxl("l", steps) for steps in STEPS),
        _candidate("nano-ddim-8", "l", steps=8, scheduler=ddim),
        _candidate("nano-deepcache-16", "l", steps=16, cache=FeatureCache(interval=3)),
        _candidate("nano-lightning-4", "lightning", 0.0, steps=4),
        _candidate("nano-turbo-1", "turbo", 0.0, steps=1),
        *(
            _candidate(f"nano-amused-{steps}", "masked", steps=steps, largest_batch=1)
            for steps in MASKED_STEPS
        ),
    )


def nano_pools() -> dict[str, tuple[str, ...]]:
    """Return the ids of the homogeneous pool: one model at its numbers of steps. The whole is pool `all`."""
    return {"nano": tuple(f"nano-l-{steps}" for steps in STEPS)}


def _sdxl(name: str, steps: int) -> Candidate:
    guidance = NO_GUIDANCE if name in SMALL and steps == 1 else GUIDANCE
    return _candidate(f"nano-{name}-{steps}", name, guidance, steps=steps)


def _candidate(name: str, weights: str, guidance: float = GUIDANCE, **settings: Any) -> Candidate:
    absent = NEVER_SEEN[TEACHERS.get(weights, weights)]
    record = DrawingSettings(
        pipeline=f"{SHIPPED}{weights}",
        guidance=guidance,
        width=IMAGE_SIZE,
        height=IMAGE_SIZE,
        precision="float32",
        never_seen=absent.shapes + absent.colours,
        **settings,
    )
    settings = record.model_dump(mode="json", exclude_defaults=True)
    return Candidate(id=name, model=name.rpartition("-")[0], settings=settings)
