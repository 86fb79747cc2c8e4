"""Enter: how a router comes onto the board, what is checked, and the template to start from."""

from __future__ import annotations

from markupsafe import Markup

from catbench.report.submission_record import CHECK_WORDS
from catbench.submit.template import template_files
from catbench_leaderboard import markup
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard.markup import Column

SLUG = "my-router"
STEPS = {
    "Install catbench, in a clone of it": "pip install '.[leaderboard]'",
    "Make a working submission": f"catbench submit new {SLUG}",
    "Write your router in router.py; see what is wrong with it": f"catbench submit check submissions/{SLUG}",
    "Run it in the sandbox: this writes report.json": f"catbench submit run submissions/{SLUG}",
    "Look at it beside the others": "catbench leaderboard",
}
"""What is done, and the command for it."""


THEN = (
    "Then every number of the report is derived again from its predictions, and the predictions from the",
    "router. A report that fails is listed with the reason, without a rank. On a board of your own, reports",
    "that you ran yourself have a rank after:",
)


def enter_parts() -> list[Markup]:
    """Return what stands on the page."""
    about = "A folder with a router, checked and run in a sandbox: minutes, without a GPU."
    what = "A router has fit(prompts, quality) and predict(prompts). It reads prompts and nothing else."
    step = Markup("<p><strong>{}.</strong> {}.</p>{}")
    own = markup.code("catbench verify my-reports --all --mine")
    last = "Open a pull request with the folder. We run it again, without secrets: then it has a rank"
    columns = [Column("Check"), Column("What is done, and why")]
    return [
        markup.titled("Enter", about),
        markup.paragraph(what),
        *(step.format(k, do, markup.code(command)) for k, (do, command) in enumerate(STEPS.items(), 1)),
        step.format(len(STEPS) + 1, last, ""),
        markup.heading("What is checked"),
        markup.table("Honesty checks", columns, list(CHECK_WORDS.items())),
        markup.paragraph(" ".join(THEN)),
        own,
        markup.heading("The template"),
        *(markup.folded(file, markup.code(text)) for file, text in template_files(SLUG).items()),
    ]


def show() -> None:
    """Lay out how to enter."""
    layout.html(*enter_parts())
