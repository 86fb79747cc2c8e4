"""`manifest.json`: what a suite's folder says of itself, and which licences let it be handed on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from catbench.errors import SuiteError, first_fault
from catbench.suite.info import InfoRecord, Metric, SuiteInfo
from catbench.suite.pool import Candidate
from catbench.suite.prompts import Split

DESCRIPTIONS = ("README.md", "croissant.json")
"""What lies beside a suite's files and is in no manifest (`catbench.suite.description`)."""


_LICENCES = """Apache-2.0 BSD-3-Clause CC-BY-4.0 CC-BY-NC-4.0 CC-BY-NC-SA-4.0 CC-BY-SA-4.0 CC0-1.0 MIT
    ODC-By-1.0 PDDL-1.0"""
"""SPDX identifiers of licences under which anybody may hand a suite on."""


class Manifest(InfoRecord):
    """`manifest.json`."""

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


def known_licence(text: str) -> str | None:
    """Return the SPDX identifier of the licence that a manifest's words name, None where none is known here.

    `CC BY 4.0` and `cc-by-4.0` are one; `none stated` and `CC BY 4.0, but for two files` are none.
    """
    known = {spdx.lower(): spdx for spdx in _LICENCES.split()}
    return known.get("-".join(text.lower().replace("-", " ").split()))
