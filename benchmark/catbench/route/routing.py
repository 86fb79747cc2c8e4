"""What a router is, and every call of one.

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

An optional `state()` returns what answers need, as a dictionary of plain values, arrays and scikit-learn's
estimators (None where that is more), and `restore(state)` takes it on a router made for the same pool. That
is what `FittedRouter.save` saves; a router without it is fitted again when it is loaded.

Routers come from a factory `make_router(pool) -> router`: an entry point in the group
`catbench.routers`, or a file.
"""

from __future__ import annotations

import inspect
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from catbench.arrays import LARGEST_QUALITY, Floats
from catbench.errors import CatbenchError, RouterError, missing_extra
from catbench.route.router_files import place_of
from catbench.route.router_output import check_choices, check_predictions
from catbench.score.answer import Answer, Labelled
from catbench.score.sweep import mixture_curve
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts

TRADE_OFFS = 64
"""Trade-offs at which a `route()` policy is asked, beside 0."""


def no_progress(done: int, total: int) -> None:
    """Show nothing."""


RouterFactory: TypeAlias = Callable[[Pool], Any]


@dataclass(frozen=True)
class NamedRouter:
    """A router's name and the factory that makes a fresh one for a pool."""

    name: str
    make: RouterFactory


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


def lacking(router: object) -> list[str]:
    """Return what something lacks to be a router."""
    lacks = [] if hasattr(router, "fit") else ["fit()"]
    answers = hasattr(router, "predict") or hasattr(router, "route")
    return lacks if answers else [*lacks, "predict() or route()"]


def make(router: NamedRouter, pool: Pool) -> Any:
    """Return a fresh router for a pool; raises RouterError where the factory does not give one."""
    try:
        inspect.signature(router.make).bind(pool)
    except ValueError:  # something built in that does not tell what it takes
        pass
    except TypeError as error:
        raise RouterError(
            f"router {router.name!r}: its factory is called with one argument, the pool, as in "
            f"`def make_router(pool):`, and does not take it: {error}"
        ) from error
    made = call(router.name, "make_router", router.make, pool)
    if isinstance(made, type):
        raise RouterError(
            f"router {router.name!r}: make_router(pool) returned the class {made.__name__}: "
            f"return an object of it, {made.__name__}(...)"
        )
    if lacks := lacking(made):
        kind = "None (is `return` missing?)" if made is None else f"a {type(made).__name__}"
        said = f"make_router(pool) returned {kind}, which has no {' and no '.join(lacks)}"
        raise RouterError(f"router {router.name!r}: {said}")
    return made


def fit(
    name: str,
    router: Any,
    train: Labelled,
    validation: Labelled,
    progress: Callable[[int, int], None] = no_progress,
) -> None:
    """Fit a router on copies of the qualities, with what else its `fit` names: `validation`, `progress`."""
    prompts, quality = train
    more = {"validation": (validation[0], validation[1].copy()), "progress": progress}
    named = inspect.signature(router.fit).parameters
    extra = {key: value for key, value in more.items() if key in named}
    call(name, "fit", router.fit, prompts, quality.copy(), **extra)


def ask(name: str, router: Any, test: Prompts, pool: Pool, trade_offs: Floats) -> Answer:
    """Ask a fitted router about prompts, and check what it says."""
    if policy := not hasattr(router, "predict"):
        said = call(name, "route", router.route, test, trade_offs.copy())
    else:
        said = call(name, "predict", router.predict, test)
    return checked_answer(name, said, len(test), pool, trade_offs, policy=policy)


def checked_answer(
    name: str, said: object, prompts: int, pool: Pool, trade_offs: Floats, *, policy: bool
) -> Answer:
    """Return what a router said about so many prompts, or raise RouterError that tells what is wrong."""
    if policy:
        return Answer(None, check_choices(name, said, len(trade_offs), prompts, len(pool)), trade_offs)
    return Answer(check_predictions(name, said, prompts, pool.ids), None, trade_offs)


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
    if not isinstance(said, (int, float)) or not 0 <= said < LARGEST_QUALITY:
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


def processor_name() -> str:
    """Return the name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
