"""Where routers come from, and what is asked of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from catbench import CatbenchError, evaluate
from catbench.errors import MissingExtraError
from catbench.route.router_loader import find_router
from catbench.route.router_output import check_choices, check_predictions
from catbench.route.routing import TRADE_OFFS, ask_at
from catbench.score.bootstrap import Bootstrap
from catbench.suite.info import Metric
from catbench.suite.simulate import Simulation, simulate

SOURCE = """
import numpy as np
class Router:
    def __init__(self, pool): self.pool = pool
    def fit(self, prompts, quality): return self
    def predict(self, prompts): return np.tile(self.pool.cost, (len(prompts), 1))
def make_router(pool): return Router(pool)
other = make_router
"""


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=300, candidates=3))[0]


@pytest.mark.parametrize("spec", ["mine.py", "mine.py:make_router", "mine.py:other", "mine.py:Router"])
def test_a_router_in_a_file(matrix, tmp_path, spec):
    (tmp_path / "mine.py").write_text(SOURCE)
    report = evaluate(f"{tmp_path}/{spec}", matrix, metric="simulated_score", bootstrap=Bootstrap(5))
    assert report.router.name == "mine"
    np.testing.assert_array_equal(report.predictions[["sim-1", "sim-2"]].iloc[0], matrix.pool().cost[:2])


def test_a_router_in_a_folder(tmp_path, monkeypatch):
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "router.py").write_text(SOURCE)
    assert find_router(f"{tmp_path}/ours").name == "ours"
    monkeypatch.chdir(tmp_path / "ours")
    assert [find_router(place).name for place in (".", "router.py", "./router.py:other")] == ["ours"] * 3


def test_what_is_no_router_is_told():
    with pytest.raises(CatbenchError, match="42 is no router"):
        find_router(42)


def test_a_package_that_a_router_lacks_is_told_with_the_install_line(matrix, no_torch, tmp_path):
    (tmp_path / "early.py").write_text("import torch\n")
    late = SOURCE.replace("return self\n", "import torch\n")
    (tmp_path / "late.py").write_text(late)
    for router, name in [("transformer", "transformer"), (tmp_path / "early.py", "early")]:
        with pytest.raises(MissingExtraError, match=f"router '{name}' needs torch, .*pip install"):
            find_router(router)
    with pytest.raises(MissingExtraError, match=r"router 'late' needs torch, .*\[minilm\]'$"):
        evaluate(tmp_path / "late.py", matrix, bootstrap=Bootstrap(5))


def test_a_router_object_is_copied_for_each_metric(matrix):
    class Counts:
        fits = 0

        def fit(self, prompts, quality):
            self.fits += 1
            assert self.fits == 1

        def predict(self, prompts):
            return np.zeros((len(prompts), 3))

    router = Counts()
    evaluate(router, matrix, bootstrap=Bootstrap(5))
    assert router.fits == 0


def test_trade_offs_span_the_slopes_of_the_training_means():
    # Means 0, 3, 4 at costs 1, 2, 4: the hull climbs with slopes 3 and 1/2.
    trade_offs = ask_at(np.array([[0.0, 3, 4]]), np.array([1.0, 2, 4]))
    assert len(trade_offs) == TRADE_OFFS + 1
    assert trade_offs[0] >= 3
    assert 0 < trade_offs[-2] <= 0.5
    assert trade_offs[-1] == 0
    np.testing.assert_allclose(np.diff(np.log(trade_offs[:-1])), np.log(trade_offs[1] / trade_offs[0]))


def test_trade_offs_exist_where_nothing_is_worth_its_cost():
    trade_offs = ask_at(np.array([[5.0, 3, 4]]), np.array([1.0, 2, 4]))
    assert (np.diff(trade_offs) < 0).all()
    assert np.isfinite(trade_offs).all()


def test_predictions_may_be_anything_that_is_a_table_of_numbers():
    for said in ([[1, 2]], np.array([[1, 2]], np.int8), np.array([[1, 2]], np.float32)):
        assert check_predictions("r", said, 1, "ab").dtype == np.float64
    assert check_predictions("r", [1, 2, 3], 3, "a").shape == (3, 1)
    with pytest.raises(CatbenchError, match=r"shape \(2, 1\)"):
        check_predictions("r", [[1], [2]], 1, "ab")


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.table])
def test_a_table_of_predictions_is_read_by_name(kind):
    said = kind({"b": [2.0, 4.0], "c": [0.0, 0.0], "a": [1.0, 3.0]})
    assert check_predictions("r", said, 2, "abc").tolist() == [[1, 2, 0], [3, 4, 0]]


@pytest.mark.parametrize("kind", [pd.Series, dict])
def test_rows_that_name_their_values_are_read_by_name(kind):
    said = [kind({"b": 2.0, "c": 0.0, "a": 1.0}), kind({"a": 3.0, "b": 4.0, "c": 0.0})]
    assert check_predictions("r", said, 2, "abc").tolist() == [[1, 2, 0], [3, 4, 0]]
    with pytest.raises(CatbenchError, match="not finite"):
        check_predictions("r", [*said[:1], kind({"a": 3.0, "b": 4.0})], 2, "abc")
    with pytest.raises(CatbenchError, match="but not d"):
        check_predictions("r", said, 2, "abd")


def test_rows_without_names_are_read_by_position():
    said = [pd.Series([1.0, 2.0]), pd.Series([3.0, 4.0])]
    assert check_predictions("r", said, 2, "ab").tolist() == [[1, 2], [3, 4]]


def test_a_table_without_names_is_read_by_position():
    said = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]])
    assert check_predictions("r", said, 2, "ab").tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (["a", "d", "b"], "columns a, d, b, but not c"),
        (["a", "b", "c", "d"], "columns a, b, c, d; they must be the candidates"),
        (["a", "b", "a"], "columns a, b, a, but not c"),
        ([1, 2, 3], "columns 1, 2, 3, but not a, b, c"),
    ],
)
def test_a_table_with_other_names_is_refused(columns, says):
    said = pd.DataFrame(np.zeros((2, len(columns))), columns=columns)
    with pytest.raises(CatbenchError, match=says):
        check_predictions("r", said, 2, "abc")


def test_a_table_whose_rows_were_sorted_is_refused():
    said = pd.DataFrame({"a": [2.0, 1.0, 3.0], "b": 0.0})
    assert check_predictions("r", said, 3, "ab").shape == (3, 2)
    with pytest.raises(CatbenchError, match="sort_index"):
        check_predictions("r", said.sort_values("a"), 3, "ab")
    other = said.set_index(np.array([7, 3, 5]))  # ids of something else say nothing of the order
    assert check_predictions("r", other, 3, "ab").tolist() == said.to_numpy().tolist()


@pytest.mark.parametrize("wrapped", [lambda array: array, list, tuple])
def test_masked_predictions_are_refused(wrapped):
    masked = np.ma.array([[1.0, 2.0], [9.0, 4.0]], mask=[[False, False], [True, False]])
    with pytest.raises(CatbenchError, match="masked values"):
        check_predictions("r", wrapped(masked), 2, "ab")
    assert check_predictions("r", masked.filled(0.0), 2, "ab").tolist() == [[1, 2], [0, 4]]
    assert check_predictions("r", np.ma.array([[1.0, 2.0]]), 1, "ab").tolist() == [[1, 2]]


def test_masked_choices_are_refused():
    with pytest.raises(CatbenchError, match=r"route\(\) returned masked values"):
        check_choices("r", np.ma.array([[0, 1]], mask=[[True, False]]), 1, 2, 2)


@pytest.mark.parametrize("wrapped", [lambda array: array, list])
def test_complex_predictions_are_refused(wrapped):
    with pytest.raises(CatbenchError, match="complex"):
        check_predictions("r", wrapped(np.array([[1.0, 2.0 + 1j]])), 1, "ab")


def test_tensors_are_predictions_whatever_they_hold():
    torch = pytest.importorskip("torch")
    for said in (
        torch.tensor([[1.0, 2.0]], requires_grad=True),
        torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16),
        torch.tensor([[1, 2]]),
        [torch.tensor([1.0, 2.0], requires_grad=True)],
        [list(torch.tensor([1.0, 2.0]))],
    ):
        assert check_predictions("r", said, 1, "ab").tolist() == [[1, 2]]
    with pytest.raises(CatbenchError, match=r"returned Tensor.*complex"):
        check_predictions("r", torch.tensor([[1.0, 2.0 + 1j]]), 1, "ab")


def test_predictions_are_copied():
    said = np.zeros((2, 2))
    checked = check_predictions("r", said, 2, "ab")
    said[:] = 1
    assert not checked.any()


def test_choices_must_be_positions():
    assert check_choices("r", [[0, 1]], 1, 2, 2).tolist() == [[0, 1]]
    for wrong in ([[0, 2]], [[-1, 0]], [[0.5, 0]], [[np.nan, 0]]):
        with pytest.raises(CatbenchError, match="positions in the pool"):
            check_choices("r", wrong, 1, 2, 2)


def test_a_metric_knows_its_sign():
    assert (Metric(name="a").sign, Metric(name="a", direction="lower").sign) == (1, -1)
