"""Contact sheets of a suite: a prompt's images side by side, a candidate each."""

from __future__ import annotations

import io
from pathlib import Path

from catbench.errors import SuiteError
from catbench.files import sha256_of
from catbench.suite.manifest import Manifest


def images(folder: Path, manifest: Manifest, prompt_id: str) -> dict[str, bytes]:
    """Return each candidate's image of a prompt as PNG, none where the suite has no sheet of it.

    Raises SuiteError where the sheet is not the one that the manifest names, or is no row of equal tiles.
    """
    from PIL import Image

    name = f"images/{prompt_id}.webp"
    if name not in manifest.files:
        return {}
    # Not as `load` says it: visitors of a leaderboard see this, and not where the host keeps the suite.
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise SuiteError(f"{name}: named in manifest.json and missing; is the copy complete?")
    if sha256_of(path) != manifest.files[name]:
        raise SuiteError(f"{name}: differs from its digest in manifest.json")
    try:
        sheet = Image.open(path).convert("RGB")
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path.name}: not readable as an image") from error
    width, rest = divmod(sheet.width, len(manifest.candidates))
    if rest or not width:
        raise SuiteError(
            f"{path.name}: {sheet.width} pixels are no row of {len(manifest.candidates)} equal images"
        )
    tiles: dict[str, bytes] = {}
    for number, candidate in enumerate(manifest.candidates):
        buffer = io.BytesIO()
        sheet.crop((number * width, 0, (number + 1) * width, sheet.height)).save(buffer, format="PNG")
        tiles[candidate.id] = buffer.getvalue()
    return tiles
