"""Routers that several files here use: each shipped one, fitted once to the small simulated suite."""

from __future__ import annotations

import pytest

import catbench

ROUTERS = (
    "ridge", "knn", "mlp", "embedllm", "uniroute", "routellm-mf", "cems", "trees", "guarded", "guarded:knn",
    "mixture", "fixed:sim-2", "adadiff",
)  # fmt: skip


@pytest.fixture(scope="session")
def suite(simulated):
    """The small simulated suite."""
    return catbench.load(simulated)


@pytest.fixture(scope="session")
def fitted(suite):
    """Every shipped router that reads no tokens, by name."""
    return {name: catbench.fit(name, suite, metric="simulated_score") for name in ROUTERS}


@pytest.fixture(scope="session")
def folders(fitted, tmp_path_factory):
    """A folder of each."""
    place = tmp_path_factory.mktemp("fitted")
    for name, router in fitted.items():
        router.save(place / name.replace(":", "-"))
    return place
