"""Where a suite's prompts come from, and by which rules they were chosen: a part of its identity."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class PromptFile(BaseModel):
    """A file that prompts were read from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    rows: int


class PromptSource(BaseModel):
    """A dataset of prompts; its rows are those whose `source` is `name`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    licence: str
    url: str
    citation: str = ""
    files: tuple[PromptFile, ...] = ()


class Diversity(BaseModel):
    """The filter by which prompts were kept: each less similar than `threshold` to all kept before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str
    weights: str
    """SHA-256 of the encoder's weights."""
    threshold: float
    """Cosine similarity that no two kept prompts reach."""
    seed: int
    """Of the order in which prompts are taken."""
    limit: int | None = None
    """The first so many prompts of that order that are left; None = all."""
    nsfw_ceiling: float | None = None
    """Prompts above it on the dataset's own score were left out beforehand."""


class Provenance(BaseModel):
    """Sources, filter and counts of a suite whose prompts catbench chose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[PromptSource, ...]
    diversity: Diversity | None = None
    """None where the prompts were taken by a list of ids that does not tell."""
    counts: dict[str, int]
    """Rows read, what was left out and why, and what was kept."""
