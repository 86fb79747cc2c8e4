"""The official code of Infinity (Han et al. 2024) in a checkout that the user has: found, checked, imported.

The repository (MIT) is no package, so a clone is named by the variable CATBENCH_INFINITY, with the released
weights in its folder `weights/`. Their digests tell its files from those of another commit.

The code imports flash_attn without need: only its cross-attention runs it, at the settings of the released
models. Here that runs torch's attention, the same on every device.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import types
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catbench.errors import GenerationError, MissingExtraError
from catbench.files import sha256_of
from catbench_make.packages import prepare

INFINITY = "github:FoundationVision/Infinity"
"""What the settings of a candidate name as its pipeline."""
COMMIT = "4c27bbb54a9918847a2fe56b0fbe31a8523791a1"
VARIABLE = "CATBENCH_INFINITY"
TRANSFORMER, VAE, TEXT_ENCODER = "infinity_2b_reg.pth", "infinity_vae_d32reg.pth", "flan-t5-xl"
"""What lies in `weights/`; `HOW` says where it comes from."""
HOW = (
    f"git clone https://github.com/FoundationVision/Infinity && git -C Infinity checkout {COMMIT[:7]}, put "
    f"{TRANSFORMER} and {VAE} (hub: FoundationVision/Infinity) and the folder {TEXT_ENCODER} (hub: "
    f"google/flan-t5-xl) into its folder weights/, and set {VARIABLE} to the clone"
)
CODE = {
    "infinity/models/__init__.py": "614ee812eb00ed4adf442957b87f45eb853f9db55f71fbc744a9bd400f80f4a6",
    "infinity/models/basic.py": "65dcb419abe9927fa1d75f6677d98a7cd57bcec73bdb275630b31d51236332b9",
    "infinity/models/infinity.py": "42cbb62146c7cf25e3439dcdb0fc1abba031a6114f72be4ac660b76962bbc4b4",
    "infinity/models/flex_attn.py": "d39f7da07caa6f80cd40e16e2781da3aa80a1fd5850de0a8d40fac36e1afe65d",
    "infinity/models/fused_op.py": "6caad7599d668551b9591cda68d85f831cc54f8a818780bdc7c2972a97bb49d4",
    "infinity/models/bsq_vae/conv.py": "db649dc412437e40d357b7eac10e9784383ab8815d6ef57537ac2350a0c3489d",
    "infinity/models/bsq_vae/dynamic_resolution.py": (
        "d399f50262e44d56b5de9d07107f3893c05f567e428734ef20b68b843f8dd2a3"
    ),
    "infinity/models/bsq_vae/flux_vqgan.py": (
        "b992c00c54e8b0dbb047b5681860d8bf58bbbf267359bcd82384da0ef22678c3"
    ),
    "infinity/models/bsq_vae/multiscale_bsq.py": (
        "0adf17d05c3660b5a57089eab215a3de165de6e8402403bbf189471ac4bdaaff"
    ),
    "infinity/models/bsq_vae/vae.py": "d0854ee9b5c50f27970e439a57fb74b77a062bec78a7c482610d03482a81c845",
    "infinity/utils/dist.py": "faed14c23b41c3223a084c3c2520442b622cf323a02208cd77a291881d70cfa2",
    "infinity/utils/misc.py": "c228ff4eb31a7239f835704b17f17113dbfcea0580fcd230074908b8d2c64d21",
    "infinity/utils/dynamic_resolution.py": (
        "08f862fcf3f326e35c38a730e4bec817544a00b2a0801dccacb3c5d3744c5efc"
    ),
}
"""File that is imported -> SHA-256."""


@dataclass(frozen=True)
class OfficialCode:
    """What is used of the official code."""

    transformer: type[Any]
    """The class Infinity."""
    vae: Any
    """The module of the visual tokenizer, with `vae_model`."""
    scales: dict[float, dict[str, dict[str, Any]]]
    """Ratio of height to width -> name of a size -> `pixel` (height, width) and `scales` (t, h, w), coarse to
    fine."""


def checkout() -> Path:
    """Return the user's checkout; raises GenerationError saying how to get one where there is none."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        raise GenerationError(f"Infinity is drawn by its official code, and {VARIABLE} names no clone: {HOW}")
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise GenerationError(f"{VARIABLE} is {given!r}, where there is no folder: {HOW}")
    return folder.absolute()


def weights_folder() -> Path:
    """Return the checkout's folder of weights; raises GenerationError where one of them is missing."""
    folder = checkout() / "weights"
    for name in (TRANSFORMER, VAE, TEXT_ENCODER):
        if not (folder / name).exists():
            raise GenerationError(f"{folder}: no {name}: {HOW}")
    return folder


def official_code() -> OfficialCode:
    """Import the official code of the user's checkout, once.

    Raises GenerationError where there is none, or it is another commit's or was changed; MissingExtraError
    where a package that it needs is not installed.
    """
    return _imported(checkout())


@cache
def _imported(folder: Path) -> OfficialCode:
    _check(folder)
    prepare()
    try:
        with _importing(folder), quiet():
            basic = importlib.import_module("infinity.models.basic")
            model = importlib.import_module("infinity.models.infinity")
            vae = importlib.import_module("infinity.models.bsq_vae.vae")
            sizes = importlib.import_module("infinity.utils.dynamic_resolution")
    except ModuleNotFoundError as error:
        raise MissingExtraError("Infinity", str(error.name), "infinity") from error
    basic.flash_attn_varlen_kvpacked_func = packed_attention  # type: ignore[attr-defined]
    return OfficialCode(model.Infinity, vae, sizes.dynamic_resolution_h_w)


@contextmanager
def quiet() -> Generator[None]:
    """Run the official code without what it prints, and without torch's warnings of old names in it."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def packed_attention(
    q: Any,
    kv: Any,
    cu_seqlens_q: Any,
    cu_seqlens_k: Any,
    max_seqlen_q: int,
    max_seqlen_k: int,
    dropout_p: float = 0.0,
    softmax_scale: float | None = None,
) -> Any:
    """Do by torch what flash_attn_varlen_kvpacked_func does: attend to the keys of one's own sequence.

    `q` is (sequences x max_seqlen_q, heads, width), every sequence having as many queries, and `kv` (keys of
    all sequences, 2, heads, width), cut at `cu_seqlens_k`. Returns the shape of `q`.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    del cu_seqlens_q, max_seqlen_k, dropout_p
    ends = cu_seqlens_k.tolist()
    attended: list[Any] = []
    for number, queries in enumerate(q.split(max_seqlen_q)):
        keys, values = kv[ends[number] : ends[number + 1]].permute(1, 2, 0, 3).unsqueeze(1)
        mine = scaled_dot_product_attention(queries.transpose(0, 1)[None], keys, values, scale=softmax_scale)
        attended.append(mine[0].transpose(0, 1))
    return torch.cat(attended)


def _check(folder: Path) -> None:
    for name, digest in CODE.items():
        if not (folder / name).is_file():
            raise GenerationError(f"{folder}: no {name}, so it is no clone of Infinity: {HOW}")
        if sha256_of(folder / name) != digest:
            raise GenerationError(
                f"{folder / name}: not the file of commit {COMMIT[:7]} (another commit, or changed?): "
                f"git -C {folder} checkout {COMMIT[:7]} -- {name}"
            )


@contextmanager
def _importing(folder: Path) -> Generator[None]:
    """Run the block with the checkout first in the path of imports, and a flash_attn that is only named."""
    stand_in = types.ModuleType("flash_attn")
    vars(stand_in).update(flash_attn_func=packed_attention, flash_attn_varlen_kvpacked_func=packed_attention)
    installed = sys.modules.get("flash_attn")
    importlib.import_module("timm.models")  # would ask whether flash_attn is there in earnest
    sys.modules["flash_attn"] = stand_in
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        del sys.modules["flash_attn"]
        if installed is not None:
            sys.modules["flash_attn"] = installed
