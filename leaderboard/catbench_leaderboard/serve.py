"""Serve the board: everything heavy is made and imported before the first visitor comes."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from catbench_leaderboard import live


def serve(folders: Sequence[Path], port: int, *, headless: bool) -> None:
    """Serve the reports of some folders on this port ; without `headless` a browser opens."""
    os.environ[live.FOLDERS] = json.dumps([str(folder.absolute()) for folder in folders])
    _import_all()
    live.board()
    from streamlit.web import bootstrap

    app = str(Path(__file__).parent / "app.py")
    options: dict[str, object] = {"server_port": port, "server_headless": headless}
    if "STREAMLIT_SERVER_ADDRESS" not in os.environ:
        options["server_address"] = "localhost"
    import streamlit.config as config

    config._main_script_path = app  # pyright: ignore[reportPrivateUsage]
    bootstrap.load_config_options(options)
    bootstrap.run(app, False, [], options)


def _import_all() -> None:
    """Import what pages import when they are first opened, so that no visitor waits for it."""
    import catbench_leaderboard

    for module in pkgutil.walk_packages(catbench_leaderboard.__path__, "catbench_leaderboard."):
        if module.name != "catbench_leaderboard.app":
            importlib.import_module(module.name)
    importlib.import_module("plotly.graph_objects")
