"""Imports the packages of the `generate` extra, and mends the one pair of them that does not fit.

torchvision 0.28 declares the fake kernels of `torchvision::nms` and `torchvision::qnms` at import, and
trusts its C++ library to have declared the operators. Beside a torch built without CUDA that library
does not load, the import fails, and with it that of CLIP and SDXL. Declaring the two operators first is
enough: nothing here calls them.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import catbench
from catbench.errors import MissingExtraError

_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_OPERATORS = ("nms", "qnms")
DECIDING = {
    "DeepCache": "DeepCache",
    "Pillow": "PIL",
    "diffusers": "diffusers",
    "image-reward": "ImageReward",
    "open_clip_torch": "open_clip",
    "torch": "torch",
    "transformers": "transformers",
}
"""Package -> module: what an image, or its score, depends on."""
_DRAWING = ("plan", "infinity", "pipelines", "scorers", "costs", "drawing", "nano")
"""Rooms whose code draws and scores, beside this one."""


@cache
def prepare() -> None:
    """Import torch and diffusers, once, with their chatter off.

    Raises MissingExtraError where a package of the extra is not installed.
    """
    try:
        importlib.import_module("torch")
        mend_torchvision()
        diffusers = importlib.import_module("diffusers")
        transformers = importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise MissingExtraError("generating images", str(error.name), "generate") from error
    for package in (diffusers, transformers):
        package.utils.logging.set_verbosity_error()
        package.utils.logging.disable_progress_bar()
    # The hub's client tells of every retry; the error says that it failed.
    importlib.import_module("huggingface_hub").logging.set_verbosity_error()


def optional(module: str, what: str) -> Any:
    """Import a module of the `generate` extra; raises MissingExtraError naming `what` needs it."""
    prepare()
    return library(module, what, "generate")


def library(module: str, what: str, extra: str) -> Any:
    """Import a module of any extra, without diffusers; raises MissingExtraError naming `what` needs it."""
    try:
        mend_torchvision()
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(what, error.name or module, extra) from error


@cache
def versions() -> dict[str, str]:
    """Return the versions of the packages that decide what an image looks like and how it scores."""
    return {name: version(name) for name in DECIDING if find_spec(DECIDING[name])}


@cache
def own_version() -> str:
    """Return catbench's version, and the digest of the code that draws and scores: `0.1.0, code 1f2e3d4c`."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    files = [*package.glob("*.py"), *(path for room in _DRAWING for path in (package / room).rglob("*.py"))]
    for path in sorted(files):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return f"{catbench.__version__}, code {digest.hexdigest()[:8]}"


def mend_torchvision() -> None:
    """Import torchvision where it is installed, declaring its two operators if it fails for lack of them.

    Whoever imports CLIP from transformers calls this first.
    """
    try:
        importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        _declare_operators()
        importlib.import_module("torchvision")


@cache
def _declare_operators() -> Any:
    """Declare the operators; the returned library must stay alive, or they go again."""
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in _OPERATORS:
        library.define(f"{name}{_SIGNATURE}")
    return library
