"""What the metrics of a run have in common, so that it is made once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Made = TypeVar("Made")


class Shared:
    """Models by name, and what has been made of the images at hand: pixels on the device, embeddings.

    It holds on to one array of images at a time, so it is for one thread at a time too.
    """

    def __init__(self) -> None:
        self._models: dict[Hashable, Any] = {}
        self._images: npt.NDArray[np.uint8] | None = None
        self._of_images: dict[Hashable, Any] = {}

    def model(self, key: Hashable, load: Callable[[], Made]) -> Made:
        """Return the model called `key`, loaded the first time."""
        if key not in self._models:
            self._models[key] = load()
        return self._models[key]

    def of_images(self, key: Hashable, images: npt.NDArray[np.uint8], make: Callable[[], Made]) -> Made:
        """Return what `make` makes of the images, made once as long as the same array is given.

        An array that can be written to may hold other images the next time: nothing of it is kept.
        """
        if images.flags.writeable:
            return make()
        if images is not self._images:
            self._images, self._of_images = images, {}
        if key not in self._of_images:
            self._of_images[key] = make()
        return self._of_images[key]
