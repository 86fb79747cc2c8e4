"""The suite's prompts: held-out scenes of all themes, some said with places, some without.

The theme is a prompt's `source`. Some scenes are said in two or three phrasings; a group is an inventory, so
neither splits nor intervals part a scene from its rephrasings. 60% of the groups are for training, 10% for
validation and 30% for testing, by SHA-256 of the group. `places` and `complexity` are there to slice by.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import islice
from typing import NamedTuple

import pandas as pd

from catbench.suite.prompts import Split, group_of, share_of
from catbench_make.nano.phrases import phrase
from catbench_make.nano.world import Scene, draw_scenes

OPEN_SHARE = 0.3
"""Share of scenes whose prompts leave places open."""
_PHRASINGS = (0.6, 0.25, 0.15)
"""Share of scenes that are said once, twice and three times."""
_TRAIN, _VALIDATION = 0.6, 0.1


class HeldOutScene(NamedTuple):
    """A scene of a suite, and whether its prompts say where things are."""

    theme: str
    scene: Scene
    places: bool

    @property
    def group(self) -> str:
        """The id of its group: the same for all scenes with its inventory."""
        return group_of(self.scene.inventory.key)


def distinct_scenes(number: int, seed: int, known: Collection[str] = ()) -> list[HeldOutScene]:
    """Return so many held-out scenes of a seed, of as many groups, none of which is in `known`."""
    rng = random.Random(f"catbench nano 2 places {seed}")
    found: dict[str, HeldOutScene] = {}
    for theme, scene in draw_scenes(seed, "suite"):
        if len(found) == number:
            break
        drawn = HeldOutScene(theme, scene, rng.random() >= OPEN_SHARE)
        if drawn.group not in known:
            found.setdefault(drawn.group, drawn)
    return list(found.values())


def prompt_table(scenes: list[HeldOutScene], seed: int, name: str) -> pd.DataFrame:
    """Return a prompt table: one row a phrasing, ids `<name>-0001` and on."""
    rng = random.Random(f"catbench nano 2 phrasings {seed}")
    rows: list[dict[str, str | int]] = []
    for drawn in scenes:
        draw = rng.random()
        ways = 1 + (draw >= _PHRASINGS[0]) + (draw >= _PHRASINGS[0] + _PHRASINGS[1])
        texts = dict.fromkeys(phrase(drawn.scene, seed * 10 + way, places=drawn.places) for way in range(10))
        for text in islice(texts, ways):
            rows.append(
                {
                    "prompt_id": f"{name}-{len(rows) + 1:04d}",
                    "text": text,
                    "source": drawn.theme,
                    "group": drawn.group,
                    "split": _split_of_group(drawn.group),
                    "complexity": drawn.scene.complexity,
                    "places": "given" if drawn.places else "open",
                }
            )
    return pd.DataFrame(rows)


def _split_of_group(group: str) -> Split:
    share = share_of(group)
    return "train" if share < _TRAIN else "validation" if share < _TRAIN + _VALIDATION else "test"
