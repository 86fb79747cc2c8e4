"""One string that pins every convention behind a number.

Two numbers may be compared where their signatures agree. The idea is that of sacreBLEU (Post 2018).
"""

from __future__ import annotations

import hashlib

from catbench.bootstrap import Bootstrap
from catbench.matrix import ScoreMatrix
from catbench.pool import Pool


def signature(matrix: ScoreMatrix, pool: Pool, bootstrap: Bootstrap, trials: str, version: str) -> str:
    """Return `suite:...|pool:...|cost:...|...`; `trials` tells how win rates were drawn."""
    members = hashlib.sha256(" ".join(pool.ids).encode()).hexdigest()[:8]
    simulated = ["SIMULATED"] if matrix.suite.simulated else []
    parts = [
        *simulated,
        f"suite:{matrix.suite.id}@{matrix.digest[:12] or 'unsaved'}",
        f"pool:{pool.name}({len(pool)})@{members}",
        f"cost:{pool.unit}",
        f"split:test({len(matrix.rows('test'))}x{matrix.samples['test']})",
        "curve:exact,flat",
        f"bootstrap:{bootstrap.replicates},groups,seed={bootstrap.seed}",
        f"trials:{trials}",
        f"catbench:{version}",
    ]
    return "|".join(parts)
