"""Routers in files: a file or folder with Python code is loaded, with the modules that lie beside it.

    catbench evaluate mine.py            make_router of mine.py; `import helper` finds helper.py beside it
    catbench evaluate mine.py:other      another factory of it
    catbench evaluate folder             router.py in it

Each router is loaded as a package of its own, under a name that nothing else has. Its modules are known to
its own code alone: two routers that both bring a `helper.py` each get theirs, at any time, and no library
ever gets a router's. As for a script, a module beside the router goes before an installed one of its name;
Python's own modules and catbench's go first. A worker process that `spawn` or joblib starts cannot import a
router's modules, so functions of theirs cannot be sent to one.
"""

from __future__ import annotations

import builtins
import importlib.util
import sys
import sysconfig
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from itertools import count
from pathlib import Path
from types import ModuleType

from catbench.errors import RouterError

PACKAGE = "catbench_router_"
"""Names of routers' packages begin so."""
OURS = frozenset(
    {"catbench", "catbench_baselines", "catbench_command", "catbench_leaderboard", "catbench_make"}
)
_NUMBERS = count(1)


def load_module(name: str, file: Path, folder: Path | None = None) -> ModuleType:
    """Return the module of a router's file, run anew. What its code raises goes through.

    It may import what lies beside it, and in `folder` where one is given. Raises RouterError where it is no
    Python file.
    """
    if file.suffix not in SOURCE_SUFFIXES:
        raise RouterError(f"router {name!r}: {file} is no Python file")
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    package = ModuleType(f"{PACKAGE}{next(_NUMBERS)}")
    places = dict.fromkeys(str(place.absolute()) for place in (file.parent, folder or file.parent))
    package.__path__ = list(places)
    vars(package)["__builtins__"] = {**vars(builtins), "__import__": _importer(package)}
    sys.modules[package.__name__] = package
    full = f"{package.__name__}.{file.stem.replace('.', '_')}"
    loader = _Loader(full, str(file.absolute()))
    spec = importlib.util.spec_from_file_location(full, file, loader=loader)
    assert spec is not None
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def place_of(error: BaseException) -> str:
    """Return where a router's own code raised, as ` (router.py, line 7)`; nothing where no line of it did.

    Of a router that came from no file, its own is what belongs to no library.
    """
    if isinstance(error, SyntaxError):  # it tells by itself
        return ""
    steps = [
        (str(frame.f_globals.get("__name__")), frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    own = [step for step in steps if step[0].startswith(PACKAGE)]
    own = own or [step for step in steps if not _of_a_library(step[1])]
    return f" ({Path(own[-1][1]).name}, line {own[-1][2]})" if own else ""


def _of_a_library(file: str) -> bool:
    return file.startswith("<frozen") or any(Path(file).is_relative_to(place) for place in _libraries())


@cache
def _libraries() -> tuple[str, ...]:
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    return (*(sysconfig.get_path(kind) for kind in kinds), str(Path(__file__).parents[1]))


class _Loader(SourceFileLoader):
    """Runs a router's module with the `import` of its package."""

    def exec_module(self, module: ModuleType) -> None:
        package = sys.modules[module.__name__.partition(".")[0]]
        vars(module)["__builtins__"] = vars(package)["__builtins__"]
        super().exec_module(module)


class _Finder:
    """Finds modules below routers' packages, and no others; a meta path finder."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return _found(name, path or ()) if name.startswith(PACKAGE) else None


def _found(name: str, places: Sequence[str]) -> ModuleSpec | None:
    """Return the spec of the module that lies in one of these folders as of now; nothing is remembered."""
    kinds = (ExtensionFileLoader, EXTENSION_SUFFIXES), (_Loader, SOURCE_SUFFIXES)
    found = (FileFinder(place, *kinds).find_spec(name) for place in places)
    return next((spec for spec in found if spec is not None), None)


def _importer(package: ModuleType) -> Callable[..., ModuleType]:
    """Return what `import` does in a router's modules: what lies beside them is imported below `package`."""

    @cache
    def own(name: str) -> bool:
        if name in sys.stdlib_module_names or name in OURS:
            return False
        spec = _found(name, package.__path__)
        if spec is None or spec.loader is not None:
            return spec is not None
        return importlib.util.find_spec(name) is None  # a folder without __init__.py goes last, as ever

    def import_(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        first = name.partition(".")[0]
        if level or not own(first):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        found = builtins.__import__(f"{package.__name__}.{name}", globals, locals, fromlist or (), 0)
        return found if fromlist else sys.modules[f"{package.__name__}.{first}"]

    return import_
