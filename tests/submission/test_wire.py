"""Requests arrive as they were sent; of an answer only numbers of the right shape are taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench.submit.sandbox.wire import (
    answer_size,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
    pool_from_json,
    pool_to_json,
)
from catbench.suite.pool import Candidate, Pool
from catbench.suite.prompts import Prompts


def test_a_request_arrives_as_it_was_sent():
    random = np.random.default_rng(0)
    prompts = Prompts(["a cat", "", "Ünïcode \n of two lines"], {"clip": random.normal(size=(3, 5))})
    parts = [(prompts, random.normal(size=(3, 4))), (Prompts(["\ud800"]), np.empty((1, 0)))]
    asked, arrived = decode_request(encode_request({"x": 1e-320}, *parts))
    assert asked == {"x": 1e-320}
    for (texts, qualities), (sent, quality) in zip(arrived, parts, strict=True):
        assert list(texts) == list(sent)
        assert texts.features.keys() == sent.features.keys()
        np.testing.assert_array_equal(qualities, quality)
    np.testing.assert_array_equal(arrived[0][0].features["clip"], prompts.features["clip"])


def test_features_of_any_name_arrive_in_their_order_in_memory():
    names = ["x", "x.npy", "a\0b", "a", "\ud800", "0 quality", "arr_0", "y" * 70_000]
    features = {name: np.full((2, 3), place, order="F") for place, name in enumerate(names)}
    prompts = Prompts(["a pair: \ud83d\ude00", "\0"], features)
    _, [(arrived, quality)] = decode_request(
        encode_request({}, (prompts, np.asfortranarray(np.ones((2, 4)))))
    )
    assert list(arrived) == list(prompts)
    assert [values[0, 0] for values in arrived.features.values()] == [*range(len(names))]
    assert list(arrived.features) == names
    for values in (*arrived.features.values(), quality):
        assert values.flags.c_contiguous
        assert not values.flags.writeable
    assert arrived.features["x"].dtype == prompts.features["x"].dtype


def test_a_pool_arrives_as_it_was_sent():
    candidates = (Candidate(id="a", model="m", settings={"steps": 4}), Candidate(id="b"))
    pool = Pool("all", candidates, np.array([0.1, 1 / 3]), "tflops", "clip_score", 7)
    again = pool_from_json(pool_to_json(pool))
    assert (again.name, again.candidates, again.unit, again.metric, again.seed) == (
        *(pool.name, pool.candidates, pool.unit, pool.metric, pool.seed),
    )
    np.testing.assert_array_equal(again.cost, pool.cost)


@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 6),
    seed=st.integers(0, 99),
    kind=st.sampled_from(["estimator", "policy"]),
)
def test_an_answer_comes_back_bit_by_bit(rows, columns, seed, kind):
    random = np.random.default_rng(seed)
    numbers = random.integers(-(2**62), 2**62, (rows, columns))
    numbers = numbers.view(np.float64) if kind == "estimator" else numbers
    sent = encode_answer(numbers)
    assert len(sent) == answer_size(rows, columns, kind)
    assert decode_answer(sent, rows, columns, kind).tobytes() == numbers.tobytes()


@pytest.mark.parametrize(
    ("rows", "columns", "kind"),
    [
        (8, 3, "estimator"),
        (7, 2, "estimator"),
        (7, 3, "policy"),
        (3, 7, "estimator"),
    ],
)
def test_another_shape_or_kind_is_refused(rows, columns, kind):
    assert decode_answer(encode_answer(np.zeros((7, 3))), rows, columns, kind) is None


@given(st.data())
def test_no_byte_but_a_number_may_differ(data):
    numbers = np.full((5, 2), 0.1)
    sent = bytearray(encode_answer(numbers))
    place = data.draw(st.integers(0, len(sent) - 1))
    sent[place] ^= 1 << data.draw(st.integers(0, 7))
    found = decode_answer(bytes(sent), 5, 2, "estimator")
    assert found is None or (found.shape == (5, 2) and (found != numbers).sum() == 1)
