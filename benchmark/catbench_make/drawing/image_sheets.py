"""Contact sheets: one WebP a test prompt, its first image by every candidate side by side.

The first `MOST` test prompts have one: enough to look at, where all would weigh more than the scores.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from catbench_make.drawing.shards import decoded, kept_images
from catbench_make.plan.job import Job
from catbench_make.plan.shard_plan import Shard

TILE = 256
"""Pixels of an image's longer side on a sheet; smaller images are not enlarged."""
QUALITY = 85
MOST = 300
"""Sheets of a suite, at most."""


def sheets(job: Job, shards: Sequence[Shard], prompt_ids: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (prompt id, WebP bytes) for each of these prompts, candidates in the order of the shards.

    The shards must be done, and their images kept.
    """
    of_block: dict[str, list[Shard]] = {}
    for shard in shards:
        of_block.setdefault(shard.block.name, []).append(shard)
    for members in of_block.values():
        block = members[0].block
        rows = [row for row, prompt in enumerate(block.prompt_ids) if prompt in prompt_ids]
        tiles = [_tiles(job, shard, rows) for shard in members] if rows else []
        for row in rows:
            yield block.prompt_ids[row], _sheet([tile[row] for tile in tiles])


def _tiles(job: Job, shard: Shard, rows: Collection[int]) -> Mapping[int, Any]:
    """Return the first image of each prompt at `rows` of the shard's block, small, by row."""
    tiles: dict[int, Any] = {}
    for image, png in zip(shard.block.images, kept_images(job, shard), strict=True):
        if image.row in rows and image.sample == 0:
            picture = decoded(png)
            picture.thumbnail((TILE, TILE))
            tiles[image.row] = picture
    return tiles


def _sheet(tiles: Sequence[Any]) -> bytes:
    from PIL import Image

    width, height = max(tile.width for tile in tiles), max(tile.height for tile in tiles)
    sheet = Image.new("RGB", (width * len(tiles), height))
    for x, tile in enumerate(tiles):
        sheet.paste(tile, (x * width, 0))
    buffer = io.BytesIO()
    sheet.save(buffer, format="WEBP", quality=QUALITY)
    return buffer.getvalue()
