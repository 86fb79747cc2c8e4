"""Contact sheets: one WebP a prompt, a column for each candidate, a row for each sample."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq

from catbench.generate.job import Job
from catbench.generate.plan import Block, Shard
from catbench.generate.shards import IMAGE_COLUMN, shard_path

TILE = 256
"""Pixels of an image's longer side on a sheet; smaller images are not enlarged."""
QUALITY = 85


def sheets(job: Job, shards: Sequence[Shard]) -> Iterator[tuple[str, bytes]]:
    """Yield (prompt id, WebP bytes) for every prompt of the shards, candidates in the order given.

    The shards must be done, and their images kept.
    """
    of_block: dict[str, list[Shard]] = {}
    for shard in shards:
        of_block.setdefault(shard.block.name, []).append(shard)
    for members in of_block.values():
        block = members[0].block
        tiles = [_tiles(job, shard) for shard in members]
        for row, prompt in enumerate(block.prompt_ids):
            yield prompt, _sheet(block, row, tiles)


def _tiles(job: Job, shard: Shard) -> dict[tuple[int, int], Any]:
    """Return the images of a shard, small, by (row of the prompt, sample)."""
    from PIL import Image

    encoded = pq.read_table(shard_path(job, shard), columns=[IMAGE_COLUMN])[IMAGE_COLUMN].to_pylist()
    tiles: dict[tuple[int, int], Any] = {}
    for image, content in zip(shard.block.images, encoded, strict=True):
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        picture.thumbnail((TILE, TILE))
        tiles[image.row, image.sample] = picture
    return tiles


def _sheet(block: Block, row: int, tiles: Sequence[Mapping[tuple[int, int], Any]]) -> bytes:
    from PIL import Image

    rows = [[tile[row, sample] for tile in tiles] for sample in range(block.samples[row])]
    width = max(tile.width for line in rows for tile in line)
    height = max(tile.height for line in rows for tile in line)
    sheet = Image.new("RGB", (width * len(tiles), height * len(rows)))
    for y, line in enumerate(rows):
        for x, tile in enumerate(line):
            sheet.paste(tile, (x * width, y * height))
    buffer = io.BytesIO()
    sheet.save(buffer, format="WEBP", quality=QUALITY)
    return buffer.getvalue()
