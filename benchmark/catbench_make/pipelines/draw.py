"""Draws batches of images, with a smaller batch where memory runs out and a second try where an image fails.

An image comes out of the pipeline as floats; one with a NaN, or black all over, is drawn again with the
decoder in float32 (16-bit decoders are known to overflow). What is still NaN then is an error; what is still
black may be what the model draws, and is kept and reported. Floats are rounded to pixels where they were
drawn, so that a device hands over a quarter of the bytes, and all of a block at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from catbench.errors import GenerationError
from catbench_make.pipelines.compile import not_compiled
from catbench_make.pipelines.decode import decoding_in_float32, decoding_in_parts
from catbench_make.pipelines.memory import free_memory, is_out_of_memory
from catbench_make.plan.settings import DrawingSettings
from catbench_make.plan.shard_plan import Image

TextArguments = Callable[[Sequence[int]], dict[str, Any]]
"""From positions of prompts in a block to the text arguments of the pipeline's call."""


@dataclass(frozen=True)
class Drawn:
    """The images of a block."""

    pixels: npt.NDArray[np.uint8]
    """Shape (image, height, width, 3), 0 to 255."""
    batch: int
    """Images that were drawn at once; less than asked for where memory ran out."""
    retried: tuple[int, ...]
    """Positions of the images that were drawn again with the decoder in float32."""
    black: tuple[int, ...]
    """Positions of the images that are black all over even so."""


HALF_LEVEL = 0.5 / 255
"""An image that stays below is black all over once rounded; the maximum of one with a NaN is NaN."""


class BrokenImageError(GenerationError):
    """An image has values that are no numbers, with the decoder in float32 too."""

    def __init__(self, position: int) -> None:
        super().__init__("NaN in an image")
        self.position = position


def draw(
    pipeline: Any,
    settings: DrawingSettings,
    images: Sequence[Image],
    text: TextArguments,
    batch: int,
    *,
    decode_batch: int | None = None,
    compiled: bool = False,
) -> Drawn:
    """Draw the images, `batch` at once, or as many as fit into memory; decode `decode_batch` at once.

    A smaller batch starts over, so that the images of a block all come from batches of one size. A compiled
    pipeline always draws whole batches, the last filled up by images that are thrown away. Raises
    BrokenImageError for a NaN, GenerationError where memory does not suffice for a single image.
    """
    size = min(batch, settings.largest_batch or batch)
    draw_some = partial(_draw_batch, pipeline, settings, text)
    with decoding_in_parts(pipeline, decode_batch):
        while True:
            try:
                pixels, brightest = _draw_all(draw_some, images, size, compiled)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if size == 1:
                    raise GenerationError("not enough memory on the device for a single image") from error
                size = (size + 1) // 2
            free_memory()
        suspect = tuple(i for i in range(len(images)) if not brightest[i] >= HALF_LEVEL)
        with not_compiled(compiled):
            for position in suspect:
                with decoding_in_float32(pipeline):
                    floats = draw_some([images[position]])
                if not bool(torch.isfinite(floats).all()):
                    raise BrokenImageError(position)
                pixels[position] = _rounded(floats)[0].cpu().numpy()
    return Drawn(pixels, size, suspect, tuple(i for i in suspect if not pixels[i].any()))


def _draw_all(
    draw_some: Callable[[Sequence[Image]], torch.Tensor], images: Sequence[Image], size: int, whole: bool
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Return the pixels of images drawn `size` at once, and the brightest value of each (NaN for a NaN).

    `whole` fills the last batch up with its last image.
    """
    pixels: list[torch.Tensor] = []
    brightest: list[torch.Tensor] = []
    for start in range(0, len(images), size):
        part = images[start : start + size]
        filling = [part[-1]] * (size - len(part)) if whole else []
        floats = draw_some([*part, *filling])[: len(part)]
        pixels.append(_rounded(floats))
        brightest.append(floats.amax(dim=(1, 2, 3)))
    return torch.cat(pixels).cpu().numpy(), torch.cat(brightest).cpu().numpy()


def _rounded(floats: torch.Tensor) -> torch.Tensor:
    """Return uint8 pixels: the conversion that diffusers makes for PIL images."""
    return (floats * 255).round().to(torch.uint8)


@torch.no_grad()
def _draw_batch(
    pipeline: Any, settings: DrawingSettings, text: TextArguments, images: Sequence[Image]
) -> torch.Tensor:
    """Return images, float32 (n, height, width, 3) from 0 to 1, on the pipeline's device."""
    generators = [torch.Generator("cpu").manual_seed(image.seed) for image in images]
    accepted = inspect.signature(pipeline.__call__).parameters
    # Some pipelines swallow what they do not know.
    if unknown := settings.call.keys() - accepted.keys():
        raise GenerationError(f"the pipeline's call takes no argument {min(unknown)!r}")
    guidance = {"guidance_scale": settings.guidance} if "guidance_scale" in accepted else {}
    arguments = text([image.row for image in images])
    try:
        result = pipeline(
            **arguments,
            num_inference_steps=settings.steps,
            width=settings.width,
            height=settings.height,
            generator=generators if settings.largest_batch != 1 else generators[0],
            output_type="pt",
            **guidance,
            **settings.call,
        )
    except (TypeError, ValueError) as error:
        raise GenerationError(f"the pipeline refuses its settings: {error}") from error
    floats = _channels_last(result.images)
    if floats.shape != (len(images), settings.height, settings.width, 3):
        raise GenerationError(
            f"the pipeline returned images of shape {tuple(floats.shape[1:])}, not "
            f"({settings.height}, {settings.width}, 3): are width and height multiples of 8?"
        )
    return floats


def _channels_last(images: Any) -> torch.Tensor:
    """Return a pipeline's images, a tensor (n, 3, height, width) or an array (n, height, width, 3)."""
    if isinstance(images, torch.Tensor):
        return images.permute(0, 2, 3, 1).float()
    return torch.from_numpy(np.asarray(images, dtype=np.float32))
