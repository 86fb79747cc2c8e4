"""Serve the board: reports are verified and everything heavy is imported before the first visitor comes."""

from __future__ import annotations

import errno
import json
import os
import pkgutil
import socket
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from catbench.download import Progress
from catbench.errors import UsageError
from catbench_leaderboard import live, screens


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
    """Read and verify the reports of some folders, and import what pages need: no visitor waits for it."""
    os.environ[live.FOLDERS] = json.dumps([str(folder.absolute()) for folder in folders])
    for module in pkgutil.iter_modules(screens.__path__, f"{screens.__name__}."):
        import_module(module.name)
    import_module("plotly.graph_objects")
    live.board(progress)


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
