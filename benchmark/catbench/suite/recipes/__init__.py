"""Recipes: how a suite is made of score files that others have published.

Nothing of these files is shipped with catbench but their digests (`data/recipes/SUITE.txt`: SHA-256, bytes
and path of each): they are fetched from their source at one commit, or read from a folder or archive. A
recipe is a file here that says what the suite is, what was left out and why, and a row of `RECIPES`.
"""

from __future__ import annotations

RECIPES = {
    "cems": "CEMS: 10,000 prompts x 4 models, CLIP score, NIMA and seconds.",
    "flasheval-coco": "FlashEval: 36,758 COCO captions x 36 Stable Diffusion candidates, four metrics.",
    "flasheval-diffusiondb": "FlashEval: 3,522 DiffusionDB prompts x 42 Stable Diffusion candidates.",
    "evalmi": "EvalMi-50K: 2,100 prompts x 24 models, judged by people (needs the extra xlsx).",
    "pqpp": "PQPP: 10,000 COCO captions, people's judgement of GLIDE and SDXL.",
}
"""Suite -> what it is, in a line. Its module has the name up to a hyphen, and the recipe in its `RECIPES`."""
