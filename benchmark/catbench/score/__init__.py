"""From an answer to its measures: curves, areas, intervals. No router is made or asked here.

curve climbs sweep cascade   deferral curves: of estimates, of policies, of cascades, exact
measures estimator_error     every measure, and the table of them
unseen_oracles               oracles scored on an image that they have not seen
bootstrap                    draws and intervals
answer rounds truth          what a router said; who trains and tests; what that is scored against
deployment                   budgets: the trade-off that keeps to one
scorer from_three_arrays     all measures of one answer under weights; of three arrays
"""
