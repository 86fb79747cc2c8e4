"""CEMS: a real score matrix of four text-to-image models on 10,000 prompts (Lee and Lee, CIKM 2024).

8,168 DiffusionDB prompts, 1,632 PartiPrompts and 200 DrawBench prompts; CLIP score and NIMA score, each
the mean over three images; seconds per image on an RTX 2080 Ti at 512 pixels. The files state no licence:
they are fetched from their source for local use and never shipped.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from catbench.costs import Cost
from catbench.errors import SuiteError, UsageError
from catbench.files import sha256_of
from catbench.matrix import Metric, ScoreMatrix, SuiteInfo
from catbench.pool import Candidate
from catbench.suites.reading import read_table
from catbench.suites.table import matrix_from_table

COMMIT = "e8b45979f04e1d40550bfd990e7bb1cbc6b928fc"
SOURCE = f"https://raw.githubusercontent.com/sco-edge/CEMS/{COMMIT}/Model_Perf/aug_10k"
FILES = {
    "clip_score_with_time_SD-Turbo.csv": "e1f0ea73868e2fffe873ec6cf03b75b643c5f38332a2fde15305f144a48321df",
    "clip_score_with_time_SDXL-Turbo.csv": "cafd265df517fe6c7d35c323f6836f365061ffe8d02ed0c73dd071e94fe9a983",
    "clip_score_with_time_TAESD.csv": "253809a126478ff74037b5bd8046e294602675bdc71856b086fd74465202c5cf",
    "clip_score_with_time_amused.csv": "48e95ba6e6d984f37937d9540d48b9c543a622d739e8449fb20a32601918f117",
    "nima_score_with_time_SD-Turbo.csv": "9f845cbf7ad7a95d9580deaf7277fe23c6823fef119035f83d17719633cf76ea",
    "nima_score_with_time_SDXL-Turbo.csv": "2745425e6589c95d6e8acfea1992958c88129026866543e913bc3110d37eeb5f",
    "nima_score_with_time_TAESD.csv": "50ff8cc43d46ba9f24f8731e7a85ee9353b50c3af6db2d7b715ecdc342eecc65",
    "nima_score_with_time_amused.csv": "69fd33567a7726d7ae7dd0d0450d54f81c65e5d353a4f5eacec74a5298354810",
}
"""File -> SHA-256."""
MODELS = {"SD-Turbo": "sd-turbo", "SDXL-Turbo": "sdxl-turbo", "amused": "amused", "TAESD": "taesd"}
"""Name in the files -> candidate id."""
DATASETS = {"DIFF": "DiffusionDB", "PP": "PartiPrompts", "DRAW": "DrawBench"}
METRICS = (
    Metric(
        name="clip_score",
        label="CLIPScore",
        citation="Hessel et al. 2021, times 100; mean of three images",
    ),
    Metric(name="nima_score", label="NIMA", citation="Talebi and Milanfar 2018; mean of three images"),
)
SUITE = SuiteInfo(
    id="cems",
    title="CEMS: 10,000 prompts x 4 text-to-image models, CLIP score and NIMA",
    licence="none stated; for local use only",
    source=f"https://github.com/sco-edge/CEMS, commit {COMMIT}, Model_Perf/aug_10k",
)


def import_cems(folder: Path | None = None) -> ScoreMatrix:
    """Return the CEMS matrix, of a folder with its eight files, or else fetched and cached.

    Raises UsageError where a file is missing or cannot be fetched, SuiteError where one was altered.
    """
    paths = _local(folder) if folder else _fetched()
    tables = {name: read_table(path) for name, path in paths.items()}
    keys = ["dataset_id", "prompt_id", "prompt"]
    rows: list[pd.DataFrame] = []
    costs: list[Cost] = []
    for model, candidate in MODELS.items():
        clip = tables[f"clip_score_with_time_{model}.csv"]
        nima = tables[f"nima_score_with_time_{model}.csv"]
        both = clip.merge(nima[["prompt_id", "nima_score"]], on="prompt_id", validate="one_to_one")
        rows.append(both[[*keys, "clip_score", "nima_score"]].assign(candidate=candidate))
        costs.append(_seconds(candidate, clip))
    table = pd.concat(rows, ignore_index=True)
    table["source"] = table.pop("dataset_id").map(DATASETS)
    candidates = [Candidate(id=candidate, model=model) for model, candidate in MODELS.items()]
    return matrix_from_table(table, costs, METRICS, SUITE, candidates=candidates, where="CEMS")


def measured_seconds(folder: Path) -> tuple[Cost, ...]:
    """Return the seconds per image of CEMS's models from a folder with its files; raises as `import_cems`."""
    paths = _local(folder)
    return tuple(
        _seconds(candidate, read_table(paths[f"clip_score_with_time_{model}.csv"]))
        for model, candidate in MODELS.items()
    )


def _seconds(candidate: str, clip: pd.DataFrame) -> Cost:
    """Return the cost of a model from its table of CLIP scores, which holds the times too."""
    return Cost(
        candidate=candidate,
        unit="seconds",
        value=float(clip["mean_time"].mean()),
        hardware="NVIDIA RTX 2080 Ti",
        method="mean over prompts of the measured seconds per 512 px image, mean_time in the source",
    )


def _local(folder: Path) -> dict[str, Path]:
    for name, digest in FILES.items():
        if not (folder / name).is_file():
            raise UsageError(f"{folder}: no {name}; the folder must hold the eight files of {SUITE.source}")
        if sha256_of(folder / name) != digest:
            raise SuiteError(f"{folder / name}: not the file of commit {COMMIT[:12]} (altered or cut short?)")
    return {name: folder / name for name in FILES}


def _fetched() -> dict[str, Path]:
    import pooch  # slow to import, and only a download needs it

    cache = pooch.create(path=pooch.os_cache("catbench") / "cems", base_url=SOURCE + "/", registry=FILES)
    try:
        return {name: Path(cache.fetch(name, progressbar=True)) for name in FILES}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot fetch CEMS: {error}; with the eight files at hand, give their folder with --from"
        ) from error
