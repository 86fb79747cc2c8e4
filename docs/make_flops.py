"""Counts the FLOPs of every known candidate anew: `python docs/make_flops.py` writes the shipped table.

Infinity is counted on its official code: CATBENCH_INFINITY names a clone (see `catbench_make.checkout`).
"""

from __future__ import annotations

from catbench_make.costs.flop_table import SHIPPED, count_costs, write_costs
from catbench_make.plan.candidates import known_candidates

if __name__ == "__main__":
    write_costs([cost for one in known_candidates() for cost in count_costs(one)], SHIPPED)
