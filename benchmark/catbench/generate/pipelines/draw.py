"""Draws batches of images, with a smaller batch where memory runs out and a second try where an image fails.

An image comes out of the pipeline as floats; one with a NaN, or black all over, is drawn again with the
decoder in float32 (16-bit decoders are known to overflow). What is still NaN then is an error; what is still
black may be what the model draws, and is kept and reported.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from catbench.errors import GenerationError
from catbench.generate.plan import Image
from catbench.generate.settings import DrawingSettings

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
    pipeline: Any, settings: DrawingSettings, images: Sequence[Image], text: TextArguments, batch: int
) -> Drawn:
    """Draw the images, `batch` at once, or as many as fit into memory.

    A smaller batch starts over, so that the images of a block all come from batches of one size. Raises
    BrokenImageError for a NaN, GenerationError where memory does not suffice for a single image.
    """
    size = min(batch, settings.largest_batch or batch)
    while True:
        try:
            parts = [images[start : start + size] for start in range(0, len(images), size)]
            floats = np.concatenate([_draw_batch(pipeline, settings, part, text) for part in parts])
            break
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if size == 1:
                raise GenerationError("not enough memory on the device for a single image") from error
            size = (size + 1) // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return _second_try(pipeline, settings, images, text, floats, size)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that the device's memory, or the machine's, is used up."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _second_try(
    pipeline: Any,
    settings: DrawingSettings,
    images: Sequence[Image],
    text: TextArguments,
    floats: npt.NDArray[np.float32],
    size: int,
) -> Drawn:
    suspect = [i for i in range(len(images)) if not floats[i].max() >= HALF_LEVEL]
    for position in suspect:
        with _decoder_in_float32(pipeline):
            floats[position] = _draw_batch(pipeline, settings, [images[position]], text)[0]
        if not np.isfinite(floats[position]).all():
            raise BrokenImageError(position)
    # The conversion that diffusers makes for PIL images.
    pixels = (floats * 255).round().astype(np.uint8)
    black = tuple(i for i in suspect if not pixels[i].any())
    return Drawn(pixels, size, tuple(suspect), black)


@torch.no_grad()
def _draw_batch(
    pipeline: Any, settings: DrawingSettings, images: Sequence[Image], text: TextArguments
) -> npt.NDArray[np.float32]:
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
            output_type="np",
            **guidance,
            **settings.call,
        )
    except (TypeError, ValueError) as error:
        raise GenerationError(f"the pipeline refuses its settings: {error}") from error
    floats = np.asarray(result.images, dtype=np.float32)
    if floats.shape != (len(images), settings.height, settings.width, 3):
        raise GenerationError(
            f"the pipeline returned images of shape {floats.shape[1:]}, not "
            f"({settings.height}, {settings.width}, 3): are width and height multiples of 8?"
        )
    return floats


@contextmanager
def _decoder_in_float32(pipeline: Any) -> Generator[None]:
    """Run the block with the pipeline's decoder in float32, whatever precision its input comes in."""
    decoder = next((getattr(pipeline, name) for name in ("vae", "vqvae") if hasattr(pipeline, name)), None)
    if decoder is None:
        yield
        return
    dtype, decode = decoder.dtype, decoder.decode

    def decode_float32(latents: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        return decode(latents.float() if latents.is_floating_point() else latents, *args, **kwargs)

    decoder.to(torch.float32)
    decoder.decode = decode_float32
    try:
        yield
    finally:
        del decoder.decode
        decoder.to(dtype)
