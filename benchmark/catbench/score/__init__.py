"""From an answer to its measures: curves, areas, intervals. No router is made or asked here.

curve climbs sweep cascade   deferral curves: of estimates, of policies, of cascades, exact
measures measure_table       every measure, and the table of them
estimator_error              rank correlation without a sort a resample
unseen_oracles               oracles scored on an image that they have not seen
bootstrap                    draws and intervals
answer truth                 what a router said; what that is scored against
rounds truth_of_rounds       who trains and tests; the truth about them
deployment                   the sweep of an answer, and what it comes to at a budget
scorer                       all measures of one answer under weights; of three arrays
"""
