"""From an answer to its measures: curves, areas, intervals. No router is made or asked here.

curve climbs sweep cascade   deferral curves: of estimates, of policies, of cascades, exact
measures/                    every measure, a file each, and the table of them
bootstrap                    draws and intervals
answer rounds truth          what a router said; who trains and tests; what that is scored against
deployment                   budgets: the trade-off that keeps to one
scorer                       all measures of one answer under weights
"""
