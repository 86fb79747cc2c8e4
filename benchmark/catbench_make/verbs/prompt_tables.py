"""The findings of `catbench prompts check` as tables in a terminal."""

from __future__ import annotations

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catbench.errors import counted, install_line
from catbench.terminal import one_line
from catbench_make.prompts.prompt_check import QUANTILES, PromptCheck

SHOWN = 5
"""Pairs that are printed of each kind; all stand in the JSON file."""


def print_check(found: PromptCheck, title: str) -> None:
    """Print the findings: leaks first, the nearest pairs as examples, then the statistics by split."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 110)
    texts = found.prompts["text"].tolist()
    split = found.prompts["split"].tolist()
    console.print(Text(f"{title}: {len(texts):,} prompts", style="bold"))
    near = f"{found.near:g} or nearer"
    for what, pairs in (("equal", found.exact), (near, found.similar)):
        if pairs is not None:
            labels = [f"{split[a]} / {split[b]}" for a, b in zip(pairs["a"], pairs["b"], strict=True)]
            _pairs(console, f"{what} across splits", pairs, labels, texts, texts)
    if found.other is not None:
        others = list(found.other.texts)
        for what, pairs in (("equal", found.other_exact), (near, found.other_similar)):
            if pairs is not None:
                labels = [split[a] for a in pairs["a"]]
                _pairs(console, f"{what} to {found.other.name}", pairs, labels, texts, others)
    for line in _verdict(found):
        console.print(Text(line), soft_wrap=True)
    console.print(_statistics(found))
    if found.beyond is None:
        console.print(f"beyond CLIP's window: not counted; for that, {install_line('generate')}")
    else:
        console.print(f"beyond CLIP's window of 77 tokens: {len(found.beyond):,} prompts")


def _verdict(found: PromptCheck) -> list[str]:
    """Return why the check is failed, nothing where it is not; what does not decide is said too."""
    pairs = counted(found.parted, "pair")
    if found.other is None:
        return [f"LEAK  {pairs} of equal or near prompts across splits"] if found.parted else []
    own = f"the exit code is of {found.other.name} alone, not of the suite's own {pairs} across splits"
    if not found.tested_elsewhere:
        return [own] if found.parted else []
    met = counted(found.tested_elsewhere, "test prompt")
    leak = f"LEAK  {met} in {found.other.name}: a router that is trained on it is tested on what it knows"
    return [leak, own] if found.parted else [leak]


def _pairs(
    console: Console, what: str, pairs: pd.DataFrame, labels: list[str], first: list[str], second: list[str]
) -> None:
    console.print(f"{what}: {len(pairs):,} pairs, {pairs['a'].nunique():,} prompts")
    nearest = pairs.assign(label=labels).sort_values("similarity", kind="stable")[::-1][:SHOWN]
    for a, b, similarity, label in nearest.to_numpy().tolist():
        line = f"  {similarity:.3f} {label}: {one_line(first[a], 60)} | {one_line(second[b], 60)}"
        console.print(Text(line), soft_wrap=True)


def _statistics(found: PromptCheck) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)  # fits a terminal of 80 columns
    table.add_column("split")
    vocabulary = found.vocabulary()
    words = [f"words:\n{name}" for name in (*QUANTILES, "mean")]
    for name in ("prompts", *words, "distinct\nwords", "not in\ntraining"):
        table.add_column(name, justify="right")
    sizes = found.prompts["split"].value_counts()
    for split, lengths in found.lengths().items():
        table.add_row(
            split,
            f"{sizes[split]:,}",
            *(f"{lengths[name]:.4g}" for name in (*QUANTILES, "mean")),
            f"{int(vocabulary[split]['distinct']):,}",
            f"{vocabulary[split]['unseen']:.1%}",
        )
    return table
