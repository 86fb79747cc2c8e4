"""The findings of a check as a figure: similarity histogram, lengths, and a map in two dimensions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from catbench.arrays import Floats, Scores
from catbench.errors import UsageError
from catbench.files import atomic_file
from catbench.suite.prompts import SPLITS
from catbench_make.prompts.prompt_check import PromptCheck

FORMATS = (".png", ".svg")
COLOURS = {"train": "#9aa7b5", "validation": "#e0912f", "test": "#2a6fbb", "other": "#b03a5b"}
LOWEST = -0.2
"""Similarity at which the histogram begins."""
MOST_BINS = 60
MOST_POINTS = 20_000
"""Points of the map; of more prompts an even part is drawn."""


def check_plot_format(path: Path) -> None:
    """Raise UsageError where a file's ending is none that can be drawn."""
    if path.suffix not in FORMATS:
        raise UsageError(f"cannot draw {path}: a plot of prompts ends in {' or '.join(FORMATS)}")


def write_check_plot(found: PromptCheck, vectors: Scores, path: Path) -> None:
    """Draw a check, whole or not at all."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16.8, 4.6), layout="constrained")
    axes: Any = figure.subplots(1, 3)
    for axis, panel in zip(axes, (_similarities, _lengths, _map), strict=True):
        panel(axis, found, vectors)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8, markerscale=1.5)
    with atomic_file(path) as draft:
        figure.savefig(draft, dpi=150)


def _similarities(axis: Any, found: PromptCheck, vectors: Scores) -> None:
    groups = [(split, f"{split} to train", values) for split, values in found.nearest_train.items()]
    if found.other is not None and found.other_nearest is not None:
        groups.append(("other", f"all to {found.other.name}", found.other_nearest))
    bins = similarity_bins(found.near, max((len(values) for *_, values in groups), default=0))
    for group, label, values in groups:
        shown = np.minimum(values, 1)
        axis.hist(shown, bins, histtype="step", density=True, color=COLOURS[group], label=label)
    axis.axvline(found.near, color="black", linewidth=0.8, linestyle=":", label=f"near from {found.near:g}")
    axis.set_title("similarity to the nearest prompt", fontsize=9)
    axis.set_xlabel("cosine")
    axis.set_ylabel("density")


def similarity_bins(near: float, size: int) -> Floats:
    """Return the edges of a histogram of `size` similarities, of which one is `near`: no bar straddles it.

    There are about as many bins as the square root of the size says, 12 to `MOST_BINS`; the last ends at 1.
    """
    width = (1 - LOWEST) / np.clip(np.ceil(np.sqrt(size)), 12, MOST_BINS)
    below, above = np.ceil((near - LOWEST) / width), np.floor((1 - near) / width - 1e-9)
    return np.append(near + width * np.arange(-below, above + 1), 1.0)


def _lengths(axis: Any, found: PromptCheck, vectors: Scores) -> None:
    bins = np.arange(0.5, max(2, np.quantile(found.words, 0.995)) + 1)
    splits = found.prompts["split"].to_numpy()
    for split in SPLITS:
        words = found.words[splits == split]
        if len(words):
            axis.hist(words, bins, histtype="step", density=True, color=COLOURS[split], label=split)
    axis.set_title("length", fontsize=9)
    axis.set_xlabel("words (the longest 0.5% left out)")
    axis.set_ylabel("density")


def _map(axis: Any, found: PromptCheck, vectors: Scores) -> None:
    from sklearn.decomposition import PCA

    step = -(-len(vectors) // MOST_POINTS)
    parts = min(2, *vectors[::step].shape)
    points = PCA(parts, random_state=0).fit_transform(vectors[::step])
    points = np.pad(points, ((0, 0), (0, 2 - parts)))
    splits = found.prompts["split"].to_numpy()[::step]
    size = float(np.clip(100 / np.sqrt(len(points)), 1.5, 8))
    for split in SPLITS:
        chosen = points[splits == split]
        axis.plot(*chosen.T, ".", color=COLOURS[split], markersize=size, alpha=0.6, label=split)
    axis.set_title("first two principal components of the embeddings", fontsize=9)
    axis.set_xticks([])
    axis.set_yticks([])
