"""A suite on disk: a folder that pandas, DuckDB or a dataset hub opens as it is.

    manifest.json    schema, suite, candidates, pools, metrics, samples and sizes of the splits,
                     digest of the content, SHA-256 of every file, ids of withheld test prompts, if any
    prompts.parquet  prompt_id, text, source, group, split, and any columns to slice by
    scores.parquet   prompt_id, candidate, sample, one float32 column a metric
    costs.parquet    candidate, unit, value, hardware, batch_size, precision, method, and spread where known
    features/*.npy   optional prompt embeddings, rows in the order of prompts.parquet
    images/*.webp    optional sheets, one a test prompt, candidates in the order of the manifest
    README.md, croissant.json    the same for people, hubs and catalogues; in no digest

Reading checks the digests and every rule of a matrix, and gives the prompts in the order of their ids,
whatever that of their rows. Writing is atomic. Nothing is pickled.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pydantic import ValidationError

from catbench.arrays import Scores, frozen
from catbench.errors import SuiteError, UsageError, first_fault, unknown_name
from catbench.files import atomic_folder, readable, sha256_of
from catbench.home import DATA, known_suites
from catbench.hub.address import Address, names_a_hub
from catbench.suite.description import write_descriptions
from catbench.suite.hub_suites import folder_of
from catbench.suite.manifest import Manifest
from catbench.suite.manifest import read_manifest as read_manifest
from catbench.suite.matrix import ScoreMatrix, Suite
from catbench.suite.pool import Cost, check_costs, cost_table
from catbench.suite.prompts import SPLITS, check_columns
from catbench.suite.score_rows import read_scores, write_scores

WAYS = {
    **{path.stem: f"catbench import {path.stem}" for path in sorted((DATA / "recipes").glob("*.txt"))},
    "coco": "catbench prompts coco",
    "diffusiondb": "catbench prompts diffusiondb",
}
"""Suite that is not shipped -> the command that makes it, or its prompts."""


def load(suite: str | os.PathLike[str]) -> ScoreMatrix:
    """Return the matrix of a suite, by name (`catbench suites` lists them), by its folder, or from a hub.

    `hf://datasets/OWNER/NAME[@REVISION]` names one on a hub. Raises UsageError for an unknown name,
    SuiteError for a folder that breaks a rule of the format or whose files differ from its digests.
    """
    folder = suite_folder(suite)
    manifest, says = read_manifest(folder), folder / "manifest.json"
    stored = load_suite(folder)
    if "scores.parquet" not in manifest.files:
        raise SuiteError(
            f"{says}: no digest of scores.parquet: it has prompts and no scores yet; "
            f"`catbench generate {suite} --out RUN` makes them"
        )
    for name in manifest.files:
        if name.endswith(".parquet"):
            _checked(folder, manifest, name)
    ids, tests = stored.prompts["prompt_id"], stored.rows("test")
    if unknown := set(manifest.withheld) - set(ids[tests]):
        raise SuiteError(f"{says}: withheld {min(unknown)!r} is no test prompt of the suite")
    order = np.argsort(ids.to_numpy(dtype=object), kind="stable")
    scored = stored.take(order[~ids.isin(manifest.withheld).to_numpy()[order]])
    scores = read_scores(folder / "scores.parquet", scored)
    with _named(folder):
        matrix = ScoreMatrix(**scored.given(), scores=scores)
    counted = stored.prompts["split"].value_counts().to_dict()
    if counted != {split: size for split, size in manifest.splits.items() if size}:
        raise SuiteError(f"{says}: splits of {manifest.splits}; the prompts have {counted}")
    if manifest.content not in ("", matrix.digest):
        raise SuiteError(
            f"{says}: a content of digest {manifest.content[:12]}…, and the files hold "
            f"{matrix.digest[:12]}…: were files or digests changed by hand? Make or fetch the suite again"
        )
    return matrix


def load_suite(suite: str | os.PathLike[str]) -> Suite:
    """Return a suite, by name or by its folder, without its scores, which need not be there yet.

    Prompts stand in stored order. Raises UsageError for an unknown name, SuiteError for a folder that breaks
    a rule of the format.
    """
    folder = suite_folder(suite)
    manifest = read_manifest(folder)
    features: dict[str, Scores] = {}
    for name in manifest.files:
        if name.startswith("features/"):
            with readable(path := _checked(folder, manifest, name), "a NumPy array"):
                features[path.stem] = frozen(np.load(path, allow_pickle=False))
    prompts, costs = load_prompts(folder, manifest), load_costs(folder, manifest)
    with _named(folder):
        return Suite(
            suite=manifest.suite,
            prompts=prompts,
            candidates=manifest.candidates,
            metrics=manifest.metrics,
            samples=manifest.samples,
            costs=costs,
            pools=manifest.pools,
            features=features,
            root=folder,
        )


@contextmanager
def _named(folder: Path) -> Generator[None]:
    """Put a suite's folder before what is said against the suite."""
    try:
        yield
    except SuiteError as error:
        raise SuiteError(f"{folder}: {error}") from error


def digest_of(folder: Path) -> str:
    """Return the digest of a suite's content as its manifest states it, or else of what it holds."""
    return read_manifest(folder).content or load(folder).digest


def load_prompts(folder: Path, manifest: Manifest) -> pd.DataFrame:
    """Return the prompts of a suite, which need not have scores yet. Raises SuiteError as `load` does."""
    path = _checked(folder, manifest, "prompts.parquet")
    table = _arrow(path).to_pandas()
    check_columns(table, str(path))
    return table


def load_costs(folder: Path, manifest: Manifest) -> tuple[Cost, ...]:
    """Return the costs of a suite, none where it has no table yet. Raises SuiteError as `load` does."""
    if "costs.parquet" not in manifest.files:
        return ()
    path = _checked(folder, manifest, "costs.parquet")
    try:
        costs = tuple(Cost.model_validate(row) for row in _arrow(path).to_pylist())
    except ValidationError as error:
        raise SuiteError(f"{path}: {first_fault(error)}") from error
    check_costs(costs, [candidate.id for candidate in manifest.candidates], str(path))
    return costs


def verify(suite: str | os.PathLike[str]) -> ScoreMatrix:
    """Load a suite and check the digest of every file, images included. Raises as `load` does."""
    folder = suite_folder(suite)
    manifest = read_manifest(folder)
    for name in manifest.files:
        _checked(folder, manifest, name)
    return load(folder)


def save(
    suite: Suite,
    folder: str | os.PathLike[str],
    *,
    extra: Mapping[str, pd.DataFrame | str] | None = None,
    images: Iterable[tuple[str, bytes]] = (),
    withheld: tuple[pd.DataFrame, Mapping[str, Scores]] | None = None,
    force: bool = False,
) -> None:
    """Write a suite, or a matrix with its scores, as a folder: whole or not at all.

    `extra` holds further tables by file stem, such as the truth behind a simulated suite, and texts by file
    name; `images` the WebP sheets by file stem, taken one by one; `withheld` the prompts, and their features,
    that stand in it without scores. A folder that is there already is replaced only with `force`. Raises
    UsageError where it cannot be written.
    """
    target = Path(folder)
    if force and target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").is_file():
        raise UsageError(f"{target} holds no suite (no manifest.json), so it is not replaced by one")
    prompts, features = suite.prompts, suite.features
    if withheld is not None:
        prompts = pd.concat([prompts, withheld[0]], ignore_index=True)
        features = {name: np.concatenate([rows, withheld[1][name]]) for name, rows in features.items()}
    with atomic_folder(target, force=force) as draft:
        prompts.to_parquet(draft / "prompts.parquet", index=False)
        if isinstance(suite, ScoreMatrix):
            write_scores(suite, draft / "scores.parquet")
        if suite.costs:
            cost_table(suite.costs).to_parquet(draft / "costs.parquet", index=False)
        for name, values in features.items():
            (draft / "features").mkdir(exist_ok=True)
            np.save(draft / "features" / f"{name}.npy", values, allow_pickle=False)
        for name, more in (extra or {}).items():
            if isinstance(more, str):
                (draft / name).write_text(more, encoding="utf-8")
            else:
                more.to_parquet(draft / f"{name}.parquet", index=False)
        for stem, sheet in images:
            (draft / "images").mkdir(exist_ok=True)
            (draft / "images" / f"{stem}.webp").write_bytes(sheet)
        files = sorted(path for path in draft.rglob("*") if path.is_file())
        manifest = Manifest(
            schema=1,
            suite=suite.suite,
            candidates=suite.candidates,
            pools=dict(suite.pools),
            metrics=suite.metrics,
            samples=dict(suite.samples),
            splits={split: int((prompts["split"] == split).sum()) for split in SPLITS},
            content=suite.digest if isinstance(suite, ScoreMatrix) else "",
            files={path.relative_to(draft).as_posix(): sha256_of(path) for path in files},
            withheld=() if withheld is None else tuple(sorted(withheld[0]["prompt_id"])),
        )
        left_out = set() if manifest.withheld else {"withheld"}
        text = manifest.model_dump_json(indent=2, by_alias=True, exclude=left_out)
        (draft / "manifest.json").write_text(text + "\n", encoding="utf-8")
        write_descriptions(draft, manifest, suite.costs)


def suite_folder(suite: str | os.PathLike[str]) -> Path:
    """Return the folder of a suite given by name, path, `hf://datasets/OWNER/NAME[@REVISION]` or its page.

    Raises UsageError where there is none, SuiteError where one on a hub is not what it says.
    """
    if names_a_hub(str(suite)):
        return folder_of(Address.parse(str(suite)))
    path = Path(suite)
    if (path / "manifest.json").is_file():
        return path
    name, known = str(suite), known_suites()
    if name in known:
        return known[name]
    if path.is_dir():
        raise SuiteError(f"{path} is no suite: it has no manifest.json")
    if name in WAYS:
        raise UsageError(f"suite {name!r} is not here yet: make it with `{WAYS[name]}`")
    raise UsageError(f"{unknown_name('suite', name, known)} (or give the path of a suite's folder)")


def _checked(folder: Path, manifest: Manifest, name: str) -> Path:
    """Return the path of a file of a suite; raises SuiteError where it is not the one of the manifest."""
    if name not in manifest.files:
        raise SuiteError(f"{folder / 'manifest.json'}: no digest of {name}")
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise SuiteError(f"{folder / 'manifest.json'}: {name!r} lies outside the suite")
    if not path.is_file():
        raise SuiteError(f"{path}: named in manifest.json and missing; is the copy complete?")
    digest = manifest.files[name]
    if (found := sha256_of(path)) != digest:
        raise SuiteError(
            f"{path}: SHA-256 {found[:12]}… is not {digest[:12]}… of manifest.json: the file is "
            "altered or cut short; fetch or make the suite again"
        )
    return path


def _arrow(path: Path) -> Any:
    with readable(path, "Parquet"):
        return pq.read_table(path)
