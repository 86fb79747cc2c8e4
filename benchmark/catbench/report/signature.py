"""One string that pins every convention behind a number.

Two numbers may be compared where their signatures agree. The idea is that of sacreBLEU (Post 2018).
"""

from __future__ import annotations

import hashlib

from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import Rounds
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool


def signature(
    matrix: ScoreMatrix,
    rounds: Rounds,
    pool: Pool,
    bootstrap: Bootstrap,
    trials: str,
    version: str,
    *,
    compact: bool = False,
) -> str:
    """Return `suite:...|pool:...|cost:...|...`; `trials` tells how win rates were drawn."""
    test = rounds.test
    protocol = [rounds.described] if rounds.described else []
    if compact:
        protocol.append("compact")
    members = hashlib.sha256(" ".join(pool.ids).encode()).hexdigest()[:8]
    simulated = ["SIMULATED"] if matrix.suite.simulated else []
    low, high = float(pool.cost.min()), float(pool.cost.max())
    parts = [
        *simulated,
        f"suite:{matrix.suite.id}@{matrix.digest[:12]}",
        f"pool:{pool.name}({len(pool)})@{members}",
        f"cost:{pool.unit}",
        f"split:{'test' if not rounds.described.startswith('folds') else 'all'}({len(test)}x{test.samples})",
        *protocol,
        "curve:exact,flat",
        f"axis:log({low:.6g}-{high:.6g})",
        f"bootstrap:{bootstrap.replicates},groups,seed={bootstrap.seed}",
        f"trials:{trials}",
        f"catbench:{version}",
    ]
    return "|".join(parts)
