"""`manifest.json`: what a suite's folder says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catbench.errors import SuiteError, first_fault
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.pool import Candidate
from catbench.suite.prompts import Split

DESCRIPTIONS = ("README.md", "croissant.json")
"""What lies beside a suite's files and is in no manifest (`catbench.suite.description`)."""


class Manifest(BaseModel):
    """`manifest.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(1, alias="schema")
    suite: SuiteInfo
    candidates: tuple[Candidate, ...]
    pools: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    metrics: tuple[Metric, ...]
    samples: dict[Split, int]
    splits: dict[Split, int]
    content: str = ""
    """Digest of the content, by which reports name the suite (`catbench.suite.matrix`); empty = not
    stated."""
    files: dict[str, str]
    """Path in the folder -> SHA-256."""
    withheld: tuple[str, ...] = ()
    """Ids of test prompts whose scores a host keeps (`catbench split-private`): they stand among the prompts,
    and the matrix leaves them out."""


def read_manifest(folder: Path) -> Manifest:
    """Return a suite's manifest; raises SuiteError naming the field that is wrong."""
    path = folder / "manifest.json"
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise SuiteError(f"{path}: {first_fault(error)} (is it altered or cut short?)") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: cannot be read: {error}") from error
