"""Weights that hold numbers and no code: npz and safetensors, read without being trusted."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import numpy as np

from catbench.report.limits import MIB

WEIGHTS = {".npz", ".safetensors"}
LARGEST_UNPACKED = 100 * MIB
HEADER = 8
LARGEST_HEADER = MIB
"""Bytes: thousands of tensors have room, and reading it takes some 30 times as much memory."""


def weight_faults(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a file of weights, and how to fix it."""
    yield from (_archive if path.suffix == ".npz" else _safetensors)(path)


def _archive(path: Path) -> Iterator[tuple[str, str]]:
    fix = "write it with numpy.savez"
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LARGEST_UNPACKED:
                yield f"{path.name} unpacks to more than {LARGEST_UNPACKED // MIB} MiB", "use smaller weights"
                return
            for member in members:
                name = PurePosixPath(member.filename)
                if name.is_absolute() or ".." in name.parts or "\\" in member.filename:
                    yield f"{path.name} holds {member.filename!r}, a path that leads out of it", fix
                elif name.suffix != ".npy":
                    yield f"{path.name} holds {member.filename!r}, which is no array", fix
                else:
                    with archive.open(member) as file:
                        if _kind(cast("BinaryIO", file)).hasobject:
                            yield (
                                f"{path.name} holds pickled objects in {member.filename!r}",
                                "save numbers only",
                            )
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        yield f"{path.name} is no npz archive ({error})", fix


def _kind(file: BinaryIO) -> np.dtype:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)[2]


def _safetensors(path: Path) -> Iterator[tuple[str, str]]:
    fix = "write it with safetensors' save_file"
    with path.open("rb") as file:
        length = int.from_bytes(file.read(HEADER), "little")
        size = path.stat().st_size - HEADER
        if not 2 <= length <= size:
            yield f"{path.name} is no safetensors file", fix
            return
        if length > LARGEST_HEADER:
            yield f"{path.name} has a header of {length:,} bytes", f"at most {LARGEST_HEADER:,} are read"
            return
        try:
            header = json.loads(file.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            yield f"{path.name} has a broken header", fix
            return
        if max(ends, default=0) != size - length:
            yield f"{path.name} is cut off, or has something behind its tensors", fix
