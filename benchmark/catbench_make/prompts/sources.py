"""The paper's two datasets of prompts (§5.2): what they are, where they come from, and their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from catbench.download import Progress, fetch
from catbench.files import sha256_of
from catbench.suite.info import PromptFile, PromptSource
from catbench_make.prompts.source_tables import read_prompts

NSFW = "prompt_nsfw"
"""DiffusionDB's own score of how unsafe a prompt is, 0 to 1 (Wang et al. 2022, by Detoxify)."""


@dataclass(frozen=True)
class Dataset:
    """A dataset of prompts that can be fetched."""

    suite: str
    """Id of the suite that is made of it."""
    record: PromptSource
    download: str
    sha256: str
    members: tuple[str, ...] = ()
    """Files to read of an archive."""
    paper_prompts: int = 0
    """Prompts of the paper's suite."""


COCO = Dataset(
    suite="coco",
    record=PromptSource(
        name="COCO",
        licence="CC BY 4.0",
        url="https://cocodataset.org",
        citation="Lin et al. 2014; captions: Chen et al. 2015",
    ),
    download="http://images.cocodataset.org/annotations/annotations_trainval2014.zip",
    sha256="031296bbc80c45a1d1f76bf9a90ead27e94e99ec629208449507a4917a3bf009",
    members=("annotations/captions_train2014.json", "annotations/captions_val2014.json"),
    paper_prompts=18_384,
)
_COMMIT = "fb620fbe49fa4420e0734bd9c0df11f51176b61f"
DIFFUSIONDB = Dataset(
    suite="diffusiondb",
    record=PromptSource(
        name="DiffusionDB",
        licence="CC0-1.0",
        url=f"https://huggingface.co/datasets/poloclub/diffusiondb, commit {_COMMIT}",
        citation="Wang et al. 2022",
    ),
    download=f"https://huggingface.co/datasets/poloclub/diffusiondb/resolve/{_COMMIT}/metadata.parquet",
    sha256="eecd341187bc91c07f5994ad0660d40228ea025616fd57a509bef8323677c68f",
    paper_prompts=97_841,
)


def read_source(
    dataset: Dataset,
    files: Sequence[Path],
    *,
    column: str | None = None,
    nsfw: bool = False,
    progress: Progress,
) -> tuple[PromptSource, pd.DataFrame]:
    """Return a dataset's record with the files that were read, and their rows: `text`, with `nsfw` its score.

    Without `files` the dataset is fetched. Raises UsageError where that fails, or a file or column is not
    there; SuiteError for a file that cannot be read.
    """
    name = f"{dataset.suite}-{Path(dataset.download).name}"
    paths = list(files) or [fetch(dataset.download, dataset.sha256, name, progress)]
    numbers = [NSFW] if nsfw else []
    tables = [read_prompts(path, column, numbers, dataset.members) for path in paths]
    read = tuple(
        PromptFile(name=path.name, sha256=sha256_of(path), rows=len(table))
        for path, table in zip(paths, tables, strict=True)
    )
    return dataset.record.model_copy(update={"files": read}), pd.concat(tables, ignore_index=True)
