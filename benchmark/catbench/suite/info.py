"""What a suite says of itself, of its metrics and of where its prompts come from, as records."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class InfoRecord(BaseModel):
    """A record that cannot be changed and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(InfoRecord):
    """A quality metric: a score of (prompt, image)."""

    name: str = Field(min_length=1)
    """The column in the score table."""
    direction: Literal["higher", "lower"] = "higher"
    """Which scores are better."""
    label: str = ""
    """How it is written in tables; empty = the name."""
    model: str = ""
    """The scoring model, if there is one."""
    revision: str = ""
    citation: str = ""

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1: score x sign is the quality that routers are fitted to."""
        return 1 if self.direction == "higher" else -1

    @property
    def title(self) -> str:
        """The label, or the name where there is none."""
        return self.label or self.name


class PromptFile(InfoRecord):
    """A file that prompts were read from."""

    name: str
    sha256: str
    rows: int


class PromptSource(InfoRecord):
    """A dataset of prompts; its rows are those whose `source` is `name`."""

    name: str
    licence: str
    url: str
    citation: str = ""
    files: tuple[PromptFile, ...] = ()


class Diversity(InfoRecord):
    """The filter by which prompts were kept: each less similar than `threshold` to all kept before it."""

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


class Provenance(InfoRecord):
    """Sources, filter and counts of a suite whose prompts catbench chose."""

    sources: tuple[PromptSource, ...]
    diversity: Diversity | None = None
    """None where the prompts were taken by a list of ids that does not tell."""
    counts: dict[str, int]
    """Rows read, what was left out and why, and what was kept."""


class SuiteInfo(InfoRecord):
    """What a suite says of itself."""

    id: str = Field(min_length=1, pattern=r"^[a-z0-9][a-z0-9._+-]*$")
    version: str = "1"
    title: str = ""
    """One line; shown above every table. A simulated suite says so here."""
    licence: str = ""
    """Licence of the prompts and of the scores."""
    source: str = ""
    simulated: bool = False
    """True where the scores come from a formula and not from images."""
    samples_are: Literal["images", "raters"] = "images"
    """What the samples of a cell are: images of one prompt, or ratings of one image."""
    folds: int = Field(default=0, ge=0)
    """Folds by which routers are scored here unless they are asked for otherwise; 0 = by the splits."""
    provenance: Provenance | None = None
    """Where the prompts come from, if catbench chose them."""

    @property
    def cite(self) -> str:
        """Whom to cite: those whose prompts it has, or else where it comes from."""
        sources = self.provenance.sources if self.provenance else ()
        return "; ".join(source.citation for source in sources if source.citation) or self.source or self.id
