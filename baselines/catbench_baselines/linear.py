"""Ridge regression from vectors to all candidates' qualities, for several penalties (Hoerl and Kennard 1970).

Sparse vectors have too many columns for a Gram matrix. Conjugate gradients need only products with the
vectors, and these are shared: by all candidates, whose residuals together span one Krylov space (block
conjugate gradients with a QR step, Dubrulle 2001), and by all penalties, since a multiple of the identity
does not change that space (shifted systems, Futamura et al. 2013). So a path of penalties takes little longer
than its smallest one. Dense vectors, of few columns, are left to scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catbench import CatbenchError
from catbench_baselines.features import Floats

TOLERANCE = 1e-8
"""Norm of a residual over that of the right-hand side, of the largest column, at which a system is solved."""
STEPS = 2000
"""Most steps; a hundred are usual."""


@dataclass(frozen=True)
class LinearMap:
    """Qualities that are linear in a prompt's vector."""

    coefficients: Floats
    """(d, M)."""
    intercept: Floats
    """(M,)."""

    def predict(self, vectors: Any) -> Floats:
        """Return qualities (n, M) of vectors (n, d), an array or a sparse matrix."""
        return np.asarray(vectors @ self.coefficients, dtype=np.float64) + self.intercept


def linear_map(model: Any) -> LinearMap:
    """Return what a linear model of scikit-learn computes, of one target or of many."""
    coefficients = np.atleast_2d(model.coef_).T
    return LinearMap(coefficients, np.broadcast_to(model.intercept_, coefficients.shape[1]))


def ridge_path(vectors: Any, quality: Floats, penalties: Sequence[float]) -> list[LinearMap]:
    """Return the ridge fit at each penalty, in their order.

    `vectors` is an array (n, d) or a sparse matrix of that shape, `quality` (n, M), the penalties positive.
    What is minimised is the sum of squared errors plus the penalty times the sum of squared coefficients;
    the intercept is free. Raises CatbenchError where the iteration for sparse vectors does not end.
    """
    if isinstance(vectors, np.ndarray):
        from sklearn.linear_model import Ridge

        return [linear_map(Ridge(alpha=penalty).fit(vectors, quality)) for penalty in penalties]
    centre, means = np.asarray(vectors.mean(axis=0)).ravel(), quality.mean(axis=0)

    def product(directions: Floats) -> Floats:
        return vectors.T @ (vectors @ directions - centre @ directions)  # of centred vectors, kept sparse

    found = shifted_solutions(product, vectors.T @ (quality - means), penalties)
    return [LinearMap(coefficients, means - centre @ coefficients) for coefficients in found]


@dataclass
class _System:
    """One of the shifted systems: its block of residuals is the common block times `residual`."""

    shift: float
    solution: Floats
    """(d, M)."""
    search: Floats
    """(d, k)."""
    residual: Floats
    """(k, M)."""
    inverse: Floats
    """Of the step's pivot, (k, k)."""


def shifted_solutions(
    product: Callable[[Floats], Floats], right: Floats, penalties: Sequence[float]
) -> list[Floats]:
    """Return the X (d, M) that solve (A + penalty) X = `right` (d, M), for each penalty.

    `product` returns A Z of any Z (d, k), for an A that is symmetric and positive semidefinite. The search
    directions are those of the smallest penalty, the slowest. In the orthonormal blocks that they leave, A is
    block tridiagonal, and each system factorises that matrix, plus its own shift, one block a step.
    """
    least, stop = min(penalties), TOLERANCE * float(np.linalg.norm(right, axis=0).max())
    block, first = np.linalg.qr(right)
    search, link = block, np.zeros((block.shape[1],) * 2)
    curvature = link
    systems = [_System(p - least, np.zeros_like(right), block, first, link) for p in penalties]
    for _ in range(STEPS):
        active = [s for s in systems if np.linalg.norm(s.residual, axis=0).max() > stop]
        if not active:
            return [s.solution for s in systems]
        image = product(search) + least * search
        before, curvature = curvature, search.T @ image
        for s in active:
            carried: Any = link @ (before - before @ s.inverse @ before) @ link.T
            s.inverse = np.linalg.inv(curvature + s.shift * np.eye(len(curvature)) + carried)
            s.solution += s.search @ (s.inverse @ s.residual)
        block, link = np.linalg.qr(block - image @ np.linalg.inv(curvature))
        for s in active:
            onward = link @ curvature @ s.inverse
            s.residual, s.search = onward @ s.residual, block + s.search @ onward.T
        search = block + search @ link.T
    raise CatbenchError(
        f"ridge regression did not converge in {STEPS} steps at penalties of {least:g} and more: it needs "
        "vectors of about unit length (were they scaled up?)"
    )
