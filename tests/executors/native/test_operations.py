"""Operations that become other instructions than their own: sums of rows of a table, and deep products."""

import numpy as np
import pytest
from tests.executors.native.plans import kinds, nodes

from chainrule.backprop import differentiate
from chainrule.executors.native import _core, available, compile_native
from chainrule.executors.native.products import DEEP, MOST_RESULTS
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Trace
from chainrule.program import functions as f

pytestmark = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")


def bag(rows: int = 6, length: int = 9, width: int = 5) -> Program:
    """Sums of rows of a table, and their derivative by the table."""
    trace = Trace()
    table, tokens = trace.input("table", (11, width)), trace.input("tokens", (rows, length), "int32")
    y = f.gather(table, tokens).sum(1)
    d_table = differentiate(f.sin(y * 0.1).sum(), [table])[table.value]
    return trace.program({"y": y, "d_table": d_table})


@pytest.mark.parametrize("shape", [(6, 9), (1, 1), (3, 200), (0, 4)])
@pytest.mark.parametrize("width", [1, 5, 64])
def test_rows_of_a_table_are_added_up_where_they_lie(shape: tuple[int, int], width: int):
    program = bag(*shape, width)
    if shape[0]:
        assert "gather" not in kinds(program)
    random = np.random.default_rng(0)
    given = {
        "table": random.normal(0.0, 0.1, size=(11, width)).astype("f4"),
        "tokens": random.integers(-11, 11, shape).astype("i4"),
    }
    wanted = compile_numpy(program).run({}, given)
    for threads in (1, 2):
        for name, array in compile_native(program, threads).run({}, given).items():
            np.testing.assert_allclose(array, wanted[name], rtol=1e-5, atol=1e-5)


def test_rows_that_others_need_too_are_put_beside_each_other():
    trace = Trace()
    table, tokens = trace.input("table", (11, 5)), trace.input("tokens", (6, 9), "int32")
    rows = f.gather(table, tokens)
    found = kinds(trace.program({"y": rows.sum(1), "z": f.exp(rows)}))
    assert {"gather", "gather_sum"} <= set(found)


@pytest.mark.parametrize("token", [11, -12])
def test_a_row_that_the_table_lacks_is_refused(token: int):
    given = {"table": np.ones((11, 5), "f4"), "tokens": np.full((6, 9), token, "i4")}
    with pytest.raises(IndexError):
        compile_native(bag(), 1).run({}, given)


def deep(k: int, m: int = 130, n: int = 70) -> Program:
    """A derivative by a weight: x (k, m) transposed times y (k, n)."""
    trace = Trace()
    x, y = trace.input("x", (k, m)), trace.input("y", (k, n))
    return trace.program({"z": f.sin(x).transpose() @ f.cos(y)})


@pytest.mark.parametrize("m", [1, 2, 3, 100, 300])
@pytest.mark.parametrize("turned", [False, True])
def test_a_product_with_one_column(m: int, turned: bool):
    trace = Trace()
    x, y = trace.input("x", (m, 50) if turned else (50, m)), trace.input("y", (1, 50) if turned else (50, 1))
    x_seen, y_seen = (x, y.transpose()) if turned else (x.transpose(), y)
    program = trace.program({"z": x_seen @ y_seen})
    random = np.random.default_rng(m)
    given = {each.name: random.normal(size=each.shape).astype("f4") for each in program.inputs}
    exact = (
        given["x"].astype("f8") @ given["y"].astype("f8").T
        if turned
        else given["x"].T.astype("f8") @ given["y"]
    )
    np.testing.assert_allclose(compile_native(program, 2).run({}, given)["z"], exact, rtol=1e-5, atol=1e-5)


def test_a_deep_product_is_cut_along_its_depth_and_summed():
    (node,) = nodes(deep(DEEP), "matmul")
    assert (node.extent, node.pieces) == (DEEP, _core.PRODUCT_PARTS)
    assert kinds(deep(DEEP)).count("reduce") == 1


def test_flat_and_large_products_are_not():
    for program in (deep(DEEP - 1), deep(DEEP, MOST_RESULTS // 64, 65)):
        assert nodes(program, "matmul")[0].pieces is None


@pytest.mark.parametrize("k", [DEEP, DEEP + 3, 5 * DEEP])
def test_deep_products_keep_their_bits(k: int):
    program, random = deep(k), np.random.default_rng(0)
    given = {"x": random.normal(size=(k, 130)).astype("f4"), "y": random.normal(size=(k, 70)).astype("f4")}
    wanted = np.sin(given["x"].astype("f8")).T @ np.cos(given["y"].astype("f8"))
    first = compile_native(program, 1).run({}, given)["z"]
    np.testing.assert_allclose(first, wanted, atol=1e-5 * np.abs(wanted).max())
    for threads in (2, 4):
        np.testing.assert_array_equal(compile_native(program, threads).run({}, given)["z"], first)
