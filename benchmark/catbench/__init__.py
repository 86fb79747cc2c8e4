"""catbench: a benchmark of cost-aware text-to-image routing.

A router reads a prompt and picks which generator should draw it. A frozen score matrix tells, in
seconds and without a GPU, how much quality per cost that choice was worth.

    import catbench

    matrix = catbench.load("path/to/suite")
    report = catbench.evaluate("knn", matrix)
    print(report.result("clip_score").measures["headroom"])

The distribution is called catbench-t2i; catbench on the package index is another project.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from catbench.errors import CatbenchError, install_line
    from catbench.home import cache_folder
    from catbench.report.comparison import compare
    from catbench.report.evaluation import evaluate
    from catbench.report.report import Report
    from catbench.route.router_loader import find_router
    from catbench.score.curve import DeferralCurve
    from catbench.score.measures import measures
    from catbench.score.scorer import score_arrays
    from catbench.score.sweep import deferral_curve, mixture_curve, oracle_curve
    from catbench.suite.matrix import ScoreMatrix, Suite
    from catbench.suite.pool import Candidate, Pool
    from catbench.suite.prompts import Prompts
    from catbench.suite.store import load
    from catbench.use.fitted import Choices, FittedRouter, fit

__all__ = [
    "Candidate",
    "CatbenchError",
    "Choices",
    "DeferralCurve",
    "FittedRouter",
    "Pool",
    "Prompts",
    "Report",
    "ScoreMatrix",
    "Suite",
    "cache_folder",
    "compare",
    "deferral_curve",
    "evaluate",
    "find_router",
    "fit",
    "install_line",
    "load",
    "measures",
    "mixture_curve",
    "oracle_curve",
    "score_arrays",
]

_HOME = {
    "Candidate": "suite.pool",
    "CatbenchError": "errors",
    "Choices": "use.fitted",
    "DeferralCurve": "score.curve",
    "FittedRouter": "use.fitted",
    "Pool": "suite.pool",
    "Prompts": "suite.prompts",
    "Suite": "suite.matrix",
    "Report": "report.report",
    "ScoreMatrix": "suite.matrix",
    "cache_folder": "home",
    "compare": "report.comparison",
    "deferral_curve": "score.sweep",
    "evaluate": "report.evaluation",
    "find_router": "route.router_loader",
    "fit": "use.fitted",
    "install_line": "errors",
    "load": "suite.store",
    "measures": "score.measures",
    "mixture_curve": "score.sweep",
    "oracle_curve": "score.sweep",
    "score_arrays": "score.scorer",
}


def _warn_beside_the_other() -> None:
    """Warn where the other project called catbench is installed into the same folder as this one."""
    import sys
    from pathlib import Path

    for place in Path(__file__).parents[1].glob("catbench-*.dist-info"):
        entries = place / "entry_points.txt"
        if not (entries.is_file() and "[catbench.routers]" in entries.read_text(encoding="utf-8")):
            if Path(sys.argv[0]).stem == "catbench" and "catbench_command" not in sys.modules:
                sys.exit(
                    f"catbench: the command is another project's ({place.name}), the folder catbench this "
                    "one's: use an environment of its own for each; this one is python -m catbench_command"
                )
            from warnings import warn

            warn(
                f"another project called catbench is installed into the same folder ({place.name}); either "
                "may lack files: use an environment of its own for each",
                stacklevel=3,
            )


_warn_beside_the_other()


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import catbench` alone costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'catbench' has no attribute {name!r}")
    value = getattr(import_module(f"catbench.{_HOME[name]}"), name)
    globals()[name] = value
    return value
