"""Images as an image encoder wants them: small, square, normalised, on the device.

Encoders that want the same share the result, as CLIP ViT-L/14 and ImageReward do: an image is resized and
moved to the device once for all metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from catbench_make.packages import optional
from catbench_make.scorers import Images, ScorerContext

OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
"""Of the images that CLIP was trained on (Radford et al. 2021), red green blue, of 0 to 1."""


@dataclass(frozen=True)
class Look:
    """Shorter side to `size` pixels by PIL's bicubic filter, the middle square, (x / 255 - mean) / std."""

    size: int
    mean: tuple[float, ...] = OPENAI_MEAN
    std: tuple[float, ...] = OPENAI_STD


def pixels(images: Images, look: Look, context: ScorerContext) -> Any:
    """Return the images so prepared: a float32 tensor (n, 3, size, size) on the context's device."""
    return context.shared.of_images(look, images, lambda: _prepared(images, look).to(context.device))


def _prepared(images: Images, look: Look) -> Any:
    torch = optional("torch", "scoring images")
    transforms = optional("torchvision.transforms", "scoring images")
    from PIL import Image

    bicubic = transforms.InterpolationMode.BICUBIC
    steps = transforms.Compose(
        [
            transforms.Resize(look.size, interpolation=bicubic),
            transforms.CenterCrop(look.size),
            transforms.ToTensor(),
            transforms.Normalize(look.mean, look.std),
        ]
    )
    return torch.stack([steps(Image.fromarray(image)) for image in images])
