"""`python docs/make_use.py [NAME ...]`: write docs/use.md, a router in use, with what its commands print.

All, or those that are named: `nano draw` need no suite but the shipped one, the others flasheval-coco
(`catbench import flasheval-coco`), and take a few minutes. The prompts are our own; the table of later scores
is the suite's test split, and stays in a temporary folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from make_shared import DOCS, with_block

from catbench import load

SUITE, METRIC = "flasheval-coco", "image_reward"
PROMPTS = (
    "two dogs chase a red ball on the beach",
    "a bowl of fruit on a kitchen table",
    "a man with an umbrella waits for the bus in the rain",
    "three zebras stand near a pond",
    "a wooden bench beneath two old lamps in a park",
    "a cat sleeps on top of a laptop",
)
COMMANDS = {
    "fit": f"catbench fit ridge --suite {SUITE} --metric {METRIC} --cost tflops \\\n  --out my-router",
    "route": f'catbench route my-router "{PROMPTS[0]}" \\\n  "{PROMPTS[1]}" --save 40%',
    "file": "catbench route my-router --file prompts.txt --budget 40",
    "match": "catbench route my-router --file prompts.txt --match sd-2.1-ddim-50 \\\n  --out choices.jsonl",
    "refused": f'catbench route my-router "{PROMPTS[0]}" --budget 5',
    "report": "catbench route my-router --report later.csv",
    "nano": "catbench fit ridge --suite nano --metric scene_accuracy --out nano-router",
    "draw": 'catbench route nano-router "a big red circle on the left on a white background" \\\n'
    "  --save 60% --draw drawn",
}
ON_NANO = ("nano", "draw")
"""Those that need no suite but the shipped one."""
PAGE = DOCS / "use.md"


def page(names: Iterable[str] = tuple(COMMANDS)) -> str:
    """Return the page with what these commands print now put below them, in the order in which they stand."""
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "prompts.txt").write_text("\n".join(PROMPTS) + "\n", encoding="utf-8")
        for name in names:
            if name == "report":
                _later(place / "later.csv")
            command = COMMANDS[name]
            said = _run(command, place)
            block = f"```sh\n{command}\n```\n\n```text\n{said}\n```"
            text = with_block(PAGE, text, name, block)
    return text


def _run(command: str, place: Path) -> str:
    words = re.findall(r'"[^"]*"|\S+', command.replace("\\\n", " "))[1:]
    # How long work takes is no part of the page, so nothing is said of its progress.
    code = "from catbench.cli import main, progress; progress.PATIENCE = 3600; main()"
    arguments = [sys.executable, "-c", code, *(word.strip('"') for word in words)]
    wide = {**os.environ, "COLUMNS": "100"}
    ran = subprocess.run(arguments, cwd=place, capture_output=True, text=True, env=wide, check=False)
    return "\n".join(line.rstrip() for line in (ran.stdout + ran.stderr).strip().splitlines())


def _later(path: Path) -> None:
    """Write the scores of the suite's test split, which the router never saw, as a table of later scores."""
    matrix = load(SUITE)
    rows = matrix.rows("test")
    scores = matrix.scores[METRIC][rows].mean(axis=2)
    texts = matrix.prompts["text"].to_numpy()[rows]
    wide = pd.DataFrame(scores, columns=list(matrix.candidate_ids)).assign(
        prompt=texts, prompt_id=matrix.prompts["prompt_id"].to_numpy()[rows]
    )
    wide.melt(["prompt", "prompt_id"], var_name="candidate", value_name=METRIC).to_csv(path, index=False)


if __name__ == "__main__":
    PAGE.write_text(page(sys.argv[1:] or COMMANDS), encoding="utf-8")
