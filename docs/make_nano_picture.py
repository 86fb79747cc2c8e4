"""`python docs/make_nano_picture.py`: docs/nano.png, what candidates of the suite draw of a few prompts."""

from __future__ import annotations

import textwrap
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from catbench import load
from catbench.suite.manifest import read_manifest
from catbench.suite.sheets import images
from catbench.suite.store import suite_folder
from catbench_make.nano.reading import read
from catbench_make.nano.render import render
from catbench_make.nano.world import Scene

DRAWN = ("p-4", "q-4", "r-4", "t-4", "l-8", "turbo-1", "lightning-4", "amused-4")
"""Candidates on the picture, without their `nano-`."""


def picture(path: Path) -> None:
    """Draw a row a prompt: its words, the picture that the renderer makes of it, and what candidates draw."""
    matrix, folder = load("nano"), suite_folder("nano")
    manifest = read_manifest(folder)
    test = matrix.prompts.iloc[matrix.rows("test")]
    sheets = [row for row in test.itertuples() if images(folder, manifest, row.prompt_id)]
    chosen = [
        next(row for row in sheets if (row.complexity, row.places) == kind)
        for kind in ((1, "given"), (2, "open"), (3, "given"), (4, "open"), (5, "given"), (6, "given"))
    ]
    heads = ["rendered", *DRAWN]
    width = 1.05 * len(heads) + 3.6
    figure, axes = plt.subplots(len(chosen), len(heads), figsize=(width, 1.12 * len(chosen)))
    for row, line in zip(chosen, axes, strict=True):
        asked = read(row.text)
        drawn = images(folder, manifest, row.prompt_id)
        real = [render(asked)] if isinstance(asked, Scene) else [None]
        tiles = [*real, *(np.asarray(Image.open(BytesIO(drawn[f"nano-{name}"]))) for name in DRAWN)]
        words = textwrap.fill(row.text, 40)
        line[0].text(-0.15, 0.5, words, transform=line[0].transAxes, ha="right", va="center", fontsize=9)
        for axis, tile in zip(line, tiles, strict=True):
            axis.axis("off")
            if tile is not None:
                axis.imshow(tile, interpolation="nearest")
            else:
                axis.text(0.5, 0.5, "(places\nopen)", ha="center", va="center", fontsize=9, color="0.35")
    for axis, head in zip(axes[0], heads, strict=True):
        axis.set_title(head, fontsize=9)
    figure.subplots_adjust(left=3.5 / width, right=0.995, top=0.95, bottom=0.01, wspace=0.06, hspace=0.08)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    picture(Path(__file__).with_name("nano.png"))
