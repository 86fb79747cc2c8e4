"""Prompts as routers see them; how they are grouped and split."""

from __future__ import annotations

import copy
import hashlib
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench import CatbenchError, Prompts
from catbench.suite.prompts import group_of, normalise, split_of


@pytest.mark.parametrize(
    ("one", "other"),
    [("A Cat", "a cat"), ("a  cat\n", " a\tcat"), ("caf\u00e9", "cafe\u0301"), ("STRASSE", "stra\u00dfe")],
)
def test_texts_that_count_as_equal(one, other):
    assert normalise(one) == normalise(other)


def test_texts_that_do_not():
    assert normalise("a cat") != normalise("a cat.")


@given(st.text())
def test_normalising_twice_changes_nothing_more_that_matters(text):
    assert " ".join(normalise(text).split()) == normalise(text)


def test_groups_and_splits_are_the_hash_of_the_key():
    digest = hashlib.sha256(b"a cat").hexdigest()
    assert group_of("a cat") == digest[:16]
    share = int(digest, 16) / 2**256
    assert split_of("a cat") == ("train" if share < 0.8 else "validation" if share < 0.9 else "test")


@pytest.mark.parametrize(
    ("text", "group", "split"),
    [  # printf 'a red cat' | sha256sum; its first 13 digits over 16^13 are 0.998
        ("a red cat", "ff966ff162b9dd31", "test"),
        ("a kite", "facf5131ec5957f4", "test"),
        ("a lamp", "c7916eee76e23358", "train"),
        ("a blue fox", "6f196611ad12da26", "train"),
        ("three birds", "2e56d221612eaebd", "train"),
        ("strasse", "16d96952087774fe", "train"),
    ],
)
def test_groups_and_splits_never_change(text, group, split):
    assert (group_of(text), split_of(text)) == (group, split)


def test_four_fifths_train():
    splits = [split_of(str(number)) for number in range(20_000)]
    shares = [splits.count(name) / len(splits) for name in ("train", "validation", "test")]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.01)


def test_prompts_are_a_sequence_with_features():
    prompts = Prompts(["a", "b", "c"], {"clip": np.eye(3)})
    assert list(prompts) == ["a", "b", "c"]
    assert prompts[1] == "b"
    assert isinstance(prompts[1:], Prompts)
    assert list(prompts.take([2, 2])) == ["c", "c"]
    np.testing.assert_array_equal(prompts.take([2, 0]).features["clip"], np.eye(3)[[2, 0]])
    assert prompts[::2].features["clip"].dtype == np.float32
    assert repr(prompts) == "Prompts(3 texts, features: clip)"
    with pytest.raises(TypeError):
        prompts.features["clip"] = np.zeros((3, 3))
    with pytest.raises(ValueError, match="read-only"):
        prompts.features["clip"][0, 0] = 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prompts_leave_the_features_they_are_given_alone(dtype):
    given = np.eye(2, dtype=dtype)
    prompts = Prompts(["a", "b"], {"clip": given})
    given[:] = 7
    np.testing.assert_array_equal(prompts.features["clip"], np.eye(2))
    part = prompts.take([0])
    with pytest.raises(ValueError, match="read-only"):
        part.features["clip"][0, 0] = 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda prompts: pickle.loads(pickle.dumps(prompts))])
def test_prompts_can_be_copied_and_stay_read_only(copied):
    prompts = copied(Prompts(["a", "b"], {"clip": np.eye(2)}))
    assert list(prompts) == ["a", "b"]
    with pytest.raises(ValueError, match="read-only"):
        prompts.features["clip"][0, 0] = 1


def test_features_need_a_row_a_prompt():
    with pytest.raises(CatbenchError, match=r"shape \(2, 2\); 3 prompts need"):
        Prompts(["a", "b", "c"], {"clip": np.eye(2)})
