"""The random numbers of an image: a function of its prompt's id and its sample number, and nothing else."""

from __future__ import annotations

import hashlib


def image_seed(prompt_id: str, sample: int) -> int:
    """Return the seed of an image, 0 to 2^63 - 1: the first 63 bits of SHA-256 of "<sample>:<prompt id>".

    It does not depend on the candidate, so a prompt's sample starts from the same noise at every step count.
    """
    digest = hashlib.sha256(f"{sample}:{prompt_id}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1
