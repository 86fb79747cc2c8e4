"""Routers: what one is, where they come from, how they are made, fitted and asked.

router_output   checks on what they return
router_files    routers in a file or folder
routing         the protocol, and every call of a router
router_loader   where a router comes from: a name, a file, a folder
holdout         a candidate that is hidden while a router is fitted
"""
