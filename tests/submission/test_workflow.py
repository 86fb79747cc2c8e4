"""What the workflow of a host promises: no secret, a token that reads, the base's code as the judge."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
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


def test_nothing_that_a_pull_request_writes_stands_in_a_script(workflow):
    for step in workflow["jobs"]["run"]["steps"]:
        assert "${{" not in step.get("run", "")


CATBENCH = """#!/bin/sh
echo "::error::forged"
echo "$2 $3" >> "$RAN"
case "$3" in *bad*) exit 2;; esac
"""
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""How the platform runs a script whose shell is bash."""


def git(place, *words):
    said = subprocess.run([*GIT, *words], cwd=place, check=True, capture_output=True, text=True)
    return said.stdout.strip()


def commit(place, files):
    for name, text in files.items():
        if text is None:
            git(place, "rm", "--quiet", name)
        else:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "x")


@pytest.fixture
def judged(tmp_path):
    """Runs the script that judges, on a pull request that changes files: path -> text, None to delete one."""
    pattern = r"run: \|\n(          set .*?)        shell: bash\n"
    (script,) = re.findall(pattern, WORKFLOW.read_text(), re.DOTALL)
    host, entry, programs = (tmp_path / name for name in ("host", "entry", "programs"))
    host.mkdir()
    programs.mkdir()
    (programs / "catbench").write_text(CATBENCH)
    (programs / "catbench").chmod(0o755)
    ran = tmp_path / "ran"

    def judged(files, base=None):
        git(host, "init", "--quiet")
        old = {"old/router.py": "1", "old/report.verification.json": "{}", "README.md": ""}
        commit(host, {f"submissions/{name}": text for name, text in old.items()})
        git(tmp_path, "clone", "--quiet", host, entry)
        commit(entry, files)
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "RAN": str(ran),
            "BASE": base or git(host, "rev-parse", "HEAD"),
            "GITHUB_SERVER_URL": f"file://{tmp_path}",
            "GITHUB_REPOSITORY": "host",
        }
        words = [*BASH, textwrap.dedent(script)]
        said = subprocess.run(
            words, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
        )
        return said, ran.read_text().split() if ran.exists() else []

    return judged


def test_what_changed_is_checked_and_run(judged):
    said, ran = judged({"submissions/my-router/router.py": "1", "submissions/old/router.py": "2"})
    assert said.returncode == 0, said.stderr
    assert sorted(ran) == [
        *("check", "check", "entry/submissions/my-router", "entry/submissions/my-router"),
        *("entry/submissions/old", "entry/submissions/old", "run", "run"),
    ]


def test_one_that_fails_fails_the_run_and_the_others_are_run_too(judged):
    said, ran = judged({"submissions/bad/router.py": "1", "submissions/zebra/router.py": "1"})
    assert said.returncode == 1
    assert {"entry/submissions/bad", "entry/submissions/zebra"} <= set(ran)


@pytest.mark.parametrize(
    "name",
    [
        "submissions/Foo/router.py",
        "submissions/\u00fcber/router.py",
        "submissions/a b/router.py",
        "submissions/a\n::error::forged/router.py",
        "submissions/$(touch ran)/router.py",
        "submissions/-x/router.py",
        "submissions/router.py",
        "submissions/my-router/report.verification.json",
        "submissions/old/report.verification.json",
    ],
)
def test_a_path_of_no_submission_is_refused_and_not_passed_over(judged, name):
    said, ran = judged({"submissions/my-router/router.py": "1", name: "changed"})
    assert said.returncode == 1
    assert "refused: " in said.stdout
    assert not any(line.startswith("::") for line in said.stdout.splitlines())
    assert ran == []


def test_what_cannot_be_compared_with_the_base_fails(judged):
    said, ran = judged({"submissions/my-router/router.py": "1"}, base="0" * 40)
    assert said.returncode != 0
    assert ran == []


def test_what_needs_no_run_passes(judged):
    gone = {f"submissions/old/{name}": None for name in ("router.py", "report.verification.json")}
    said, ran = judged({**gone, "submissions/README.md": "new"})
    assert said.returncode == 0, said.stderr
    assert ran == []


def test_a_submission_gives_the_platform_no_command(judged):
    said, _ = judged({"submissions/my-router/router.py": "1"})
    lines = said.stdout.splitlines()
    first, last = lines.index("::error::forged"), len(lines) - lines[::-1].index("::error::forged") - 1
    (stop,) = [number for number, line in enumerate(lines) if line.startswith("::stop-commands::")]
    assert stop < first
    assert lines[last + 1] == f"::{lines[stop].removeprefix('::stop-commands::')}::"


OTHERS = [path for path in WORKFLOW.parent.glob("*.yml") if path != WORKFLOW]


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_other_workflows_read_only_and_use_no_secret(path):
    """Only the job that publishes pages may write, and only pages."""
    yaml = pytest.importorskip("yaml")
    text = path.read_text()
    found = yaml.safe_load(text)
    assert "secrets." not in text
    assert found["permissions"] == {"contents": "read"}
    for name, job in found["jobs"].items():
        assert job.get("permissions", {}) in ({}, {"pages": "write", "id-token": "write"}), name
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


def test_what_runs_on_a_push_is_what_ci_runs():
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load((WORKFLOW.parent / "test.yml").read_text())["jobs"]
    runs = [step.get("run") for step in jobs["test"]["steps"]]
    assert "bash .ci/run" in runs
    assert "make docs" in runs
