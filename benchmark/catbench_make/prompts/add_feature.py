"""Vectors of a suite's prompts, put beside its scores. Its content, and so its digest, stays as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from catbench.arrays import Scores
from catbench.download import Progress
from catbench.files import atomic_file, sha256_of, write_text
from catbench.home import check_own
from catbench.suite.description import write_descriptions
from catbench.suite.manifest import Manifest
from catbench.suite.store import load_costs, load_prompts, read_manifest
from catbench_make.prompts.build import feature_name
from catbench_make.prompts.embeddings import Embeddings


def add_feature(folder: Path, embeddings: Embeddings, progress: Progress) -> tuple[str, Scores, str]:
    """Write the vectors of an encoder into a suite's folder, and their digest into its manifest.

    Returns the name by which routers read them, the vectors, float32 (n, d) in the order of the suite's own
    file of prompts, and the name of the feature that routers read without a name.
    The manifest names the vectors only while their file is whole, so a stop leaves a suite that loads.
    Raises UsageError for a suite that catbench ships or keeps as it was fetched, SuiteError for a folder that
    is none.
    """
    check_own(folder)
    manifest = read_manifest(folder)
    texts = load_prompts(folder, manifest)["text"].tolist()
    name = feature_name(embeddings.encoder.name)
    vectors = embeddings(texts, progress).astype(np.float32)
    file = f"features/{name}.npy"
    files = {path: digest for path, digest in manifest.files.items() if path != file}
    if file in manifest.files:
        _write(manifest.model_copy(update={"files": files}), folder)
    (folder / "features").mkdir(exist_ok=True)
    with atomic_file(folder / file) as draft, draft.open("wb") as written:
        np.save(written, vectors, allow_pickle=False)
    files = dict(sorted({**files, file: sha256_of(folder / file)}.items()))
    manifest = manifest.model_copy(update={"files": files})
    _write(manifest, folder)
    write_descriptions(folder, manifest, load_costs(folder, manifest))
    first = next(Path(path).stem for path in files if path.startswith("features/"))
    return name, vectors, first


def _write(manifest: Manifest, folder: Path) -> None:
    write_text(folder / "manifest.json", manifest.model_dump_json(indent=2, by_alias=True) + "\n")
