"""Reads a prompt of `phrases` back to what it asks for: a scene, or an inventory where it leaves places open.

The grammar is small, so a prompt has one reading. What the things of a prompt are is thereby known from its
text alone, which `scene_accuracy` rests on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from catbench.errors import UsageError
from catbench_make.nano.phrases import (
    CELL_PHRASES,
    COLOUR_WORDS,
    COUNTS,
    EMPTY_FRAMES,
    FRAMES,
    PATTERN_PHRASES,
    PLURALS,
    RELATIONS,
    SHAPE_WORDS,
    SIZE_WORDS,
    neighbour,
)
from catbench_make.nano.world import (
    BACKGROUNDS,
    CELLS,
    COLOURS,
    MAX_THINGS,
    MIDDLE,
    PATTERNS,
    Inventory,
    Scene,
    Thing,
)


def read(prompt: str) -> Scene | Inventory:
    """Return the scene that a prompt tells, or the inventory where none of its things has a place.

    Raises UsageError for a text that is no sentence of the world's grammar, puts two things in one cell,
    gives places to some things only, or names more than `MAX_THINGS` things.
    """
    text = " ".join(prompt.casefold().split())
    for frame in _EMPTY_FRAMES:
        if match := frame.fullmatch(text):
            return Scene(_BACKGROUND_OF[match["background"]], (None,) * CELLS)
    for frame in _FRAMES:
        if match := frame.fullmatch(text):
            background = _BACKGROUND_OF[match["background"]]
            items = re.split(r", | and ", match["items"])
            asked = _read_open(background, items) or _read_placed(background, items, prompt)
            if asked.complexity > MAX_THINGS:
                raise UsageError(
                    f"prompt {prompt!r} names {asked.complexity} things; a scene has {MAX_THINGS} at most"
                )
            return asked
    raise UsageError(f"prompt {prompt!r} is no sentence of the nano world: it names no background")


def _read_open(background: str, items: list[str]) -> Inventory | None:
    """Return the inventory if all items are things without a place."""
    things: list[Thing] = []
    for item in items:
        if match := _OPEN_ONE.fullmatch(item):
            things.append(_thing(match, "1"))
        elif match := _OPEN_MANY.fullmatch(item):
            things += [_thing(match, "")] * _NUMBER_OF[match["count"]]
        else:
            return None
    return Inventory(background, tuple(things))


def _read_placed(background: str, items: list[str], prompt: str) -> Scene:
    cells: list[Thing | None] = [None] * CELLS
    for item in items:
        for cell, thing in _read_item(item, prompt):
            if cells[cell] is not None:
                raise UsageError(f"prompt {prompt!r} puts two things in one place ({item!r})")
            cells[cell] = thing
    return Scene(background, tuple(cells))


def _read_item(item: str, prompt: str) -> list[tuple[int, Thing]]:
    if match := _GROUP.fullmatch(item):
        cells = PATTERNS[_pattern_of(match["pattern"], match["count"])]
        return [(cell, _thing(match, "")) for cell in cells]
    for form in _RELATED:
        if match := form.fullmatch(item):
            place = match.groupdict().get("place")
            cell = _CELL_OF[place] if place else MIDDLE
            beside = neighbour(cell, match["relation"])
            if beside is not None:
                return [(cell, _thing(match, "1")), (beside, _thing(match, "2"))]
    for form in _SINGLE:
        if match := form.fullmatch(item):
            return [(_CELL_OF[match["place"]], _thing(match, "1"))]
    is_open = _OPEN_ONE.fullmatch(item) or _OPEN_MANY.fullmatch(item)
    open_too = " (other things have places: give one to all or to none)" if is_open else ""
    raise UsageError(f"prompt {prompt!r}: cannot read {item!r} as a thing with a place{open_too}")


def _thing(match: re.Match[str], number: str) -> Thing:
    size, colour, shape = (match[f"{name}{number}"] for name in ("size", "colour", "shape"))
    return Thing(_SIZE_OF[(size or "").strip()], _COLOUR_OF[colour], _SHAPE_OF[shape])


def _pattern_of(phrase: str, count: str) -> str:
    for name, phrases in PATTERN_PHRASES.items():
        if phrase in phrases and COUNTS[len(PATTERNS[name])] == count:
            return name
    raise UsageError(f"{count} things cannot stand {phrase!r} in the nano world")


def _words(mapping: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {word: name for name, words in mapping.items() for word in words}


def _either(words: Iterable[str]) -> str:
    return "|".join(sorted((re.escape(word) for word in words if word), key=len, reverse=True))


def _noun(number: str, shapes: Iterable[str]) -> str:
    return (
        f"(?P<size{number}>(?:{_either(_SIZE_OF)}) )?(?P<colour{number}>{_either(_COLOUR_OF)}) "
        f"(?P<shape{number}>{_either(shapes)})"
    )


def _frame(template: str) -> re.Pattern[str]:
    pattern = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(
        pattern.format(items="(?P<items>.+)", background=f"(?P<background>{_either(_BACKGROUND_OF)})")
    )


_SIZE_OF = _words(SIZE_WORDS)
_SHAPE_OF = _words(SHAPE_WORDS) | {PLURALS[w]: name for w, name in _words(SHAPE_WORDS).items()}
_COLOUR_OF = _words({name: COLOUR_WORDS.get(name, (name,)) for name in COLOURS})
_BACKGROUND_OF = _words({name: COLOUR_WORDS.get(name, (name,)) for name in BACKGROUNDS})
_CELL_OF = {place: cell for cell, places in CELL_PHRASES.items() for place in places}
_NUMBER_OF = {word: number for number, word in COUNTS.items()}
_FRAMES = [_frame(template) for template in sorted(FRAMES, key=len, reverse=True)]
_EMPTY_FRAMES = [_frame(template) for template in EMPTY_FRAMES]

_ONE, _TWO = (f"an? {_noun(number, _words(SHAPE_WORDS))}" for number in "12")
_MANY = f"(?P<count>{_either(COUNTS.values())}) {_noun('', PLURALS.values())}"
_PLACE = f"(?P<place>{_either(_CELL_OF)})"
_RELATION = f"(?P<relation>{_either(RELATIONS)})"
_OPEN_ONE, _OPEN_MANY = re.compile(_ONE), re.compile(_MANY)
_GROUP = re.compile(f"{_MANY} (?P<pattern>{_either(_words(PATTERN_PHRASES))})")
_SINGLE = [re.compile(f"{_ONE} {_PLACE}"), re.compile(f"{_PLACE} {_ONE}")]
_RELATED = [
    re.compile(f"{_TWO} {_RELATION} {_ONE}(?: {_PLACE})?"),
    re.compile(f"{_ONE} {_PLACE} with {_TWO} {_RELATION} it"),
]
