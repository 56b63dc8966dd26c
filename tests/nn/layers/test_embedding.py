"""Embedding: rows of its weight, their derivative, and what it refuses."""

import numpy as np
import pytest
from tests.nn.layers.running import RANDOM, recorded, run

from chainrule.backprop import differentiate
from chainrule.errors import DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import Embedding, Sequential, building
from chainrule.program import Trace

WEIGHT = RANDOM.normal(size=(5, 3))


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 1), (0, 3), (2, 2, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_looks_up_a_row_for_every_token(shape, dtype):
    x = RANDOM.integers(0, 5, shape).astype(dtype)
    y = run(Embedding(5, 3), {"embedding_1.weight": WEIGHT}, x=x)
    assert y.shape == (*shape, 3)
    assert np.array_equal(y, WEIGHT[x])


def test_the_derivative_reaches_the_rows_that_were_looked_up_as_often_as_they_were():
    trace = Trace()
    with building(trace, training=True, dtype="float64"):
        y = Embedding(5, 3)(trace.input("x", (2, 3), "int32"))
    weight = trace.parameters["embedding_1.weight"]
    program = trace.program({"d": differentiate(y.sum(), [weight])[weight.value]})
    x = np.array([[4, 1, 4], [0, 4, 1]], np.int32)
    d = compile_numpy(program).run({"embedding_1.weight": WEIGHT}, {"x": x})["d"]
    assert d.tolist() == [[1] * 3, [2] * 3, [0] * 3, [0] * 3, [3] * 3]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_its_weight_has_the_dtype_that_building_says(dtype):
    trace = Trace()
    with building(trace, training=False, dtype=dtype):
        assert Embedding(5, 3)(trace.input("x", (2,), "int32")).dtype == dtype


def test_refuses_what_is_no_token_number_and_names_the_layer():
    message = r"^Embedding 'embedding_1' got x of dtype float64; it needs token numbers, int32 or int64; give"
    with pytest.raises(DTypeError, match=message):
        recorded(Sequential([Embedding(5, 3)]), x=np.zeros((2, 3)))
    with pytest.raises(ShapeError, match=r"^Embedding 'embedding_1' got a single token; it needs"):
        recorded(Embedding(5, 3), x=np.array(1))
