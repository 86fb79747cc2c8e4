"""Prices: which keys name them, and which tables are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench import CatbenchError
from catbench.suite.pool import Cost, check_costs, cost_keys, select_costs

NAMES = ("small", "large")


def prices(unit, *values, hardware=""):
    return [
        Cost(candidate=name, unit=unit, value=value, hardware=hardware)
        for name, value in zip(NAMES, values, strict=True)
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(["seconds", "usd"]), st.sampled_from(["", "A100", "H100", "TPU @ v5"])),
        min_size=1,
        unique=True,
    )
)
def test_every_key_that_is_offered_names_its_own_prices(columns):
    table = {column: (float(number), number + 0.5) for number, column in enumerate(columns, start=1)}
    costs = [
        cost for (unit, hardware), pair in table.items() for cost in prices(unit, *pair, hardware=hardware)
    ]
    keys = cost_keys(costs)
    found = {tuple(select_costs(costs, key, NAMES)[0]) for key in keys}
    assert len(keys) == len(columns)
    assert found == set(table.values())


def test_prices_come_in_the_order_asked_for_and_tell_the_hardware():
    costs = prices("seconds", 1.0, 3.0, hardware="A100")
    found, hardware = select_costs(costs, "seconds", ["large", "small"])
    np.testing.assert_array_equal(found, [3, 1])
    assert hardware == "A100"
    assert not found.flags.writeable


def test_a_unit_on_several_machines_must_be_told_apart():
    costs = prices("seconds", 1, 2, hardware="A100") + prices("seconds", 3, 4, hardware="H100")
    with pytest.raises(CatbenchError, match="name one of seconds@A100, seconds@H100"):
        select_costs(costs, "seconds", NAMES)
    with pytest.raises(CatbenchError, match="did you mean 'seconds@H100'"):
        select_costs(costs, "seconds@H10", NAMES)


def test_a_unit_cannot_hold_the_sign_before_hardware():
    with pytest.raises(ValueError, match="pattern"):
        Cost(candidate="small", unit="s@A100", value=1)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_price_is_positive_and_finite(value):
    with pytest.raises(
        CatbenchError, match=r"costs\.csv, row 2: candidate 'large' costs .* positive and finite"
    ):
        check_costs(prices("usd", 1, value), NAMES, "costs.csv")


def test_a_unit_may_price_some_candidates_and_says_so_where_another_is_asked_for():
    costs = prices("seconds", 1, 2, hardware="A100") + prices("seconds", 3, 4, hardware="H100")[:1]
    check_costs(costs, NAMES, "costs.csv")
    assert select_costs(costs, "seconds@H100", ["small"])[0].tolist() == [3]
    with pytest.raises(
        CatbenchError, match=r"'large' has no cost in 'seconds@H100': .*'priced:seconds@H100'"
    ):
        select_costs(costs, "seconds@H100", NAMES)


def test_a_table_without_a_price_is_refused():
    with pytest.raises(CatbenchError, match=r"costs\.csv: no costs"):
        check_costs([], NAMES, "costs.csv")


def test_a_price_of_an_unknown_candidate_is_refused_or_passed_over():
    costs = [*prices("usd", 1, 2), Cost(candidate="lagre", unit="usd", value=0)]
    with pytest.raises(CatbenchError, match="row 3: unknown candidate 'lagre': did you mean 'large'"):
        check_costs(costs, NAMES, "costs.csv")
    check_costs(costs, NAMES, "costs.csv", others=True)


def test_a_price_stands_once():
    check_costs(prices("usd", 1, 2) + prices("seconds", 1, 2), NAMES, "costs.csv")
    with pytest.raises(CatbenchError, match="row 4: candidate 'large' has two prices in 'usd'"):
        check_costs(
            [*prices("usd", 1, 2), *prices("seconds", 1, 2)[:1], *prices("usd", 1, 2)[1:]], NAMES, "x"
        )
