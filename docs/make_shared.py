"""What the scripts beside it share: tables, reports by name, blocks of a page between two comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from catbench.report.report import Report

DOCS = Path(__file__).parent
ROOT = DOCS.parent
REPORTS = ROOT / "baselines" / "reports"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], rule: str = "") -> str:
    """Return a Markdown table; `rule` is the line below the heads, by default `| --- | --- |`."""
    first, *others = (f"| {' | '.join(line)} |" for line in (heads, *rows))
    return "\n".join([first, rule or "|" + " --- |" * len(heads), *others])


def reports_of(suite: str) -> dict[str, Report]:
    """Return the reports of a suite by the names of their files."""
    return {path.stem: Report.read(path) for path in sorted((REPORTS / suite).glob("*.json"))}


def report_of(router: str) -> Report:
    """Return the report of a router on nano."""
    return Report.read(REPORTS / "nano" / f"{router.replace(':', '-')}.json")


def with_block(page: Path, text: str, name: str, block: str) -> str:
    """Return a page's text with a block put between the two comments of its name."""
    pattern = rf"(<!-- {name}: [^>]*-->\n).*?(\n<!-- end of {name} -->)"
    text, found = re.subn(pattern, lambda match: match[1] + block + match[2], text, flags=re.DOTALL)
    if found != 1:
        raise SystemExit(f"{page.relative_to(ROOT)} needs the comments of {name!r} once")
    return text
