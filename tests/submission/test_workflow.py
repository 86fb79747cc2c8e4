"""What the workflow of a host promises: no secret, a token that reads, the base's code as the judge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "submission.yml"


@pytest.fixture(scope="module")
def workflow():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(WORKFLOW.read_text())


def test_it_has_no_secret_and_a_token_that_can_only_read(workflow):
    assert "secrets." not in WORKFLOW.read_text()
    assert workflow["permissions"] == {"contents": "read"}
    assert list(workflow[True]) == ["pull_request"]  # YAML 1.1 reads the word `on` as true
    assert all("permissions" not in job for job in workflow["jobs"].values())


def test_no_checkout_leaves_its_token_and_the_judge_is_the_base(workflow):
    steps = workflow["jobs"]["run"]["steps"]
    checkouts = [step["with"] for step in steps if step.get("uses", "").startswith("actions/checkout")]
    assert [place["path"] for place in checkouts] == ["judge", "entry"]
    assert not any(place["persist-credentials"] for place in checkouts)
    assert checkouts[0]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert checkouts[1]["sparse-checkout"] == "submissions"


def test_nothing_that_a_pull_request_writes_reaches_a_shell_unquoted(workflow):
    for step in workflow["jobs"]["run"]["steps"]:
        assert "${{" not in step.get("run", "")
    (pattern,) = re.findall(r"s#(.*?)#", WORKFLOW.read_text())
    python = re.compile(pattern)
    assert python.match("submissions/my-router/router.py")
    for name in ("submissions/$(id)/x", "submissions/../x/y", "submissions/a b/x", "elsewhere/a/x"):
        assert not python.match(name)
