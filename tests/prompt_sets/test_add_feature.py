"""Vectors of an encoder, put into a suite that has scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catbench import evaluate, load
from catbench.errors import UsageError
from catbench.score.bootstrap import Bootstrap
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save, suite_folder, verify
from catbench_make.prompts.add_feature import add_feature
from catbench_make.prompts.embeddings import Embeddings


@pytest.fixture
def folder(tmp_path):
    made = simulate(Simulation(prompts=300, candidates=3, samples=1))[0]
    save(replace(made, features={}), tmp_path / "suite")
    return tmp_path / "suite"


def quiet(what, done, total):
    pass


def test_routers_read_them_by_name_and_the_digest_stays(folder, embeddings):
    before = load(folder)
    name, _, _ = add_feature(folder, embeddings, quiet)
    after = verify(folder)
    assert (name, list(after.features)) == ("bag", ["bag"])
    assert after.digest == before.digest
    texts = after.prompts["text"].tolist()
    np.testing.assert_array_equal(after.features["bag"], embeddings(texts, quiet))
    scored = [evaluate(router, after, bootstrap=Bootstrap(0)).result() for router in ("knn:bag", "knn")]
    assert scored[0].measures == scored[1].measures
    assert scored[0].measures != evaluate("knn", before, bootstrap=Bootstrap(0)).result().measures


def test_an_encoder_reads_each_text_once(folder, bag, embeddings):
    add_feature(folder, embeddings, quiet)
    read = len(bag.texts)
    assert read == load(folder).prompts["text"].nunique()
    add_feature(folder, Embeddings(bag), quiet)
    assert len(bag.texts) == read


def test_a_stop_leaves_a_suite_that_loads(folder, embeddings, monkeypatch):
    add_feature(folder, embeddings, quiet)

    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("catbench_make.prompts.add_feature.np.save", stop)
    with pytest.raises(KeyboardInterrupt):
        add_feature(folder, embeddings, quiet)
    assert not verify(folder).features


def test_a_shipped_suite_is_not_changed(embeddings):
    with pytest.raises(UsageError, match="comes with catbench and is not changed"):
        add_feature(suite_folder("nano"), embeddings, quiet)
