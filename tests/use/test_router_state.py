"""What a router answers by goes to disk and comes back as arrays; scikit-learn types are those of a list."""

from __future__ import annotations

import json
import os
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import catbench
from catbench.errors import RouterError, SuiteError
from catbench.suite.store import save
from catbench.use.router_state import ARRAYS, SKOPS, TREE, read_state, types_beyond, write_state

PLS = "sklearn.cross_decomposition._pls.PLSRegression"


def test_plain_values_arrays_and_sparse_matrices_come_back_the_same(tmp_path):
    state = {
        "none": None,
        "yes": True,
        "number": np.float32(0.1),
        "words": ["ä", "b c"],
        "deep": {"list": [[np.arange(3), 1.5], []], "empty": {}},
        "sparse": csr_matrix(np.eye(3)[:, [0, 2, 1]]),
        "texts": np.array(["x", "yy"]),
    }
    write_state(tmp_path, state)
    found = read_state(tmp_path)
    assert not (tmp_path / SKOPS).exists()
    np.testing.assert_array_equal(found["sparse"].toarray(), state["sparse"].toarray())
    np.testing.assert_array_equal(found["deep"]["list"][0][0], np.arange(3))
    assert (found["number"], found["words"]) == (float(np.float32(0.1)), ["ä", "b c"])
    assert (found["deep"]["empty"], found["texts"].tolist()) == ({}, ["x", "yy"])


@pytest.mark.parametrize("value", [{1: 2}, object(), np.array([object()]), np.array([1j]), {"a": {3, 4}}])
def test_what_is_no_plain_value_is_refused(tmp_path, value):
    with pytest.raises(RouterError, match=r"state\(\) holds a \w+ at router.*it may hold plain values"):
        write_state(tmp_path, value)


class Attack:
    """What a pickle would run."""

    def __reduce__(self):
        return os.system, ("exit 1",)


def test_an_array_of_objects_is_never_unpickled(tmp_path):
    np.savez(tmp_path / ARRAYS, router=np.array([Attack()], dtype=object))
    (tmp_path / TREE).write_text(json.dumps({"array": "router"}), encoding="utf-8")
    with pytest.raises(SuiteError, match="not readable as arrays: Object arrays cannot be loaded"):
        read_state(tmp_path)


@pytest.mark.parametrize(
    "tree", ["{", '{"array": "x"}', '{"estimator": "x"}', '{"csr": 3}', "{}", '{"dict": 3}']
)
def test_a_broken_tree_is_one_line(tmp_path, tree):
    (tmp_path / TREE).write_text(tree, encoding="utf-8")
    with pytest.raises(SuiteError, match=r"router.json: not readable as a router's state"):
        read_state(tmp_path)


@pytest.mark.parametrize(
    "estimator", [FunctionTransformer(exec), FunctionTransformer(np.sqrt), PLSRegression()]
)
def test_a_type_or_a_function_beyond_the_list_is_named_by_the_user_or_not_loaded(tmp_path, estimator):
    write_state(tmp_path, {"model": estimator})
    beyond = types_beyond(tmp_path)
    with pytest.raises(RouterError, match=rf"unless you name them.*--trust {beyond[0]}"):
        read_state(tmp_path)
    assert type(read_state(tmp_path, beyond)["model"]) is type(estimator)


def test_a_damaged_file_of_estimators(tmp_path):
    write_state(tmp_path, {"model": Ridge()})
    (tmp_path / SKOPS).write_bytes((tmp_path / SKOPS).read_bytes()[:100])
    with pytest.raises(SuiteError, match="not readable as a file of skops"):
        read_state(tmp_path)


@pytest.mark.parametrize(
    "steps",
    [
        (Ridge(),),
        (TruncatedSVD(4), StandardScaler(), KNeighborsRegressor(3)),
        (RandomForestRegressor(3, random_state=0),),
        (MLPRegressor(hidden_layer_sizes=(8,), max_iter=3),),
    ],
    ids=["ridge", "neighbours", "forest", "perceptron"],
)
def test_a_pipeline_of_scikit_learn_is_saved_and_answers_without_its_suite(suite, tmp_path, steps):
    texts = list(suite.texts(suite.rows("test")))
    words = make_union(TfidfVectorizer(), CountVectorizer(ngram_range=(2, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three passes are few
        router = catbench.fit(make_pipeline(words, *steps), suite, metric="simulated_score")
    router.save(tmp_path / "kept")
    assert types_beyond(tmp_path / "kept") == []
    again = catbench.FittedRouter.load(tmp_path / "kept")
    one, other = (r.choose(texts, budget=8.0) for r in (router, again))
    assert one.candidates == other.candidates
    np.testing.assert_allclose(one.predicted, other.predicted, rtol=0, atol=1e-12)


OWN = """
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

def make_router(pool):
    return make_pipeline(CountVectorizer(), TruncatedSVD(4), PLSRegression(2))
"""


def test_fit_names_the_types_that_route_then_needs(command, simulated, tmp_path):
    (tmp_path / "mine.py").write_text(OWN, encoding="utf-8")
    kept = tmp_path / "kept"
    given = ("--suite", simulated, "--metric", "simulated_score", "--out", kept)
    said = command("fit", tmp_path / "mine.py", *given)
    assert said.code == 0, said.err
    assert f"  --trust {PLS}" in said.out.splitlines()
    assert "--router" not in said.out
    refused = command("route", kept, "apple", "--budget", "9")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert f"--trust {PLS}" in refused.err
    done = command("route", kept, "apple", "--budget", "9", "--trust", PLS)
    assert done.code == 0, done.err


def test_a_pipeline_with_a_function_of_a_script_is_fitted_again(suite, tmp_path, monkeypatch):
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path / "home"))
    save(suite, tmp_path / "home" / "suites" / "simulated")
    mine = make_pipeline(FunctionTransformer(lambda texts: [[len(t)] for t in texts]), Ridge())
    catbench.fit(mine, suite, metric="simulated_score").save(tmp_path / "kept")
    assert not (tmp_path / "kept" / TREE).exists()
    assert not (tmp_path / "kept" / SKOPS).exists()
    with pytest.warns(UserWarning, match="is not saved: it is fitted again from suite 'simulated'"):
        again = catbench.FittedRouter.load(tmp_path / "kept", router=mine)
    assert len(again.choose(["apple bridge castle"], budget=8.0)) == 1
