"""What a router answers by, on disk: plain values, arrays, scikit-learn's estimators, and never a pickle.

    router.json   the state; an array stands in it as {"array": NAME}, a dictionary as {"dict": {...}},
                  a sparse matrix as {"csr": NAME, "shape": [n, d]}, an estimator as {"estimator": NAME}
    router.npz    the arrays
    router.skops  the estimators, where there are any

Estimators are read by skops, and only where each type in the file is in `ESTIMATORS` or named by the user: a
folder cannot add to these. Nothing of scikit-learn is imported where there are no estimators.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile, ZipFile

import numpy as np
from scipy.sparse import csr_array, csr_matrix, issparse

from catbench.errors import RouterError
from catbench.files import readable

TREE, ARRAYS, SKOPS = "router.json", "router.npz", "router.skops"
ESTIMATORS = frozenset(
    {
        "builtins.dict", "builtins.float", "builtins.int", "builtins.list", "builtins.slice", "builtins.str",
        "builtins.tuple", "builtins.type", "builtins.set", "builtins.bool", "builtins.NoneType",
        "collections.OrderedDict", "collections.defaultdict",
        "numpy.dtype", "numpy.float32", "numpy.float64", "numpy.int32", "numpy.int64", "numpy.ndarray",
        "numpy.uint64", "numpy.random._generator.Generator", "numpy.random.mtrand.RandomState",
        "scipy.sparse._csr.csr_array", "scipy.sparse._csr.csr_matrix",
        "sklearn._loss._loss.CyHalfSquaredError", "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn.compose._target.TransformedTargetRegressor",
        "sklearn.decomposition._pca.PCA", "sklearn.decomposition._truncated_svd.TruncatedSVD",
        "sklearn.dummy.DummyRegressor",
        "sklearn.ensemble._gb.GradientBoostingRegressor",
        "sklearn.ensemble._forest.ExtraTreesRegressor", "sklearn.ensemble._forest.RandomForestRegressor",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.feature_extraction.text.CountVectorizer",
        "sklearn.feature_extraction.text.HashingVectorizer",
        "sklearn.feature_extraction.text.TfidfTransformer",
        "sklearn.feature_extraction.text.TfidfVectorizer",
        "sklearn.feature_selection._univariate_selection.SelectKBest",
        "sklearn.kernel_ridge.KernelRidge",
        "sklearn.linear_model._base.LinearRegression",
        "sklearn.linear_model._coordinate_descent.ElasticNet",
        "sklearn.linear_model._coordinate_descent.Lasso",
        "sklearn.linear_model._coordinate_descent.MultiTaskElasticNet",
        "sklearn.linear_model._coordinate_descent.MultiTaskLasso",
        "sklearn.linear_model._ridge.Ridge", "sklearn.linear_model._ridge.RidgeCV",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.multioutput.MultiOutputRegressor",
        "sklearn.neighbors._ball_tree.BallTree", "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._regression.KNeighborsRegressor",
        "sklearn.neural_network._multilayer_perceptron.MLPRegressor",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.pipeline.FeatureUnion", "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.MaxAbsScaler", "sklearn.preprocessing._data.Normalizer",
        "sklearn.preprocessing._data.StandardScaler", "sklearn.preprocessing._label.LabelBinarizer",
        "sklearn.svm._classes.LinearSVR", "sklearn.svm._classes.SVR",
        "sklearn.tree._classes.DecisionTreeRegressor", "sklearn.tree._classes.ExtraTreeRegressor",
        "sklearn.tree._tree.Tree",
    }
)  # fmt: skip
"""Types that a file of estimators may hold: scikit-learn's of a text pipeline, and what they are made of."""


def is_estimator(value: object) -> bool:
    """Return whether something is an object of scikit-learn's classes, without importing them."""
    base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
    return base is not None and isinstance(value, base)


def write_state(folder: Path, state: object) -> None:
    """Write a state into a folder. Raises RouterError for what is none of a state's types."""
    arrays: dict[str, Any] = {}
    estimators: dict[str, Any] = {}
    tree = _packed(state, "router", arrays, estimators)
    if estimators:
        import skops.io

        try:
            skops.io.dump(estimators, folder / SKOPS)
        except Exception as error:  # what skops refuses has no class in common
            raise RouterError(f"an estimator of the router cannot be saved: {error}") from error
        if lost := [name for name in types_beyond(folder) if "<" in name or name.startswith("__main__.")]:
            (folder / SKOPS).unlink()
            raise RouterError(
                f"an estimator of the router holds {lost[0]}, which no other program can import"
            )
    if arrays:
        np.savez(folder / ARRAYS, allow_pickle=False, **arrays)
    (folder / TREE).write_text(json.dumps(tree) + "\n", encoding="utf-8")


def read_state(folder: Path, trusted: Sequence[str] = ()) -> Any:
    """Return the state of a folder; `trusted` are types that the user names beside `ESTIMATORS`.

    Raises RouterError where another type is in it, SuiteError where it cannot be read.
    """
    estimators: Mapping[str, Any] = {}
    arrays: Mapping[str, Any] = {}
    if (folder / SKOPS).is_file():
        estimators = _estimators(folder / SKOPS, trusted)
    if (folder / ARRAYS).is_file():
        with readable(folder / ARRAYS, "arrays"), np.load(folder / ARRAYS, allow_pickle=False) as found:
            arrays = dict(found)
    with readable(folder / TREE, "a router's state"):
        try:
            tree = json.loads((folder / TREE).read_text(encoding="utf-8"))
            return _unpacked(tree, arrays, estimators)
        except (KeyError, IndexError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error


def types_in(path: Path) -> frozenset[str]:
    """Return the types that a file of skops names, without making an object of any."""
    found: set[str] = set()

    def note(part: dict[str, Any]) -> None:
        # Of objects, and of functions that skops would import.
        for module, name in (("__module__", "__class__"), ("module_path", "function")):
            if isinstance(part.get(module), str) and isinstance(part.get(name), str):
                found.add(f"{part[module]}.{part[name]}")

    with readable(path, "a file of skops"):
        try:
            with ZipFile(path) as archive:
                json.loads(archive.read("schema.json"), object_hook=note)
        except (BadZipFile, KeyError, RecursionError) as error:
            raise ValueError(str(error)) from error
    return frozenset(found)


def types_beyond(folder: Path) -> list[str]:
    """Return the types of a folder's estimators that a user has to name to load them, sorted."""
    return sorted(types_in(folder / SKOPS) - ESTIMATORS) if (folder / SKOPS).is_file() else []


def _estimators(path: Path, trusted: Sequence[str]) -> dict[str, Any]:
    allowed = ESTIMATORS | set(trusted)
    if others := sorted(types_in(path) - allowed):
        named = " ".join(f"--trust {name}" for name in others)
        raise RouterError(
            f"{path} holds types that are not loaded unless you name them, since loading one may run its "
            f"code: {named} (in Python trusted=[...])"
        )
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    with readable(path, "a file of skops"):
        try:
            return skops.io.load(path, trusted=sorted(allowed))
        except UntrustedTypesFoundException as error:
            raise RouterError(f"{path} holds types that are not loaded: {error}") from error
        except (AttributeError, ImportError, KeyError, BadZipFile) as error:
            raise RouterError(
                f"{path} cannot be loaded with this scikit-learn ({error}): fit the router again"
            ) from error


def _packed(value: Any, name: str, arrays: dict[str, Any], estimators: dict[str, Any]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufU":
        arrays[name] = value
        return {"array": name}
    if issparse(value):
        rows: Any = csr_array(value)
        arrays |= {f"{name}.{part}": getattr(rows, part) for part in ("data", "indices", "indptr")}
        return {"csr": name, "shape": list(rows.shape)}
    if isinstance(value, dict) and all(isinstance(key, str) for key in cast(dict[Any, Any], value)):
        parts = cast(dict[str, Any], value).items()
        return {"dict": {key: _packed(part, f"{name}.{key}", arrays, estimators) for key, part in parts}}
    if isinstance(value, (list, tuple)):
        listed = cast(Sequence[Any], value)
        return [_packed(part, f"{name}.{place}", arrays, estimators) for place, part in enumerate(listed)]
    if is_estimator(value):
        estimators[name] = value
        return {"estimator": name}
    raise RouterError(
        f"state() holds a {type(value).__name__} at {name}: it may hold plain values, lists, dictionaries of "
        "texts, arrays of numbers, and scikit-learn's estimators"
    )


def _unpacked(tree: Any, arrays: Mapping[str, Any], estimators: Mapping[str, Any]) -> Any:
    if isinstance(tree, list):
        return [_unpacked(part, arrays, estimators) for part in cast(list[Any], tree)]
    if not isinstance(tree, dict):
        return tree
    said = cast(dict[str, Any], tree)
    if "dict" in said:
        return {key: _unpacked(part, arrays, estimators) for key, part in said["dict"].items()}
    if "csr" in said:
        data, indices, ends = (arrays[f"{said['csr']}.{part}"] for part in ("data", "indices", "indptr"))
        return csr_matrix((data, indices, ends), shape=tuple(said["shape"]))
    return arrays[said["array"]] if "array" in said else estimators[said["estimator"]]
