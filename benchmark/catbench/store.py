"""A suite on disk: a folder that pandas, DuckDB or a dataset hub opens as it is.

    manifest.json    schema, suite, candidates, pools, metrics, samples and sizes of the splits,
                     SHA-256 of every file
    prompts.parquet  prompt_id, text, source, group, split, and any columns to slice by
    scores.parquet   prompt_id, candidate, sample, one float32 column a metric
    costs.parquet    candidate, unit, value, hardware, batch_size, precision, method
    features/*.npy   optional prompt embeddings, rows in the order of prompts.parquet
    images/*.webp    optional sheets, one a prompt, candidates in the order of the manifest

Reading checks the digests and every rule of a matrix. Writing is atomic. Nothing is pickled.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from platformdirs import user_data_dir
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catbench.arrays import Ints, Scores
from catbench.cells import ScoreCells
from catbench.costs import Cost, check_costs
from catbench.errors import SuiteError, UsageError, unknown_name
from catbench.files import atomic_folder, sha256_of
from catbench.matrix import Metric, ScoreMatrix, SuiteInfo
from catbench.pool import Candidate
from catbench.prompts import SPLITS, Split

PROMPT_COLUMNS = ("prompt_id", "text", "source", "group", "split")
ROWS_AT_ONCE = 1 << 17
"""Score rows that are held as Arrow while reading or writing: a row group of the file."""


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
    files: dict[str, str]
    """Path in the folder -> SHA-256."""


def load(suite: str | os.PathLike[str]) -> ScoreMatrix:
    """Return the matrix of a suite, by name (`catbench suites` lists them) or by its folder.

    Raises UsageError for an unknown name, SuiteError for a folder that breaks a rule of the format or
    whose files differ from the digests in its manifest.
    """
    folder = suite_folder(suite)
    manifest = read_manifest(folder)
    for name in ("prompts.parquet", "scores.parquet", "costs.parquet"):
        if name not in manifest.files:
            raise SuiteError(f"{folder / 'manifest.json'}: no digest of {name}")
    for split in SPLITS:
        if manifest.samples.get(split, 0) < 1:
            raise SuiteError(f"{folder / 'manifest.json'}: no number of samples for the {split} split")
    for name, digest in manifest.files.items():
        if name.endswith(".parquet"):
            _check_digest(folder, name, digest)
    prompts = _read_prompts(folder / "prompts.parquet")
    costs = _read_costs(folder / "costs.parquet", manifest)
    return ScoreMatrix(
        suite=manifest.suite,
        prompts=prompts,
        candidates=manifest.candidates,
        metrics=manifest.metrics,
        scores=_read_scores(folder / "scores.parquet", prompts, manifest),
        costs=costs,
        pools=manifest.pools,
        samples=manifest.samples,
        features=load_features(folder, manifest),
        digest=sha256_of(folder / "manifest.json"),
    )


def load_prompts(folder: Path, manifest: Manifest) -> pd.DataFrame:
    """Return the prompts of a suite, which need not have scores yet. Raises SuiteError as `load` does."""
    if "prompts.parquet" not in manifest.files:
        raise SuiteError(f"{folder / 'manifest.json'}: no digest of prompts.parquet")
    _check_digest(folder, "prompts.parquet", manifest.files["prompts.parquet"])
    return _read_prompts(folder / "prompts.parquet")


def load_costs(folder: Path, manifest: Manifest) -> tuple[Cost, ...]:
    """Return the costs of a suite, none where it has no table yet. Raises SuiteError as `load` does."""
    if "costs.parquet" not in manifest.files:
        return ()
    _check_digest(folder, "costs.parquet", manifest.files["costs.parquet"])
    return _read_costs(folder / "costs.parquet", manifest)


def load_features(folder: Path, manifest: Manifest) -> dict[str, Scores]:
    """Return the prompt embeddings of a suite by name. Raises SuiteError for an altered file."""
    features: dict[str, Scores] = {}
    for name, digest in manifest.files.items():
        if name.startswith("features/"):
            _check_digest(folder, name, digest)
            with _readable(folder / name, "a NumPy array"):
                features[Path(name).stem] = np.load(folder / name, allow_pickle=False)
    return features


def verify(suite: str | os.PathLike[str]) -> ScoreMatrix:
    """Load a suite and check the digest of every file, images included. Raises as `load` does."""
    folder = suite_folder(suite)
    for name, digest in read_manifest(folder).files.items():
        _check_digest(folder, name, digest)
    return load(folder)


def save(
    matrix: ScoreMatrix,
    folder: str | os.PathLike[str],
    *,
    extra: Mapping[str, pd.DataFrame] | None = None,
    images: Iterable[tuple[str, bytes]] = (),
    force: bool = False,
) -> None:
    """Write a matrix as a suite folder, whole or not at all.

    `extra` holds further tables by file stem, such as the truth behind a simulated suite; `images` the
    WebP sheets by file stem, taken one by one. A folder that is there already is replaced only with
    `force`. Raises UsageError where it cannot be written.
    """
    with atomic_folder(Path(folder), force=force) as draft:
        matrix.prompts.to_parquet(draft / "prompts.parquet", index=False)
        _write_scores(matrix, draft / "scores.parquet")
        costs = pd.DataFrame([cost.model_dump() for cost in matrix.costs])
        costs.to_parquet(draft / "costs.parquet", index=False)
        for stem, table in (extra or {}).items():
            table.to_parquet(draft / f"{stem}.parquet", index=False)
        if matrix.features:
            (draft / "features").mkdir()
            for name, values in matrix.features.items():
                np.save(draft / "features" / f"{name}.npy", values, allow_pickle=False)
        for stem, sheet in images:
            (draft / "images").mkdir(exist_ok=True)
            (draft / "images" / f"{stem}.webp").write_bytes(sheet)
        files = sorted(path for path in draft.rglob("*") if path.is_file())
        manifest = Manifest(
            schema=1,
            suite=matrix.suite,
            candidates=matrix.candidates,
            pools=dict(matrix.pools),
            metrics=matrix.metrics,
            samples=dict(matrix.samples),
            splits={split: len(matrix.rows(split)) for split in SPLITS},
            files={path.relative_to(draft).as_posix(): sha256_of(path) for path in files},
        )
        text = manifest.model_dump_json(indent=2, by_alias=True)
        (draft / "manifest.json").write_text(text + "\n", encoding="utf-8")


def home() -> Path:
    """Return the folder of this user's suites: `$CATBENCH_HOME`, or the platform's data folder."""
    return Path(os.environ.get("CATBENCH_HOME") or user_data_dir("catbench")) / "suites"


def known_suites() -> dict[str, Path]:
    """Return the folders of all suites that can be named: those shipped, then this user's."""
    shipped = Path(__file__).parent / "data" / "suites"
    found = (path.parent for root in (home(), shipped) for path in root.glob("*/manifest.json"))
    return {path.name: path for path in sorted(found)}


def suite_folder(suite: str | os.PathLike[str]) -> Path:
    """Return the folder of a suite given by name or path; raises UsageError where there is none."""
    path = Path(suite)
    if (path / "manifest.json").is_file():
        return path
    if path.is_dir():
        raise SuiteError(f"{path} is no suite: it has no manifest.json")
    known = known_suites()
    if str(suite) not in known:
        hint = (
            "make it with `catbench import cems`"
            if suite == "cems"
            else "or give the path of a suite's folder"
        )
        raise UsageError(f"{unknown_name('suite', str(suite), known)} ({hint})")
    return known[str(suite)]


def read_manifest(folder: Path) -> Manifest:
    """Return a suite's manifest; raises SuiteError naming the field that is wrong."""
    path = folder / "manifest.json"
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise SuiteError(f"{path}: {place}: {first['msg']} (is it altered or cut short?)") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: cannot be read: {error}") from error


def _check_digest(folder: Path, name: str, digest: str) -> None:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise SuiteError(f"{folder / 'manifest.json'}: {name!r} lies outside the suite")
    if not path.is_file():
        raise SuiteError(f"{folder / name}: named in manifest.json and missing; is the copy complete?")
    if (found := sha256_of(path)) != digest:
        raise SuiteError(
            f"{folder / name}: SHA-256 {found[:12]}… is not {digest[:12]}… of manifest.json: the file is "
            "altered or cut short; fetch or make the suite again"
        )


def _read_prompts(path: Path) -> pd.DataFrame:
    table = _arrow(path, None).to_pandas()
    for column in PROMPT_COLUMNS:
        if column not in table:
            raise SuiteError(f"{path}: no column {column!r}; it has {', '.join(map(str, table.columns))}")
        if table[column].isna().any():
            row = int(np.flatnonzero(table[column].isna().to_numpy())[0])
            raise SuiteError(f"{path}, row {row + 1}: {column} is empty")
    odd = ~table["split"].isin(SPLITS).to_numpy()
    if odd.any():
        row, known = int(odd.argmax()), ", ".join(SPLITS)
        raise SuiteError(
            f"{path}, row {row + 1}: unknown split {table['split'].iloc[row]!r}; splits are {known}"
        )
    return table


def _read_costs(path: Path, manifest: Manifest) -> tuple[Cost, ...]:
    rows = _arrow(path, None).to_pylist()
    try:
        costs = tuple(Cost.model_validate(row) for row in rows)
    except ValidationError as error:
        raise SuiteError(f"{path}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error
    check_costs(costs, [candidate.id for candidate in manifest.candidates], str(path))
    return costs


def _arrow(path: Path, columns: list[str] | None) -> Any:
    with _readable(path, "Parquet"):
        return pq.read_table(path, columns=columns)


@contextmanager
def _readable(path: Path, form: str) -> Generator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise SuiteError(f"{path}: not readable as {form}: {error}") from error


def _read_scores(path: Path, prompts: pd.DataFrame, manifest: Manifest) -> dict[str, Scores]:
    """Read the score rows, in any order, into one array a metric; every cell exactly once."""
    with _readable(path, "Parquet"):
        file = pq.ParquetFile(path, read_dictionary=["prompt_id", "candidate"], pre_buffer=False)
    wanted = ["prompt_id", "candidate", "sample", *(metric.name for metric in manifest.metrics)]
    _check_columns(file.schema_arrow, wanted, path)
    depth: Ints = prompts["split"].map(dict(manifest.samples)).to_numpy(dtype=np.int64)
    cells = ScoreCells(
        prompts["prompt_id"].tolist(), [c.id for c in manifest.candidates], depth, wanted[3:], str(path)
    )
    before = 0
    for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=wanted):
        columns = [batch.column(name) for name in wanted]
        for name, column in zip(wanted, columns, strict=True):
            if column.null_count:
                row = before + int(column.is_null().to_numpy(zero_copy_only=False).argmax())
                raise SuiteError(f"{path}, row {row + 1}: {name} is empty")
        before += batch.num_rows
        cells.add(
            _positions(columns[0], cells.prompt_index, "prompt", path),
            _positions(columns[1], cells.candidate_index, "candidate", path),
            columns[2].to_numpy(zero_copy_only=False),
            [column.to_numpy(zero_copy_only=False) for column in columns[3:]],
        )
    return cells.finish()


def _check_columns(schema: Any, wanted: Sequence[str], path: Path) -> None:
    """Raise SuiteError where a column of the score table is absent or of another type."""
    for position, name in enumerate(wanted):
        if name not in schema.names:
            raise SuiteError(f"{path}: no column {name!r}; it has {', '.join(schema.names)}")
        found, types = schema.field(name).type, pa.types
        if position < 2:
            kind, good = "text", types.is_dictionary(found)
        elif position == 2:
            kind, good = "a whole number", types.is_integer(found)
        else:
            kind, good = "a number", types.is_floating(found) or types.is_integer(found)
        if not good:
            raise SuiteError(f"{path}: column {name!r} holds {found}; it must be {kind}")


def _positions(column: Any, index: pd.Index[str], kind: str, path: Path) -> Ints:
    """Return the position of each value of a dictionary column in `index`."""
    names = column.dictionary.to_pylist()
    lookup = index.get_indexer(pd.Index(names, dtype=index.dtype))
    if len(names) and lookup.min() < 0:
        name = names[int(lookup.argmin())]
        raise SuiteError(f"{path}: {kind} {name!r} has scores but is not in the suite's {kind} list")
    return lookup[column.indices.to_numpy(zero_copy_only=False)]


def _write_scores(matrix: ScoreMatrix, path: Path) -> None:
    """Write rows prompt by prompt, candidate by candidate, sample by sample."""
    ids = pa.array(matrix.prompts["prompt_id"].tolist())
    names = pa.array(list(matrix.candidate_ids))
    depth = matrix.prompts["split"].map(dict(matrix.samples)).to_numpy()
    shape = next(iter(matrix.scores.values())).shape
    step = max(1, ROWS_AT_ONCE // (shape[1] * shape[2]))
    schema = pa.schema(
        [("prompt_id", pa.string()), ("candidate", pa.string()), ("sample", pa.int16())]
        + [(metric, pa.float32()) for metric in matrix.scores]
    )
    repeated: Any = ["prompt_id", "candidate"]
    with pq.ParquetWriter(path, schema, use_dictionary=repeated) as writer:
        for start in range(0, shape[0], step):
            part = slice(start, start + step)
            due = np.broadcast_to(
                np.arange(shape[2]) < depth[part, None, None], (len(depth[part]), *shape[1:])
            )
            prompt, candidate, sample = (axis.astype(np.int32) for axis in np.nonzero(due))
            table = pa.table(
                [
                    ids.take(pa.array(prompt + start)),
                    names.take(pa.array(candidate)),
                    pa.array(sample.astype(np.int16)),
                    *(pa.array(scores[part][due]) for scores in matrix.scores.values()),
                ],
                schema=schema,
            )
            writer.write_table(table)
