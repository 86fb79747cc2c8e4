"""Serve the board: reports are verified and everything heavy is imported before the first visitor comes."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from catbench.download import Progress
from catbench.errors import CatbenchError, UsageError
from catbench.submit.paired_ranks import paired_bands
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard import running_board
from catbench_leaderboard.figures import difference_figure
from catbench_leaderboard.leaderboard_table import ordered
from catbench_leaderboard.screens import front_page, router_page
from catbench_leaderboard.style import THEMES


def check_port(port: int) -> None:
    """Raise UsageError where something listens on a port already."""
    for family, kind, _, _, place in socket.getaddrinfo(_address(), port, type=socket.SOCK_STREAM):
        try:
            with socket.socket(family, kind) as found:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server binds
                found.bind(place)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise UsageError(f"--port {port}: something else listens there; give another") from error


def prepare(folders: Sequence[Path], progress: Progress) -> None:
    """Read and verify the reports of some folders, and draw two pages: no visitor waits for what they import,
    and no two meet a library that is half there.
    """
    os.environ[running_board.FOLDERS] = json.dumps([str(folder.absolute()) for folder in folders])
    for module in Path(front_page.__file__).parent.glob("*_page.py"):
        import_module(f"catbench_leaderboard.screens.{module.stem}")
    board = running_board.board(progress)
    if board.problems:
        theme, view, to = THEMES["light"], board.view(), layout.router_address(board)
        rows = ordered(board, view)
        front_page.front_parts(board, view, to, front_page.MOST)
        front_page.curves(board, view, theme)
        list(router_page.router_parts(board, [view], rows[0].label, theme, to))
        with suppress(CatbenchError):
            difference_figure(rows[0], rows[-1], paired_bands(rows[0], rows[-1]), "log", theme)


def serve(port: int, *, headless: bool) -> None:
    """Serve what was prepared on this port until interrupted; without `headless` a browser opens.

    Only this machine can reach it, unless `$STREAMLIT_SERVER_ADDRESS` says otherwise.
    """
    os.environ["STREAMLIT_SERVER_ADDRESS"] = _address()
    from streamlit.web.cli import main

    app = Path(__file__).parent / "app.py"
    quiet = "--server.showEmailPrompt=false", "--browser.gatherUsageStats=false"
    plain = "--logger.hideWelcomeMessage=true"  # and what it advertises over the page
    options = (f"--server.port={port}", f"--server.headless={str(headless).lower()}", *quiet, plain)
    main(["run", str(app), *options], standalone_mode=False)


def _address() -> str:
    return os.environ.get("STREAMLIT_SERVER_ADDRESS") or "localhost"
