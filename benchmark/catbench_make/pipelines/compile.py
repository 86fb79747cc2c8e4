"""torch.compile on the parts of a pipeline that take its time: the denoiser and the decoder.

On a GPU the denoiser, which runs once a step on inputs of one shape, is also recorded as a CUDA graph (mode
"reduce-overhead"), so that a step costs one launch and not thousands. Compiled arithmetic is ordered
otherwise than eager: pixels may differ in the last place, so a shard records that it was compiled.

DeepCache replaces methods of the UNet while it draws, and keeps state between steps; neither can be recorded,
so its candidates are drawn without; so are Infinity's, whose code compiles its own.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

BACKEND = "inductor"
DENOISERS = ("unet", "transformer")
"""Components that run once a step, by their names in a pipeline."""


def denoisers_of(pipeline: Any) -> list[torch.nn.Module]:
    """Return the networks of a pipeline that run once a step."""
    components = [getattr(pipeline, name, None) for name in DENOISERS]
    return [component for component in components if isinstance(component, torch.nn.Module)]


def compile_pipeline(pipeline: Any, device: str) -> bool:
    """Have the denoiser and the decoder of a pipeline compiled at their first call, in place.

    Returns whether it has a denoiser that can be compiled; its decoder alone is left as it is.
    """
    graphs = {"mode": "reduce-overhead"} if device != "cpu" else {}
    denoisers = denoisers_of(pipeline)
    for denoiser in denoisers:
        denoiser.compile(backend=BACKEND, dynamic=False, **graphs)
    decoder = getattr(getattr(pipeline, "vae", None), "decoder", None)
    if denoisers and isinstance(decoder, torch.nn.Module):
        decoder.compile(backend=BACKEND, dynamic=False)
    return bool(denoisers)


def not_compiled(wanted: bool = True) -> AbstractContextManager[Any]:
    """Run a block with compiled modules as if they were not; `wanted` false leaves all as it is."""
    # The compiler is imported only where there is something to leave out.
    return torch.compiler.set_stance("force_eager") if wanted else nullcontext()
