"""The code on docs/use.md runs, and its server asks once for the requests that come together."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

import catbench

pytest.importorskip("starlette", reason="the leaderboard extra is not installed")
PAGE = Path(__file__).parents[2] / "docs" / "use.md"


async def ask(app, prompt):
    """Ask an application as a server does, and return what it answers."""
    sent = []

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/choose", "headers": []}
    scope["query_string"] = urlencode({"prompt": prompt}).encode()
    await app(scope, receive, send)
    return json.loads(sent[1]["body"])["candidate"]


def test_the_code_runs_and_the_server_gathers_requests(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), names)  # the page's own code, in order
    colours = ("red", "green", "blue", "white", "purple")
    prompts = [f"a {one} circle on a {other} background" for one in colours for other in colours]
    asked = []
    choose = catbench.FittedRouter.choose
    monkeypatch.setattr(
        catbench.FittedRouter, "choose", lambda self, p, **given: asked.append(p) or choose(self, p, **given)
    )

    async def together():
        return await asyncio.gather(*(ask(names["app"], prompt) for prompt in prompts))

    assert tuple(asyncio.run(together())) == choose(names["router"], prompts, save=0.2).candidates
    assert asked == [prompts]
