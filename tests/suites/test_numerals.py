"""Numbers in other dress are read by one convention a column, and refused where two would fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catbench import CatbenchError
from catbench.suite.tables.numerals import numbers_in, read_numbers


def read(*cells):
    return read_numbers(pd.Series(list(cells), dtype=object))


@pytest.mark.parametrize(
    ("cells", "values", "dress"),
    [
        (["60.3%", "7 %", "-1%"], [60.3, 7, -1], "% signs taken off"),
        (["1,234.5", "12", "-1,000,000"], [1234.5, 12, -1e6], "thousands put together"),
        (["1 234", "12'345", "1\u202f000.5"], [1234, 12345, 1000.5], "thousands put together"),
        (["0,5", "1,25"], [0.5, 1.25], "commas as decimal points"),
        (["1.234,5", "2"], [1234.5, 2], "thousands put together, commas as decimal points"),
        (["$0.026", "$ 4"], [0.026, 4], "$ signs taken off"),
        (["\u22122.5", "+1e-3", ".5"], [-2.5, 0.001, 0.5], ""),
        (["True", "FALSE", " yes", "no"], [1, 0, 1, 0], "true as 1, false as 0"),
        (["yes", "0", "1"], [1, 0, 1], "true as 1, false as 0"),
        ([True, False], [1, 0], "true as 1, false as 0"),
        ([1, 2.5, "3"], [1, 2.5, 3], ""),
    ],
)
def test_dress_is_taken_off_and_told(cells, values, dress):
    found = read(*cells)
    assert found.odd is None
    np.testing.assert_array_equal(found.values, values)
    assert (found.share, found.dress) == (1, dress)


@pytest.mark.parametrize(
    ("cells", "odd"),
    [
        (["60.3%", "0.6"], 1),
        (["0.6", "60.3%"], 1),
        (["$1", "2"], 1),
        (["$1", "€1"], 1),
        (["7", "1,234"], 1),
        (["yes", "0.5"], 0),
        (["0.5", "maybe", "0.7"], 1),
        (["1,23.4", "5"], 0),
        (["1,2345", "1,234.5"], 0),
        (["0.5", "0,5"], 1),
        ([1.5, [1, 2]], 1),
    ],
)
def test_what_has_no_one_reading_is_refused_by_its_row(cells, odd):
    assert read(*cells).odd == odd
    column = pd.Series(cells, dtype=object, index=range(10, 10 + len(cells)))
    with pytest.raises(CatbenchError, match=rf"s\.csv, row {11 + odd}: clip is "):
        numbers_in(column, "clip", "s.csv")


def test_a_comma_that_may_be_either_is_not_guessed():
    with pytest.raises(CatbenchError, match="'1,234', which is one number with thousands and another with"):
        numbers_in(pd.Series(["1,234", "5,678"]), "clip", "s.csv")


def test_what_is_missing_is_no_number_and_no_fault():
    found = read("1.5", "", None, np.nan, "N/A", "-", pd.NA)
    assert found.odd is None
    assert np.isnan(found.values).tolist() == [False] + [True] * 6
    assert found.share == 1


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([True, None], dtype="boolean"),
        pd.Series([1, None], dtype="Int64"),
        pd.Series(["1", ""], dtype="str"),
        pd.Series(["1", None], dtype="category"),
    ],
)
def test_every_kind_of_column_is_read(column):
    np.testing.assert_array_equal(read_numbers(column).values, [1, np.nan])


@pytest.mark.parametrize("cells", [["a", "b"], ["2024-01-02"], ["1.2.3"], ["16:9"], [], ["", "-"]])
def test_other_things_are_no_numbers(cells):
    assert read(*cells).share == 0
    assert read_numbers(pd.to_datetime(pd.Series(["2024-01-02"]))).share == 0


@given(st.lists(st.floats(-1e12, 1e12), min_size=1))
def test_numbers_are_themselves_plain_with_percent_signs_or_grouped(numbers):
    assert read(*map(str, numbers)).values.tolist() == numbers
    assert read(*(f"{number}%" for number in numbers)).values.tolist() == numbers
    grouped = read("1,000.5", *(f"{number:,.3f}" for number in numbers))
    assert grouped.values[1:].tolist() == [float(f"{number:.3f}") for number in numbers]
