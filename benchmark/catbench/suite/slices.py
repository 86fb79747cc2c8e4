"""Complexity columns: how much a prompt asks for, counted by plain word lists, so that results can be sliced.

    tokens       words and punctuation marks
    numbers      number words and numerals
    attributes   colours, materials, sizes, states
    relations    words that set one thing beside another: on, behind, holding, ...
    styles       words about the picture and not what is on it: oil painting, 8 k, artstation, ...
    complexity   numbers + attributes + relations + styles, in four steps

A phrase counts once, where it counts first: styles, then relations, numbers and attributes. The lists are
English. No router ever sees these columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from catbench.suite.prompts import normalise

# Lower case, parted by white space, or by `|` where there are phrases among them.
NUMBERS = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen twenty
thirty forty fifty hundred thousand both pair pairs couple couples dozen dozens several many few multiple
numerous group groups bunch stack pile row rows crowd crowds herd flock hundreds thousands trio duo twin
twins half single double triple
"""
COLOURS = """
red orange yellow green blue purple violet pink brown black white grey gray golden gold silver turquoise
teal cyan magenta beige tan crimson scarlet maroon lavender indigo ivory amber emerald ruby sapphire bronze
copper blond blonde brunette ginger pale dark light bright colorful colourful multicolored multicoloured
pastel neon vivid vibrant striped spotted checkered plaid polka-dotted
"""
ATTRIBUTES = """
big small large little tiny huge giant gigantic enormous massive tall short long wide narrow thick thin fat
slim old young new ancient modern vintage antique elderly baby adult wooden metal metallic steel iron glass
plastic stone brick concrete leather furry fluffy fuzzy hairy woolen cotton silk paper ceramic marble rusty
shiny glossy matte smooth rough soft hard wet dry dirty clean muddy dusty sandy rocky grassy snowy rainy
cloudy sunny foggy misty stormy empty full open closed broken round square rectangular circular curved
straight flat sharp pointed beautiful pretty cute ugly handsome gorgeous elegant happy sad angry smiling
laughing crying sleeping scary creepy mysterious magical mystical ethereal futuristic medieval gothic cozy
warm cold hot frozen burning glowing transparent translucent crowded busy quiet calm fresh ripe raw cooked
sliced chopped fried baked grilled delicious electric mechanical robotic biomechanical armored naked
muscular bearded bald hooded masked winged horned parked lush dense dramatic majestic epic colossal ornate
delicate intricate fancy messy tidy cluttered decorated
"""
RELATIONS = """
on top of|in front of|next to|close to|on the side of|in the middle of|in the center of|
at the edge of|on each side of|to the left of|to the right of|surrounded by|covered in|covered with|
covered by|filled with|made of|made out of|attached to|leaning on|leaning against|sitting on|
sitting in|sitting at|standing on|standing in|standing next|lying on|laying on|riding on|looking at|
looking out|hanging from|hanging on|holding|wearing|carrying|riding|above|below|under|underneath|
beneath|behind|beside|between|among|amongst|inside|outside|within|over|across|along|around|
through|against|near|by|on|in|into|onto|with|upon|atop|towards|toward|beyond|facing|opposite|
throughout
"""
STYLES = """
trending on artstation|artstation|artstation hq|art station|deviantart|cgsociety|pixiv|behance|
unreal engine 5|unreal engine|octane render|octane|blender|cinema 4 d|cinema 4d|c4d|vray|v-ray|
ray tracing|raytracing|path tracing|zbrush|digital painting|digital art|digital illustration|
matte painting|oil painting|oil on canvas|acrylic painting|watercolor|watercolour|gouache|
pencil drawing|pencil sketch|sketch|charcoal|ink drawing|line art|lineart|concept art|
character design|character sheet|illustration|illustrated|comic book|comic|cartoon|anime|manga|
studio ghibli|pixar|disney|pixel art|low poly|lowpoly|isometric|voxel|vector art|vector|
3 d render|3d render|3 d|3d|render|rendered|rendering|cgi|photograph|photography|photo|
photorealistic|photorealism|photo realistic|realistic|realism|hyperrealistic|hyper realistic|
hyperrealism|ultra realistic|surrealism|surreal|surrealist|impressionism|impressionist|expressionism|
expressionist|cubism|cubist|art nouveau|art deco|baroque|rococo|renaissance|romanticism|pop art|
minimalism|minimalist|minimalistic|abstract art|abstract|fantasy art|fantasy|steampunk|cyberpunk|
solarpunk|vaporwave|synthwave|dieselpunk|film grain|film still|movie still|movie poster|poster|
cinematic lighting|cinematic|dramatic lighting|volumetric lighting|volumetric light|studio lighting|
soft lighting|rim lighting|rim light|global illumination|ambient occlusion|god rays|golden hour|
backlit|chiaroscuro|bokeh|depth of field|sharp focus|soft focus|lens flare|wide angle|wide shot|
close up|close-up|closeup|full body|macro|fisheye|tilt shift|long exposure|double exposure|
polaroid|35 mm|35mm|50 mm|85 mm|dslr|portrait|landscape|still life|symmetrical|symmetry|
highly detailed|extremely detailed|insanely detailed|ultra detailed|hyper detailed|hyperdetailed|
very detailed|super detailed|detailed|intricate details|high detail|high quality|best quality|
masterpiece|award winning|award-winning|4 k|4k|8 k|8k|16 k|16k|uhd|hdr|hd|high resolution|
high definition|black and white|monochrome|monochromatic|in the style of|style of|art by|artwork by|
painting by|painted by|drawn by|illustrated by|photo by|photography by|directed by|by greg rutkowski|
greg rutkowski|artgerm|alphonse mucha|painting|drawing|artwork|art
"""
COUNTS = ("styles", "relations", "numbers", "attributes")
"""In the order in which phrases are taken."""
STEPS = {"0 to 1": 0, "2 to 3": 2, "4 to 6": 4, "7 or more": 7}
"""Name of a step -> its least details."""
_TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")


def complexity(texts: Sequence[str]) -> pd.DataFrame:
    """Return the complexity columns of prompts, a row each."""
    counted = [_count(text) for text in texts]
    table = pd.DataFrame(counted, columns=["tokens", *COUNTS])
    steps = pd.cut(table[list(COUNTS)].sum(axis=1), [*STEPS.values(), np.inf], right=False, labels=[*STEPS])
    table = table[["tokens", "numbers", "attributes", "relations", "styles"]]
    return table.assign(complexity=steps.astype("str"))


def _count(text: str) -> list[int]:
    left = normalise(text)
    counts = [len(_TOKEN.findall(left))]
    for name in COUNTS:
        left, found = _PATTERNS[name].subn(" | ", left)
        counts.append(found)
    return counts


def _pattern(phrases: Sequence[str], more: str = "") -> re.Pattern[str]:
    """Return a pattern of whole phrases, the longest first."""
    known = sorted({" ".join(phrase.split()) for phrase in phrases} - {""}, key=len, reverse=True)
    ways = [r"\s+".join(map(re.escape, phrase.split())) for phrase in known]
    return re.compile(rf"(?<![\w-])(?:{'|'.join([*ways, *filter(None, [more])])})(?![\w-])")


_PATTERNS = {
    "styles": _pattern(STYLES.split("|")),
    "relations": _pattern(RELATIONS.split("|")),
    "numbers": _pattern(NUMBERS.split(), more=r"\d+(?:[.,]\d+)*"),
    "attributes": _pattern([*COLOURS.split(), *ATTRIBUTES.split()]),
}
