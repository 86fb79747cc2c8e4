"""The page Submit: how a router comes onto the board, in ten lines, with the template to start from."""

from __future__ import annotations

from catbench.submit.template import DEFAULT_SUITE, ROUTER, TOML

SLUG = "my-router"
STEPS = (
    "Install catbench from a clone of it: `pip install .` (Python 3.11 or newer).",
    f"Make a working submission: `catbench submit new {SLUG}`.",
    "Write your router in `router.py`: anything with `fit(prompts, quality)` and `predict(prompts)`.",
    "It reads prompts and nothing else; a policy has `route(prompts, trade_offs)` instead of `predict`.",
    "Weights, if any, lie beside it as `.npz` or `.safetensors`.",
    "Say who you are in `submission.toml`, and which suites it is for.",
    f"Find what is wrong with it: `catbench submit check submissions/{SLUG}`.",
    f"Run it in the sandbox: `catbench submit run submissions/{SLUG}`; this writes `report.json`.",
    "Look at it beside the others: `catbench leaderboard`.",
    "Open a pull request with the folder. It is run again, without secrets, by the base branch's code.",
)


def template() -> dict[str, str]:
    """Return the files of the template by name."""
    return {
        "router.py": ROUTER.format(slug=SLUG),
        "submission.toml": TOML.format(slug=SLUG, suite=DEFAULT_SUITE),
    }
