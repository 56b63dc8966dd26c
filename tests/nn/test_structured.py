"""Initial values with a structure."""

import numpy as np
import pytest

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.nn import constant, identity, sparse


def generator():
    return np.random.default_rng(7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_identity(dtype):
    w = identity(0.5)((2, 3), generator(), dtype)
    assert w.dtype == dtype
    assert w.tolist() == [[0.5, 0, 0], [0, 0.5, 0]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(200, 30), (4, 50, 30)])
def test_sparse_has_its_share_of_zeros_in_every_column(shape, dtype):
    w = sparse(0.9, 2.0)(shape, generator(), dtype)
    assert (w.dtype, w.shape) == (dtype, shape)
    columns = w.reshape(200, 30)
    assert ((columns == 0).sum(0) == 180).all()
    assert len({tuple(np.flatnonzero(column)) for column in columns.T}) == 30  # other inputs for each
    assert columns[columns != 0].std() == pytest.approx(2.0, rel=0.1)
    assert np.array_equal(w, sparse(0.9, 2.0)(shape, generator(), dtype))


def test_nothing_is_left_out_at_sparsity_zero():
    assert (sparse(0.0)((5, 4), generator(), "float64") != 0).all()


@pytest.mark.parametrize("initializer", [identity(), sparse(0.5)])
def test_refuses_vectors_and_other_dtypes(initializer):
    name = type(initializer).__name__.lower()
    with pytest.raises(ShapeError, match=rf"^{name} got shape \(3,\); it needs"):
        initializer((3,), generator(), "float32")
    with pytest.raises(DTypeError, match=rf"^{name} got dtype int32"):
        initializer((3, 3), generator(), "int32")


def test_refuses_settings_out_of_range():
    with pytest.raises(ConfigError, match=r"^sparse: sparsity is 1.0; it must be at least 0 and below 1"):
        sparse(1.0)
    with pytest.raises(ConfigError, match=r"^identity: gain is None"):
        identity(None)  # type: ignore[arg-type]
    assert identity() != constant(1.0)
