"""Views: NumPy's own strides are the oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.executors.native.views import View, collapsed, packed_strides, rows_of, whole
from chainrule.program import Value


def seen(view: View, root: np.ndarray) -> np.ndarray:
    """The elements that a view names."""
    strides = tuple(4 * stride for stride in view.strides)
    return np.lib.stride_tricks.as_strided(root.reshape(-1)[view.offset :], view.shape, strides)


shapes = st.lists(st.integers(1, 4), max_size=4).map(tuple)


@st.composite
def views(draw: st.DrawFn) -> tuple[View, np.ndarray, np.ndarray]:
    """A view made by some turns, repeats and slices; the root's numbers; what NumPy sees after the same."""
    shape = draw(shapes)
    root = np.arange(int(np.prod(shape)), dtype="i4").reshape(shape)
    view, array = whole(Value(shape, "int32", "root")), root
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            order = draw(st.permutations(range(array.ndim)))
            view, array = view.transposed(order), array.transpose(order)
        elif draw(st.booleans()):
            start = [draw(st.integers(0, max(n - 1, 0))) for n in array.shape]
            step = [draw(st.integers(1, 2)) for _ in start]
            array = array[tuple(slice(a, None, by) for a, by in zip(start, step, strict=True))]
            view = view.sliced(start, step, array.shape)
        elif array.ndim < 5:
            target = (
                draw(st.integers(1, 3)),
                *(n if n > 1 else draw(st.integers(1, 3)) for n in array.shape),
            )
            view, array = view.broadcast(target), np.broadcast_to(array, target)
    return view, root, array


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(made=views())
def test_views_are_numpys(made):
    view, root, array = made
    assert view.shape == array.shape
    np.testing.assert_array_equal(seen(view, root), array)


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(made=views())
def test_dense_means_that_reading_in_order_gives_the_view(made):
    view, _, array = made
    assert view.dense == array.flags.c_contiguous


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(made=views(), data=st.data())
def test_another_shape_needs_a_copy_where_numpys_does(made, data):
    view, root, array = made
    shape, left = [], array.size
    while left > 1 or (len(shape) < 4 and data.draw(st.booleans())):
        shape.append(data.draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0])))
        left //= shape[-1]
    reshaped = view.reshaped(tuple(shape))
    if reshaped is None:
        assert not np.shares_memory(array, array.reshape(shape))
    else:
        np.testing.assert_array_equal(seen(reshaped, root), array.reshape(shape))


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(made=views())
def test_rows_inside_are_each_in_a_part_of_their_own(made):
    view, root, array = made
    if not array.ndim or not array.size or root.size % len(array):
        return
    part = root.size // len(array)
    apart = all((row // part == i).all() for i, row in enumerate(array.reshape(len(array), -1)))
    if view.rows_inside(len(array)):
        assert apart
    elif len(array) > 1:
        assert not apart or view.strides[0] != part


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(made=views())
def test_rows_and_columns_reach_every_element(made):
    view, root, array = made
    strides = view.rows_and_columns()
    rows, columns = rows_of(view.shape)
    assert rows * columns == array.size
    if strides is None:
        # Then there is really none: NumPy can't see it as a matrix without a copy either.
        assert not np.shares_memory(array, array.reshape(rows, columns))
        return
    table = View(view.root, (rows, columns), strides, view.offset)
    np.testing.assert_array_equal(seen(table, root), array.reshape(rows, columns))


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3), (4, 1, 5)])
def test_packed_strides_are_those_of_a_new_array(shape: tuple[int, ...]):
    value = Value(shape, "float32", "x")
    assert whole(value).dense
    if 0 not in shape:
        strides = np.zeros(shape, "f4").strides
        assert tuple(4 * stride for stride in packed_strides(shape)) == strides


@pytest.mark.parametrize(
    ("shape", "strides", "expected"),
    [
        ((), (), 0),
        ((1, 1), (7, 9), 0),
        ((2, 3), (3, 1), 1),
        ((2, 3), (6, 2), 2),
        ((2, 1, 3), (3, 100, 1), 1),
        ((2, 3), (0, 0), 0),
        ((2, 3), (0, 1), None),
        ((2, 3), (1, 2), None),
        ((2, 3), (4, 1), None),
    ],
)
def test_axes_walked_as_one(shape, strides, expected):
    assert collapsed(shape, strides) == expected


def test_rows_are_all_but_the_last_axis():
    assert [rows_of(shape) for shape in ((), (5,), (2, 3), (2, 3, 4))] == [(1, 1), (5, 1), (2, 3), (6, 4)]


def test_what_is_repeated_or_turned_is_not_dense():
    x = whole(Value((2, 3), "float32", "x"))
    assert not x.transposed((1, 0)).dense
    assert not x.broadcast((2, 2, 3)).dense
    assert x.broadcast((1, 2, 3)).dense
    assert x.transposed((1, 0)).transposed((1, 0)).dense
