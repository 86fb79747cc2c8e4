"""What a router is, where routers come from, and the checks on what they answer.

A router has `fit(prompts, quality)` and `predict(prompts)`. `prompts` is a `Prompts`; `quality` a
float array (n, M), columns in the pool's order, higher is better; `predict` returns one like it. So a
scikit-learn text pipeline is a router. A router that makes no estimate (a budget policy) has
`route(prompts, trade_offs)` instead, which returns positions in the pool, shape (len(trade_offs), n).

`fit` may name a parameter `validation` and is then given `(prompts, quality)` of the validation split, and
`progress`, a function of (done, total) for the progress bar. An optional `refit(quality)` fits again on the
same prompts and reuses what does not depend on labels; `refit(quality, rows)` can also take those of the
prompts at `rows`, repeats allowed. An optional `add_candidate(prompts, quality)` declares that a fitted
router can take in a candidate it never trained on, by qualities (N,) on N prompts; it is the last column
from then on. A router that knows the FLOPs (2 x MAC) of routing one prompt says so in
`flops_per_prompt`, and those of a text encoder that it runs in `encoder_flops_per_prompt`.

Routers come from a factory `make_router(pool) -> router`: an entry point in the group
`catbench.routers`, or a file.
"""

from __future__ import annotations

import copy
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Ints
from catbench.costs import processor_name
from catbench.errors import CatbenchError, RouterError, UsageError, missing_extra, unknown_name
from catbench.pool import Pool
from catbench.prompts import Prompts
from catbench.router_files import load_module, place_of
from catbench.router_output import check_choices as check_choices
from catbench.router_output import check_predictions as check_predictions
from catbench.sweep import LARGEST, mixture_curve

GROUP = "catbench.routers"
TRADE_OFFS = 64
"""Trade-offs at which a `route()` policy is asked, beside 0."""


def no_progress(done: int, total: int) -> None:
    """Show nothing."""


@runtime_checkable
class Router(Protocol):
    """A router that predicts qualities."""

    def fit(self, prompts: Prompts, quality: Floats) -> Any:
        """Learn from prompts and their qualities (n, M)."""
        ...

    def predict(self, prompts: Prompts) -> npt.ArrayLike:
        """Return predicted qualities (n, M)."""
        ...


@runtime_checkable
class Policy(Protocol):
    """A router that picks candidates itself."""

    def fit(self, prompts: Prompts, quality: Floats) -> Any:
        """Learn from prompts and their qualities (n, M)."""
        ...

    def route(self, prompts: Prompts, trade_offs: Floats) -> npt.ArrayLike:
        """Return positions in the pool, (T, n), for T trade-offs and n prompts."""
        ...


Labelled: TypeAlias = tuple[Prompts, Floats]
"""Prompts with their qualities (n, M)."""
RouterFactory: TypeAlias = Callable[[Pool], Any]


@dataclass(frozen=True)
class NamedRouter:
    """A router's name and the factory that makes a fresh one for a pool."""

    name: str
    make: RouterFactory


@dataclass(frozen=True)
class Answer:
    """What a fitted router said about the test prompts: predictions, or choices at trade-offs."""

    predicted: Floats | None
    """(n, M)."""
    choices: Ints | None
    """(T, n), positions in the pool."""
    trade_offs: Floats
    """(T,), falling to 0; at these a policy was asked, and selection rates are reported."""
    fit_seconds: float = 0.0
    seconds_per_prompt: float = 0.0
    flops_per_prompt: float | None = None
    """Of routing itself, where the router knows it."""
    encoder_flops_per_prompt: float | None = None
    """Of the text encoder that the router runs, where it runs one and knows."""
    hardware: str = ""
    """What the seconds were measured on."""
    validation: tuple[Answer, ...] = ()
    """What it said about the validation prompts of each round (`catbench.rounds`): trade-offs for a budget
    are chosen by it."""

    @property
    def kind(self) -> Literal["estimator", "policy"]:
        """Whether the router predicts qualities, or routes itself."""
        return "policy" if self.predicted is None else "estimator"


def find_router(router: object) -> NamedRouter:
    """Return the named factory behind a router, a factory, or a text.

    A text is an entry point's name (`knn`, with an option after a colon: `fixed:sdxl-20`), a folder with
    `router.py`, or `file.py:factory` (default factory: `make_router`).
    """
    if isinstance(router, NamedRouter):
        return router
    if isinstance(router, Path):
        return _from_file(str(router))
    if isinstance(router, str):
        installed = ":" in router and router.partition(":")[0] in router_names()  # its option may be a folder
        in_a_file = not installed and (".py" in router or "/" in router or Path(router).is_dir())
        return _from_file(router) if in_a_file else _from_entry_point(router)
    if isinstance(router, (Router, Policy)) and not isinstance(router, type):
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
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        if get_close_matches(factory, known):
            raise RouterError(f"router {name!r}: {unknown_name(f'factory in {file}', factory, known)}")
        holds = f"; it has {', '.join(known)}" if known else ""
        raise RouterError(
            f"router {name!r}: {file} has no {factory}(pool), a function that returns a router{holds}"
        )
    return NamedRouter(name, made)


def router_names() -> tuple[str, ...]:
    """Return the names of all installed routers."""
    return tuple(sorted(entry_points(group=GROUP).names))


def run_router(
    router: NamedRouter,
    pool: Pool,
    train: Labelled,
    validation: Labelled,
    test: Prompts,
    progress: Callable[[int, int], None] = no_progress,
) -> Answer:
    """Make, fit and ask a router. Raises RouterError where it fails or answers wrongly."""
    made = make(router, pool)
    start = time.perf_counter()
    fit(router.name, made, train, validation, progress)
    fitted = trained = time.perf_counter()
    answer = ask(router.name, made, test, pool, ask_at(train[1], pool.cost))
    if answer.choices is not None:  # in use there is one trade-off; prompts that were not asked about before
        again, fitted = test.take(range(len(test))), time.perf_counter()
        ask(router.name, made, again, pool, answer.trade_offs[-1:])
    per_prompt = (time.perf_counter() - fitted) / len(test)
    return replace(
        answer,
        validation=(ask(router.name, made, validation[0], pool, answer.trade_offs),),
        fit_seconds=trained - start,
        seconds_per_prompt=per_prompt,
        hardware=processor_name(),
        flops_per_prompt=_declared(router.name, made, "flops_per_prompt"),
        encoder_flops_per_prompt=_declared(router.name, made, "encoder_flops_per_prompt"),
    )


def make(router: NamedRouter, pool: Pool) -> Any:
    """Return a fresh router for a pool; raises RouterError where the factory does not give one."""
    try:
        inspect.signature(router.make).bind(pool)
    except (TypeError, ValueError) as error:
        if isinstance(error, TypeError):
            raise RouterError(
                f"router {router.name!r}: its factory is called with one argument, the pool, as in "
                f"`def make_router(pool):`, and does not take it: {error}"
            ) from error
    made = call(router.name, "make_router", router.make, pool)
    if isinstance(made, type) or not isinstance(made, (Router, Policy)):
        raise RouterError(
            f"router {router.name!r}: make_router(pool) returned {_kind(made)}, which {_lacking(made)}"
        )
    return made


def _kind(made: object) -> str:
    if made is None:
        return "None (is `return` missing?)"
    return f"the class {made.__name__}" if isinstance(made, type) else f"a {type(made).__name__}"


def _lacking(made: object) -> str:
    """Return what makes an object no router, as words after `which`."""
    if isinstance(made, type):
        return f"is no router yet: return an object of it, {made.__name__}(...)"
    lacks = [] if hasattr(made, "fit") else ["fit()"]
    if not hasattr(made, "predict") and not hasattr(made, "route"):
        lacks.append("predict() or route()")
    return f"has no {' and no '.join(lacks)}"


def fit(
    name: str,
    router: Any,
    train: Labelled,
    validation: Labelled,
    progress: Callable[[int, int], None] = no_progress,
) -> None:
    """Fit a router on copies of the qualities, with what else its `fit` names: `validation`, `progress`."""
    prompts, quality = train
    offered = {"validation": (validation[0], validation[1].copy()), "progress": progress}
    named = inspect.signature(router.fit).parameters
    extra = {key: value for key, value in offered.items() if key in named}
    call(name, "fit", router.fit, prompts, quality.copy(), **extra)


def add_candidate(name: str, router: Any, prompts: Prompts, quality: Floats) -> None:
    """Tell a fitted router of another candidate by its qualities (N,) on N prompts."""
    call(name, "add_candidate", router.add_candidate, prompts, quality.copy())


def check_takes_candidates(name: str, router: Any) -> None:
    """Raise RouterError where a router cannot take in a candidate that it never trained on."""
    if not hasattr(router, "add_candidate"):
        raise RouterError(
            f"router {name!r} cannot take in a candidate it never trained on: it has no "
            "add_candidate(prompts, quality); shipped routers that can are embedllm, mixture and uniroute"
        )


def ask(name: str, router: Any, test: Prompts, pool: Pool, trade_offs: Floats) -> Answer:
    """Ask a fitted router about prompts, and check what it says."""
    if isinstance(router, Router):
        predicted = check_predictions(name, call(name, "predict", router.predict, test), len(test), pool.ids)
        return Answer(predicted, None, trade_offs)
    said = call(name, "route", router.route, test, trade_offs.copy())
    return Answer(None, check_choices(name, said, len(trade_offs), len(test), len(pool)), trade_offs)


def ask_at(quality: Floats, cost: Floats) -> Floats:
    """Return the trade-offs at which a policy is asked, given training qualities (n, M): 64 and 0, falling.

    They are geometric and reach from ten times the steepest slope of the hull of the training means to a
    tenth of the flattest, since single prompts climb more and less steeply than their mean.
    """
    slopes = mixture_curve(quality, cost).trade_off[1:]
    if not len(slopes):
        slopes = np.array([float(np.ptp(quality)) / float(np.ptp(cost) or 1) or 1.0])
    return np.append(np.geomspace(slopes[0] * 10, slopes[-1] / 10, TRADE_OFFS), 0.0)


def _declared(name: str, router: Any, attribute: str) -> float | None:
    """Return a number that a router says of itself, None where it says nothing."""
    said = getattr(router, attribute, None)
    if said is None:
        return None
    if not isinstance(said, (int, float)) or not 0 <= said < LARGEST:
        raise RouterError(f"router {name!r}: {attribute} is {said!r}; it must be a number of 0 or more")
    return float(said)


def call(name: str, method: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Call a router's function; what it raises becomes a RouterError that names router, method and line."""
    try:
        return function(*given, **named)
    except CatbenchError:
        raise
    except (Exception, SystemExit) as error:
        if missing := missing_extra(error, f"router {name!r}"):
            raise missing from error
        said = f"{type(error).__name__}: {error}{place_of(error)}"
        where = "cannot be imported" if method == "import" else f"failed in {method}()"
        raise RouterError(f"router {name!r} {where}: {said}") from error


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
    path, factory = (
        (Path(place), factory) if colon and factory.isidentifier() else (Path(text), "make_router")
    )
    if path.is_dir():
        path /= "router.py"
    if not path.is_file():
        raise UsageError(f"router {text!r}: there is no file {path}")
    name = path.absolute().parent.name if path.name == "router.py" else path.stem
    return load_router(name, path, factory)


def restrict(answer: Answer, inside: npt.NDArray[np.bool_]) -> Answer:
    """Return the answer about some of the tested prompts only, by a mask (n,); validation stays whole."""
    predicted = None if answer.predicted is None else answer.predicted[inside]
    choices = None if answer.choices is None else answer.choices[:, inside]
    return replace(answer, predicted=predicted, choices=choices)
