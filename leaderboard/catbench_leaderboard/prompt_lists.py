"""The page Prompts: one test prompt, every candidate's quality on it, what routers chose, the images."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from catbench.errors import SuiteError
from catbench.files import sha256_of
from catbench.score.rounds import Part
from catbench.suite.manifest import Manifest
from catbench.suite.matrix import ScoreMatrix
from catbench_leaderboard.board_answers import chosen
from catbench_leaderboard.problems import Row
from catbench_leaderboard.text import one_line

MOST = 500
"""Prompts that a search lists at once."""


def matching(part: Part, search: str) -> pd.DataFrame:
    """Return `prompt_id` and `text` of the tested prompts that hold every word of a search, in any case."""
    asked = part.matrix.prompts.iloc[part.rows][["prompt_id", "text"]]
    text = (asked["text"] + " " + asked["prompt_id"]).str.casefold()
    keep = np.ones(len(asked), dtype=bool)
    for word in search.casefold().split():
        keep &= text.str.contains(word, regex=False).to_numpy()
    return asked[keep].head(MOST).reset_index(drop=True)


def qualities(matrix: ScoreMatrix, candidates: Sequence[str], cost: str, prompt_id: str) -> pd.DataFrame:
    """Return one row a candidate: `candidate`, `cost`, and its mean score of this prompt on each metric."""
    pool = matrix.pool(candidates=list(candidates), cost=cost)
    row = int(np.flatnonzero(matrix.prompts["prompt_id"].to_numpy() == prompt_id)[0])
    position = {name: k for k, name in enumerate(matrix.candidate_ids)}
    table = pd.DataFrame({"candidate": pool.ids, "cost": pool.cost})
    depth = matrix.samples["test"]
    for metric in matrix.metrics:
        scores = matrix.scores[metric.name][row, :, :depth].astype(np.float64).mean(axis=1)
        table[metric.name] = [float(scores[position[name]]) for name in pool.ids]
    return table


def choices(rows: Sequence[Row], place: int, prompt_id: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a router: `router`, the candidate it `chose`, with that one's `cost` and quality.

    `place` is a budget's position among those of a curve, `table` that of `qualities`. Raises CatbenchError
    where predictions are gone, or have changed.
    """
    found: list[dict[str, object]] = []
    of = table.set_index("candidate")
    for row in rows:
        one = chosen(row)
        picked = row.result.candidates[int(one.choices[place, one.part.ids.index(prompt_id)])]
        metric = row.result.metric
        found.append(
            {
                "router": row.label,
                "chose": picked,
                **{name: of.loc[picked, name] for name in ("cost", metric)},
            }
        )
    return pd.DataFrame(found)


def images(folder: Path, manifest: Manifest, prompt_id: str) -> list[tuple[str, bytes]]:
    """Return (candidate, PNG) of a prompt's contact sheet, none where the suite has no sheet of it.

    Raises SuiteError where the sheet is not the one that the manifest names, or is no row of equal tiles.
    """
    name = f"images/{prompt_id}.webp"
    if name not in manifest.files:
        return []
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise SuiteError(f"{name}: named in manifest.json and missing; is the copy complete?")
    if sha256_of(path) != manifest.files[name]:
        raise SuiteError(f"{name}: differs from its digest in manifest.json")
    return _tiles(path, [candidate.id for candidate in manifest.candidates])


def title(prompt_id: str, text: str) -> str:
    """Return a prompt on one line, as a choice among many."""
    return f"{prompt_id}: {one_line(text, 80)}"


def _tiles(path: Path, candidates: Sequence[str]) -> list[tuple[str, bytes]]:
    from PIL import Image

    try:
        with Image.open(path) as opened:
            sheet = opened.convert("RGB")
    except OSError as error:
        raise SuiteError(f"{path.name}: not readable as an image") from error
    width, rest = divmod(sheet.width, len(candidates))
    if rest or not width:
        raise SuiteError(f"{path.name}: {sheet.width} pixels are no row of {len(candidates)} equal images")
    grown = max(1, 128 // width)
    tiles: list[tuple[str, bytes]] = []
    for number, candidate in enumerate(candidates):
        tile = sheet.crop((number * width, 0, (number + 1) * width, sheet.height))
        # Pixel by pixel: a smooth enlargement would flatter a blurred generator.
        tile = tile.resize((tile.width * grown, tile.height * grown), Image.Resampling.NEAREST)
        buffer = io.BytesIO()
        tile.save(buffer, format="PNG")
        tiles.append((candidate, buffer.getvalue()))
    return tiles
