"""The board as one folder of files that needs no server: front page, routers, how to enter, tables.

Pages are the app's own parts. Figures are drawn by plotly's script, which lies packed in the folder, once for
all pages, in the colours of the reader's theme.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from catbench.download import Progress
from catbench.files import atomic_folder
from catbench.submit.entries import Unranked
from catbench_leaderboard import markup
from catbench_leaderboard.board import EVERY, Board, View, open_board, quiet
from catbench_leaderboard.figures import Picture
from catbench_leaderboard.leaderboard_table import leaderboard_table, numbers
from catbench_leaderboard.screens.enter_page import enter_parts
from catbench_leaderboard.screens.front_page import (
    brand,
    curves,
    enter_markup,
    front_parts,
    notes,
    suites_markup,
)
from catbench_leaderboard.screens.router_page import router_parts, view_of
from catbench_leaderboard.style import CSS, THEMES
from catbench_leaderboard.suite_words import about

PAGE = Markup("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - catbench leaderboard</title><link rel="icon" href="data:image/svg+xml,{icon}">
<link rel="stylesheet" href="board.css">
<body class="cb alone"><nav>{tabs}</nav><main>{body}</main>
{script}</body></html>
""")
ICON = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><text y='8' font-size='8'>🐈</text></svg>"
FIGURE = '<div class="figure"'


def export(folders: Sequence[Path], target: Path, *, force: bool = False, progress: Progress = quiet) -> None:
    """Write the board of some folders of reports into `target`, whole or not at all. Raises UsageError."""
    from plotly.offline import get_plotlyjs

    board = open_board(folders, progress=progress)
    with atomic_folder(target, force=force) as draft:
        for name, table in tables(board).items():
            table.to_csv(draft / f"{name}.csv", index=False)
        for file, (title, parts) in pages(board).items():
            (draft / file).write_text(page(board, title, parts), encoding="utf-8")
        (draft / "plotly.js").write_text(script(get_plotlyjs()), encoding="utf-8")
        (draft / "board.css").write_bytes(CSS.read_bytes())


def tables(board: Board) -> dict[str, pd.DataFrame]:
    """Return `leaderboard`, every problem and metric on all prompts, and the reports that are `unranked`."""
    views = [View(p.suite, p.pool, p.cost, metric) for p in board.problems for metric in p.metrics]
    parts = [
        leaderboard_table(board, one).assign(suite=one.suite, pool=one.pool, cost=one.cost, metric=one.metric)
        for one in views
        if board.rows(one)
    ]
    names = [field.name for field in fields(Unranked)]
    outside = pd.DataFrame([vars(one) for one in board.unranked], columns=names, dtype=str)
    return {"leaderboard": pd.concat(parts, ignore_index=True) if parts else outside[:0], "unranked": outside}


def pages(board: Board) -> dict[str, tuple[str, Iterable[Markup | Picture]]]:
    """Return every page's title and parts, by its file's name."""
    theme = THEMES["light"]
    found: dict[str, tuple[str, Iterable[Markup | Picture]]] = {}
    for file, (title, suite) in fronts(board).items():
        view = board.view(suite)
        parts = front_parts(board, view, router_file)
        lead = markup.paragraph(parts.sentence, "headline") + markup.paragraph(parts.line)
        front = Markup('<div class="front"><div>{}</div><div>{}{}</div></div>')
        gains = Markup("").join(map(figure, curves(board, view, theme)))
        body = front.format(gains, parts.table, notes())
        top = brand() + lead + enter_markup("enter.html")
        found[file] = (title, [top, body, *curves(board, view, theme, quality=True), suites_markup(board)])
    for label in numbers(board):
        views = [view_of(board, board.view(suite), label) for suite in board.suites_with(label)]
        heading = markup.heading(markup.name(label), 1)
        parts = router_parts(board, views, label, theme, router_file)
        found[router_file(label, "")] = (label, [heading, *parts])
    found["enter.html"] = ("Enter", enter_parts())
    return found if board.suites else found | {"index.html": found["enter.html"]}


def fronts(board: Board) -> dict[str, tuple[str, str]]:
    """Return title and suite of every front page by its file: all real suites together come first."""
    suites = [EVERY] * (len(board.real) > 1) + list(board.suites)
    files = ["index.html" if suite == suites[0] else f"suite-{_plain(suite)}.html" for suite in suites]
    titles = [suite if suite == EVERY else about(suite).tab for suite in suites]
    return dict(zip(files, zip(titles, suites, strict=True), strict=True))


def router_file(label: str, suite: str) -> str:
    """Return the file of a router's page: whatever its name is, no two are one file."""
    return f"router-{_plain(label)}.html"


def _plain(text: str) -> str:
    short = re.sub(r"[^a-z0-9]+", "-", text.casefold())[:40].strip("-")
    return f"{short}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def page(board: Board, title: str, parts: Iterable[Markup | Picture]) -> str:
    """Return a page as HTML."""
    tabs = {file: name for file, (name, _) in fronts(board).items()} | {"enter.html": "Enter"}
    links = [markup.bold(name) if name == title else markup.link(file, name) for file, name in tabs.items()]
    body = Markup("").join(figure(part) if isinstance(part, Picture) else part for part in parts)
    script = Markup('<script src="plotly.js"></script>') if FIGURE in body else ""
    return PAGE.format(title=title, icon=ICON, tabs=Markup(" ").join(links), body=body, script=script)


def script(plotly: str) -> str:
    """Return what draws figures: plotly, packed to two fifths. A file may load scripts only."""
    colours = [[*theme.palette, theme.ink, theme.faint] for theme in (THEMES["light"], THEMES["dark"])]
    shades = json.dumps([pair for pair in zip(*colours, strict=True) if pair[0] != pair[1]])
    packed = b64encode(gzip.compress(plotly.encode(), 9, mtime=0)).decode()
    return f'{CSS.with_name("export.js").read_text(encoding="utf-8")}draw("{packed}", {shades});'


def figure(drawn: Picture) -> Markup:
    """Return a figure's place and its data, in which no name can end the script that holds them."""
    small = json.dumps(json.loads(drawn.figure.to_json()), ensure_ascii=False, separators=(",", ":"))
    place = FIGURE + ' role="img" aria-label="{}"></div><script type="application/json">{}</script>'
    return Markup(place).format(drawn.alt, Markup(small.replace("<", "\\u003c")))
