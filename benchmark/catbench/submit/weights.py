"""Weights that hold numbers and no code: npz and safetensors, read without being trusted."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import numpy as np

from catbench.report.limits import MIB
from catbench.submit.faults import Fault

WEIGHTS = {".npz", ".safetensors"}
LARGEST_UNPACKED = 100 * MIB
HEADER = 8
LARGEST_HEADER = MIB
"""Bytes: thousands of tensors have room, and reading it takes some 30 times as much memory."""


def weight_faults(path: Path) -> Iterator[Fault]:
    """Yield what is wrong with a file of weights, and how to fix it."""
    yield from (_archive if path.suffix == ".npz" else _safetensors)(path)


def _archive(path: Path) -> Iterator[Fault]:
    fix = "write it with numpy.savez"
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LARGEST_UNPACKED:
                what = f"{path.name} unpacks to more than {LARGEST_UNPACKED // MIB} MiB"
                yield Fault(what, "use smaller weights")
                return
            for member in members:
                name = PurePosixPath(member.filename)
                if name.is_absolute() or ".." in name.parts or "\\" in member.filename:
                    yield Fault(f"{path.name} holds {member.filename!r}, a path that leads out of it", fix)
                elif name.suffix != ".npy":
                    yield Fault(f"{path.name} holds {member.filename!r}, which is no array", fix)
                elif _holds_objects(archive, member):
                    what = f"{path.name} holds pickled objects in {member.filename!r}"
                    yield Fault(what, "save numbers only")
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        yield Fault(f"{path.name} is no npz archive ({error})", fix)


def _holds_objects(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as opened:
        file = cast("BinaryIO", opened)
        read = np.lib.format.read_array_header_2_0
        if np.lib.format.read_magic(file) == (1, 0):
            read = np.lib.format.read_array_header_1_0
        return read(file)[2].hasobject


def _safetensors(path: Path) -> Iterator[Fault]:
    fix = "write it with safetensors' save_file"
    with path.open("rb") as file:
        length = int.from_bytes(file.read(HEADER), "little")
        size = path.stat().st_size - HEADER
        if not 2 <= length <= size:
            yield Fault(f"{path.name} is no safetensors file", fix)
            return
        if length > LARGEST_HEADER:
            what = f"{path.name} has a header of {length:,} bytes"
            yield Fault(what, f"at most {LARGEST_HEADER:,} are read")
            return
        try:
            header = json.loads(file.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            yield Fault(f"{path.name} has a broken header", fix)
            return
        if max(ends, default=0) != size - length:
            yield Fault(f"{path.name} is cut off, or has something behind its tensors", fix)
