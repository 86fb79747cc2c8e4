"""Where routers come from: a name, a file, a folder, or an object that is one.

A name is an entry point in the group `catbench.routers`, a function `make_router(pool) -> router`.
"""

from __future__ import annotations

import ast
import copy
import inspect
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from catbench.errors import RouterError, UsageError, unknown_name
from catbench.route.router_files import load_module
from catbench.route.routing import NamedRouter, call, lacking

GROUP = "catbench.routers"


def find_router(router: object) -> NamedRouter:
    """Return the named factory behind a router, a factory, or a text.

    A text is an entry point's name (`knn`, with an option after a colon: `fixed:sdxl-20`), a folder with
    `router.py`, or `file.py:factory` (default factory: `make_router`). An installed name is never a folder's:
    `./knn` is.
    """
    if isinstance(router, NamedRouter):
        return router
    if isinstance(router, Path):
        return _from_file(str(router))
    if isinstance(router, str):
        installed = router.partition(":")[0] in router_names()  # its option may be a folder
        in_a_file = not installed and (".py" in router or "/" in router or Path(router).is_dir())
        return _from_file(router) if in_a_file else _from_entry_point(router)
    if not isinstance(router, type) and not lacking(router):
        return NamedRouter(type(router).__name__, lambda pool: copy.deepcopy(router))
    if callable(router):
        return NamedRouter(getattr(router, "__name__", "router"), router)
    raise RouterError(
        f"{router!r} is no router: it needs fit(prompts, quality) and predict(prompts), "
        "or route(prompts, trade_offs)"
    )


def load_router(name: str, file: Path, factory: str, folder: Path | None = None) -> NamedRouter:
    """Return the router that a file's factory makes; it may import what lies beside it, and in `folder`.

    Raises RouterError where the file cannot be run or has no such factory.
    """
    module = call(name, "import", load_module, name, file, folder)
    if not callable(made := getattr(module, factory, None)):
        known = [
            key
            for key, value in vars(module).items()
            if getattr(value, "__module__", "") == module.__name__  # what it imports is no factory of its
            and callable(value)
            and not key.startswith("_")
        ]
        holds = f"; it has {', '.join(known)}" if known else ""
        raise RouterError(
            f"router {name!r}: {file} has no {factory}(pool), a function that returns a router{holds}"
        )
    return NamedRouter(name, made)


def router_names() -> tuple[str, ...]:
    """Return the names of all installed routers."""
    return tuple(sorted(entry_points(group=GROUP).names))


@cache
def described(name: str) -> tuple[str, str]:
    """Return what an installed router is, in a line, and its module, without importing it; empty if unknown.

    `guarded:ridge` is described as `guarded` is.
    """
    for point in entry_points(group=GROUP, name=name.partition(":")[0]):
        spec = find_spec(point.module)
        if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
            said = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
            return said.partition("\n")[0], point.module
    return "", ""


def _from_entry_point(text: str) -> NamedRouter:
    name, _, option = text.partition(":")
    found = entry_points(group=GROUP, name=name)
    if name in ("oracle", "oracle_leave_one_out", "cascade"):
        raise UsageError(
            f"{name!r} knows the test scores and is no router: every report holds it as a reference"
        )
    if not found:
        raise UsageError(f"{unknown_name('router', name, router_names())} (or give file.py:factory)")
    factory = call(name, "import", next(iter(found)).load)
    if not option:
        return NamedRouter(name, factory)
    if len(inspect.signature(factory).parameters) < 2:
        raise UsageError(f"router {name!r} takes no option, and {text!r} gives one")
    stem = Path(option).stem if option.endswith(".py") else option  # a report names no folder of this machine
    return NamedRouter(f"{name}:{stem}", lambda pool: factory(pool, option))


def _from_file(text: str) -> NamedRouter:
    place, colon, factory = text.rpartition(":")
    if not colon or not factory.isidentifier():
        place, factory = text, "make_router"
    path = Path(place)
    if path.is_dir():
        path /= "router.py"
    if not path.is_file():
        raise UsageError(f"router {text!r}: there is no file {path}")
    name = path.absolute().parent.name if path.name == "router.py" else path.stem
    return load_router(name, path, factory)
