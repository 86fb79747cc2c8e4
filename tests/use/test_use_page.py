"""The code on docs/use.md runs, and its server asks once for the requests that come together."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

import catbench

pytest.importorskip("fastapi", reason="the test extra is not installed")
PAGE = Path(__file__).parents[2] / "docs" / "use.md"
COLOURS = ("red", "green", "blue", "white", "purple")
PROMPTS = [f"a {one} circle on a {other} background" for one in COLOURS for other in COLOURS]


async def ask(app, **query):
    """Ask an application as a server does, and return status and answer."""
    sent = []

    async def receive():
        await asyncio.sleep(3600)  # the client waits

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/choose", "headers": []}
    scope["query_string"] = urlencode(query).encode()
    await asyncio.wait_for(app(scope, receive, send), 60)
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """What the page's Python defines, run in order."""
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
            exec(compile(block, PAGE.name, "exec"), names)
    return names


@pytest.fixture
def asked(monkeypatch):
    """The batches that the router is asked about."""
    batches, choose = [], catbench.FittedRouter.choose

    def counted(self, prompts, **given):
        batches.append(prompts)
        if "bad" in prompts:
            raise catbench.CatbenchError("the router fails")
        return choose(self, prompts, **given)

    monkeypatch.setattr(catbench.FittedRouter, "choose", counted)
    return batches


def test_requests_that_come_together_are_one_batch(server, asked):
    async def together():
        return await asyncio.gather(*(ask(server["app"], prompt=prompt) for prompt in PROMPTS))

    found = asyncio.run(together())
    assert asked == [PROMPTS]
    wanted = server["router"].choose_at(PROMPTS, server["router"].calibration.setting(save=0.2)).candidates
    assert found == [(200, {"candidate": name}) for name in wanted]


def test_a_batch_that_fails_is_told_to_each_and_the_next_one_is_served(server, asked):
    async def one_after_the_other():
        failed = await asyncio.gather(*(ask(server["app"], prompt=one) for one in ("bad", PROMPTS[0])))
        return failed, await ask(server["app"], prompt=PROMPTS[0])

    failed, served = asyncio.run(one_after_the_other())
    assert failed == [(500, {"detail": "the router fails"})] * 2
    assert served[0] == 200


def test_a_client_that_leaves_takes_nobody_with_it(server, asked):
    async def one_leaves():
        leaving, staying = (asyncio.create_task(ask(server["app"], prompt=one)) for one in PROMPTS[:2])
        await asyncio.sleep(0.001)  # both wait by now
        leaving.cancel()
        return await staying

    assert asyncio.run(one_leaves())[0] == 200


def test_a_request_without_a_prompt_is_refused(server):
    assert asyncio.run(ask(server["app"]))[0] == 422
