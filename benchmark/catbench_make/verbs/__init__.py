"""Verbs that this package adds to `catbench` (entry points `catbench.commands`): heavy imports inside
them."""
