"""Infinity (Han et al. 2025) as a pipeline, on its official code (`catbench_make.checkout`)."""
