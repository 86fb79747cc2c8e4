"""Optional packages: absent, mended, and not imported before they are used."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from catbench.errors import MissingExtraError
from catbench_make import packages


@pytest.mark.parametrize("name", ["torch", "diffusers", "transformers"])
def test_a_missing_package_is_an_error_with_the_install_line(monkeypatch, name):
    real = importlib.import_module

    def without(module):
        if module == name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(module)

    monkeypatch.setattr(packages.importlib, "import_module", without)
    packages.prepare.cache_clear()
    with pytest.raises(
        MissingExtraError, match=rf"generating images needs {name}, .*pip install (-e )?'.\[generate\]'"
    ):
        packages.prepare()
    monkeypatch.undo()
    packages.prepare()


def test_a_missing_optional_module_is_an_error_that_says_what_needs_it():
    with pytest.raises(MissingExtraError, match=r"DeepCache needs no_such_package, which"):
        packages.optional("no_such_package", "DeepCache")


def test_other_failures_of_torchvision_are_not_hidden(monkeypatch):
    def broken(module):
        raise RuntimeError("another operator does not exist")

    monkeypatch.setattr(packages.importlib, "import_module", broken)
    with pytest.raises(RuntimeError, match="another operator"):
        packages.mend_torchvision()


def test_torchvision_is_mended_only_where_its_operators_are_missing(monkeypatch):
    tries, declared = [], []

    def failing_once(module):
        tries.append(module)
        if len(tries) == 1:
            raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(packages.importlib, "import_module", failing_once)
    monkeypatch.setattr(packages, "_declare_operators", lambda: declared.append(True))
    packages.mend_torchvision()
    assert (tries, declared) == (["torchvision", "torchvision"], [True])
    packages.mend_torchvision()
    assert len(declared) == 1


@pytest.mark.parametrize(
    "module",
    [
        "catbench_make.drawing.generation",
        "catbench_make.costs.measure",
        "catbench_make.verbs.generate_command",
        "catbench_make.verbs.measure_command",
    ],
)
def test_importing_the_wing_imports_no_torch(module):
    program = (
        f"import {module}, sys; print(sorted({{'torch', 'diffusers', 'transformers'}} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
