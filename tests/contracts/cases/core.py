"""Cases of the operations that every network is made of."""

import numpy as np
from tests.contracts.cases.case import add, spread, whole


def _elementwise() -> None:
    ranges = {"log": (0.5, 3.0), "sqrt": (0.5, 3.0), "log1p": (-0.4, 3.0)}
    smooth = (
        "negative",
        "exp",
        "expm1",
        "log",
        "log1p",
        "sqrt",
        "sin",
        "cos",
        "arctan",
        "tanh",
        "sigmoid",
        "softplus",
        "erf",
    )
    for name in (*smooth, "absolute", "relu"):
        low, high = ranges.get(name, (-2.0, 2.1))
        for shape in ((), (4,), (2, 3), (0, 3), (2, 1, 4)):
            add(name, f"shape_{'x'.join(map(str, shape)) or 'scalar'}", spread(*shape, low=low, high=high))
    for name in ("arctan", "tanh", "sigmoid", "softplus", "erf"):
        add(name, "tails", np.array([-30.0, -8.0, -0.01, 0.0, 0.01, 8.0, 30.0]))
    for name in ("expm1", "log1p"):
        add(name, "tiny", np.array([1e-12, -1e-9, 1e-5, 0.0]))
    for name in ("relu", "absolute"):
        add(name, "at_zero", np.array([-1.0, 0.0, 2.0]), sloped=False)
    for name in ("negative", "absolute"):
        add(name, "whole_numbers", whole(-3, 0, 7), sloped=False)
    add("sign", "zeros", np.array([[-2.5, 0.0, 1e-300], [-0.0, 3.0, -1e-30]]))
    add("sign", "whole_numbers", whole(-3, 0, 7))
    add("floor", "both_sides", np.array([-1.5, -1.0, -0.2, 0.0, 0.2, 1.0, 1.999]))
    add("isfinite", "all_kinds", np.array([0.0, -1e30, np.inf, -np.inf, np.nan]))
    add("isfinite", "empty", np.zeros((0, 2)))
    add("stop_gradient", "matrix", spread(2, 3))
    add("logical_not", "both", np.array([True, False]))
    add("cast", "same", spread(2, 3), dtype="float64")
    add("cast", "empty", spread(0, 3), dtype="float64")
    add("cast", "toward_zero", np.array([-2.7, -0.5, 0.5, 2.7]), dtype="int32", sloped=False)
    add("cast", "to_int64", np.array([-2.7, 2.7]), dtype="int64", sloped=False)
    add("cast", "to_bool", np.array([-0.5, 0.0, 0.5]), dtype="bool", sloped=False)
    add("cast", "from_int", whole(-3, 0, 7), dtype="float32", sloped=False)
    add("cast", "from_bool", np.array([True, False]), dtype="float64", sloped=False)
    add(
        "cast",
        "int64_beyond_int32",
        whole(-(2**40), -3, 5, 2**31, dtype="int64"),
        dtype="int32",
        sloped=False,
    )
    add(
        "cast",
        "int64_to_float",
        whole([2**40 + 1, -3], [2**24 + 1, 0], dtype="int64"),
        dtype="float32",
        sloped=False,
    )
    add("cast", "int64_to_bool", whole(2**32, 0, -1, dtype="int64"), dtype="bool", sloped=False)
    add("cast", "int64_to_int64", whole(2**40, 7, dtype="int64"), dtype="int64", sloped=False)
    add("cast", "int64_scalar", np.array(2**35), dtype="int32", sloped=False)
    add("cast", "int64_empty", np.zeros((0, 3), np.int64), dtype="int32", sloped=False)
    bytes_of = whole([0, 127, 128], [255, 1, 7], dtype="uint8")
    for dtype in ("float32", "float64", "int32", "int64", "uint32", "bool", "uint8"):
        add("cast", f"bytes_to_{dtype}", bytes_of, dtype=dtype, sloped=False)
    add("cast", "bytes_many", np.arange(1500, dtype="uint8").reshape(500, 3), dtype="float32", sloped=False)
    add("cast", "bytes_empty", bytes_of[:0], dtype="float32", sloped=False)
    add("cast", "int_to_bytes", whole(-1, 0, 255, 256, 1000), dtype="uint8", sloped=False)
    add("cast", "uint_to_bytes", whole(0, 255, 2**32 - 1, dtype="uint32"), dtype="uint8", sloped=False)
    add("cast", "float_to_bytes", np.array([0.0, 0.9, 7.5, 255.0]), dtype="uint8", sloped=False)
    add("cast", "bool_to_bytes", np.array([True, False]), dtype="uint8", sloped=False)
    add("cast", "from_uint", whole(0, 2**32 - 1, dtype="uint32"), dtype="float64", sloped=False)


def _pairwise() -> None:
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
        "same": ((2, 3), (2, 3)),
        "row": ((2, 3), (3,)),
        "both_stretch": ((2, 1, 3), (4, 1)),
        "scalar_first": ((), (2, 3)),
        "scalar_second": ((2, 3), ()),
        "ones": ((1, 1), (1,)),
        "empty": ((0, 3), (1, 3)),
        "one_meets_none": ((1,), (0,)),
    }
    for name in ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum"):
        low, high = (0.5, 2.3) if name in ("divide", "power") else (-2.0, 2.1)
        for label, (first, second) in shapes.items():
            x1 = spread(*first, seed=1, low=low, high=high)
            x2 = spread(*second, seed=2, low=low, high=high)
            if name in ("maximum", "minimum"):
                x2 = x2 + 0.063  # off x1's grid: no ties
            add(name, label, x1, x2)
        add(name, "with_itself", spread(2, 3, low=low, high=high), wiring=(0, 0))
    for name in ("add", "subtract", "multiply", "maximum", "minimum"):
        add(name, "whole_numbers", whole(-3, 5, 7), whole(2, 2, 7), sloped=False)
    for name in ("maximum", "minimum"):
        add(name, "ties", np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, -3.0]), sloped=False)
    add("add", "wraps", whole(2**32 - 1, 5, dtype="uint32"), whole(7, 7, dtype="uint32"), sloped=False)
    add("multiply", "wraps", whole(2**31 + 3, dtype="uint32"), whole(5, dtype="uint32"), sloped=False)
    add("divide", "negative", spread(4), -spread(4, low=0.5, high=2.0))
    add("power", "negative_exponent", spread(4, low=0.5, high=2.0), spread(4))
    add("power", "negative_base", -spread(4, low=0.5, high=2.0), np.array([2.0, 3.0, -1.0, 0.0]), held=(1,))
    add("power", "exponent_zero", spread(3, low=0.5, high=2.0), np.zeros(3))
    add("power", "exponent_one_and_two_at_zero", np.zeros(2), np.array([1.0, 2.0]), held=(1,))
    add("power", "scalar_exponent", spread(2, 3), np.array(3.0), held=(1,))
    add("shift_right", "bits", whole(0xFFFFFFFF, 256, 1, dtype="uint32"), whole(8, 4, 1, dtype="uint32"))
    add("shift_right", "row", whole([1024, 2048], [5, 6], dtype="uint32"), whole(1, 2, dtype="uint32"))
    for name in ("logical_and", "logical_or"):
        add(name, "table", np.array([[True], [False]]), np.array([True, False]))
    for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        add(name, "ties", np.array([[1.0, 2.0, -3.0]]), np.array([[1.0], [2.0]]))
        add(name, "nan", np.array([np.nan, 1.0, np.inf]), np.array([np.nan, np.nan, np.inf]))
        add(name, "whole_numbers", whole(-1, 2, 3), whole(2, 2, 2))
        add(name, "empty", np.zeros((0, 3)), np.zeros(3))


def _where() -> None:
    condition = np.array([[True, False, True], [False, False, True]])
    add("where", "same", condition, spread(2, 3, seed=1), spread(2, 3, seed=2))
    add("where", "condition_stretches", condition[0], spread(2, 3, seed=1), spread(2, 1, seed=2))
    add("where", "choices_stretch", condition, spread(3, seed=1), spread(seed=2))
    add("where", "choice_twice", condition, spread(2, 3), wiring=(0, 1, 1))
    add("where", "empty", np.zeros((0, 3), bool), spread(3), spread(1, 3))
    add("where", "bytes", condition, whole([1, 2, 250], dtype="uint8"), whole(7, dtype="uint8"), sloped=False)
    add("where", "whole_numbers", condition, whole(1, 2, 3), whole(7), sloped=False)


def _shapes() -> None:
    add("recompute", "copy", spread(2, 3), spread(4))
    add("recompute", "of_whole_numbers", whole(3, 1), whole(2), sloped=False)
    add("recompute", "empty", spread(0, 3), spread())
    add("reshape", "regroup", spread(2, 6), shape=(3, 4))
    add("reshape", "to_scalar", spread(1, 1), shape=())
    add("reshape", "from_scalar", spread(), shape=(1, 1))
    add("reshape", "empty", spread(0, 3), shape=(3, 0, 2))
    add("transpose", "rotate", spread(2, 3, 4), order=(2, 0, 1))
    add("transpose", "same", spread(2, 3), order=(0, 1))
    add("transpose", "scalar", spread(), order=())
    add("transpose", "empty", spread(0, 3), order=(1, 0))
    add("broadcast_to", "new_axis", spread(3), shape=(2, 3))
    add("broadcast_to", "inner", spread(2, 1, 3), shape=(4, 2, 5, 3))
    add("broadcast_to", "scalar", spread(), shape=(2, 2))
    add("broadcast_to", "to_none", spread(1, 3), shape=(0, 3))
    add("slice", "strided", spread(7, 5), start=(1, 0), stop=(7, 4), step=(3, 2))
    add("slice", "stride_past_end", spread(5), start=(0,), stop=(5,), step=(4,))
    add("slice", "stride_longer_than_axis", spread(5), start=(2,), stop=(5,), step=(9,))
    add("slice", "nothing", spread(5, 2), start=(3, 0), stop=(3, 2), step=(2, 1))
    add("slice", "of_empty", spread(0, 4), start=(0, 1), stop=(0, 3), step=(1, 1))
    add("slice", "scalar", spread(), start=(), stop=(), step=())
    add("pad", "sides", spread(2, 3), low=(1, 0), high=(0, 2), interior=(0, 0))
    add("pad", "between", spread(3, 2), low=(2, 0), high=(1, 1), interior=(2, 1))
    add("pad", "one_element", spread(1), low=(1,), high=(2,), interior=(5,))
    add("pad", "of_empty", spread(0, 2), low=(1, 0), high=(2, 0), interior=(3, 1))
    add("pad", "scalar", spread(), low=(), high=(), interior=())
    add("pad", "whole_numbers", whole(4, 5), low=(1,), high=(0,), interior=(1,), sloped=False)
    add("concatenate", "rows", spread(2, 3), spread(1, 3), axis=0)
    add("concatenate", "three", spread(2, 1), spread(2, 0), spread(2, 3), axis=1)
    add("concatenate", "alone", spread(2, 3), axis=0)
    add("concatenate", "with_itself", spread(2, 3), axis=1, wiring=(0, 0, 0))
    add("concatenate", "middle_axis", spread(2, 2, 2), spread(2, 1, 2), axis=1)


def _of_any_width() -> None:
    """What is moved about, and nothing else, in bytes and in 64 bits."""
    for dtype, label in (("uint8", "bytes"), ("int64", "int64"), ("bool", "bools")):
        rows = spread(5, 7, low=0.0, high=250.0).astype(dtype)
        add("recompute", label, rows, whole(2), sloped=False)
        add("reshape", label, rows, shape=(7, 5), sloped=False)
        add("transpose", label, rows, order=(1, 0), sloped=False)
        add("broadcast_to", label, rows[0], shape=(3, 7), sloped=False)
        add("slice", label, rows, start=(1, 2), stop=(5, 7), step=(2, 3), sloped=False)
        add("pad", label, rows, low=(1, 0), high=(0, 3), interior=(1, 0), sloped=False)
        add("concatenate", label, rows, rows[:, :3], axis=1, sloped=False)
        add("gather", label, rows, whole(4, 0, 4), axis=0, sloped=False)
        add("gather", f"{label}_inner", rows, whole([1, 6]), axis=1, sloped=False)


def _reductions() -> None:
    for name in ("sum", "max", "min"):
        add(name, "all", spread(2, 3), axes=(0, 1), keepdims=False)
        add(name, "first", spread(4, 3), axes=(0,), keepdims=False)
        add(name, "last_kept", spread(2, 4), axes=(1,), keepdims=True)
        add(name, "outer_two", spread(2, 3, 2), axes=(0, 2), keepdims=False)
        add(name, "outer_two_kept", spread(2, 3, 2), axes=(0, 2), keepdims=True)
        add(name, "length_one", spread(3, 1), axes=(1,), keepdims=False)
        add(name, "beside_empty", spread(0, 3), axes=(1,), keepdims=False)
        add(name, "whole_numbers", whole([4, -7], [9, 2]), axes=(0,), keepdims=False, sloped=False)
    for name in ("max", "min"):
        ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [5.0, -1.0, -1.0]])
        add(name, "ties", ties, axes=(1,), keepdims=False, sloped=False)
        add(
            name,
            "not_a_number",
            np.array([[np.nan, 1.0], [2.0, 3.0]]),
            axes=(1,),
            keepdims=False,
            sloped=False,
        )
    add("sum", "over_empty", spread(0, 3), axes=(0,), keepdims=False)
    add("sum", "over_empty_kept", spread(2, 0), axes=(0, 1), keepdims=True)
    add("sum", "wraps", whole(2**32 - 1, 3, dtype="uint32"), axes=(0,), keepdims=False, sloped=False)


def _products() -> None:
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
        "plain": ((2, 3), (3, 4)),
        "row_column": ((1, 3), (3, 1)),
        "batch": ((2, 3, 4), (2, 4, 5)),
        "batch_broadcast": ((2, 1, 3, 4), (5, 4, 2)),
        "batch_of_one": ((1, 3, 4), (2, 4, 5)),
        "shared_second": ((2, 3, 4), (4, 5)),
        "shared_second_two_batch_axes": ((2, 2, 3, 4), (4, 5)),
        "shared_first": ((3, 4), (2, 4, 5)),
        "nothing_to_sum": ((2, 0), (0, 3)),
        "nothing_to_sum_shared": ((2, 3, 0), (0, 4)),
        "no_rows": ((0, 3), (3, 2)),
        "no_rows_shared": ((2, 0, 3), (3, 2)),
        "no_columns": ((2, 3), (3, 0)),
        "no_columns_shared": ((2, 2, 3), (3, 0)),
        "no_batch": ((0, 2, 3), (3, 2)),
    }
    for label, (first, second) in shapes.items():
        add("matmul", label, spread(*first, seed=1), spread(*second, seed=2))
    add("matmul", "with_itself", spread(3, 3), wiring=(0, 0))


def _places() -> None:
    picks: dict[str, tuple[tuple[int, ...], np.ndarray, int]] = {
        "repeated": ((4, 3), whole(2, 0, 2, 2), 0),
        "grid_of_indices": ((2, 4, 3), whole([3, 0], [3, 1], [1, 1]), 1),
        "last_axis": ((2, 3), whole(1, 1), 1),
        "one_place": ((4, 3), np.array(2, np.int32), 0),
        "one_place_inner": ((2, 4, 3), np.array(3, np.int64), 1),
        "nothing": ((4, 3), np.zeros((0,), np.int32), 0),
        "long_indices": ((4,), whole(3, 0, 3, dtype="int64"), 0),
        "beside_empty": ((3, 0), whole(1, 2), 0),
    }
    for label, (shape, indices, axis) in picks.items():
        add("gather", label, spread(*shape), indices, axis=axis)
        picked = (*shape[:axis], *indices.shape, *shape[axis + 1 :])
        add("scatter_add", label, spread(*shape), indices, spread(*picked, seed=3), axis=axis)
    add("scatter_add", "onto_itself", spread(3, 2), whole(1, 1, 2), wiring=(0, 1, 0), axis=0)
    add("gather", "whole_numbers", whole(5, 6, 7), whole(2, 2, 0), axis=0, sloped=False)
    add("scatter_add", "whole_numbers", whole(5, 6, 7), whole(2, 2), whole(10, 20), axis=0, sloped=False)
    for label, indices in (
        ("rows", whole(2, 0)),
        ("repeated", whole(2, 0, 2, 2, 0)),
        ("grid_of_indices", whole([3, 0], [3, 1])),
        ("from_the_end", whole(-1, 3, 0)),
        ("nothing", np.zeros((0,), np.int32)),
        ("long_indices", whole(3, 0, 3, dtype="int64")),
    ):
        add("put", label, spread(4, 3), indices, spread(*indices.shape, 3, seed=3))
    add("put", "numbers", spread(4), whole(1, 1, 3), spread(3, seed=3))
    add("put", "beside_empty", spread(3, 0), whole(1, 2), spread(2, 0))
    add("put", "whole_numbers", whole(5, 6, 7), whole(2, 2), whole(10, 20))
    add("one_hot", "classes", whole(2, 0, 1, 2), depth=3, dtype="float32")
    add("one_hot", "out_of_range", whole([-1, 3], [0, 7]), depth=3, dtype="float64")
    add("one_hot", "int64", whole(2, -1, 2**40, dtype="int64"), depth=3, dtype="float32")
    add("one_hot", "bytes_of_classes", whole(1, 0), depth=2, dtype="uint8")
    add("one_hot", "one_index", np.array(1, np.int64), depth=2, dtype="int32")
    add("one_hot", "depth_zero", whole(0, 1), depth=0, dtype="float32")
    add("one_hot", "nothing", np.zeros((0, 2), np.int32), depth=2, dtype="bool")


def _sources() -> None:
    add("constant", "matrix", value=np.array([[1.5, -2.0]]))
    add("constant", "number", value=np.array(7, np.int32))
    add("constant", "empty", value=np.zeros((0, 2), np.float32))
    add("iota", "five", length=5, dtype="int32")
    add("iota", "none", length=0, dtype="int64")
    add("iota", "floats", length=3, dtype="float32")
    add("random_bits", "vector", whole(1, 2, dtype="uint32"), shape=(10,), stream=0)
    add(
        "random_bits", "matrix", whole(0xDEADBEEF, 0xFFFFFFFF, dtype="uint32"), shape=(3, 5), stream=2**32 - 1
    )
    add("random_bits", "scalar", whole(3, 4, dtype="uint32"), shape=(), stream=9)
    add("random_bits", "empty", whole(3, 4, dtype="uint32"), shape=(0, 3), stream=9)


def _composites() -> None:
    for name in ("softmax_cross_entropy", "softmax_cross_entropy_delta"):
        _rows_of_classes(name)
    _sizes()


def _rows_of_classes(name: str) -> None:
    rows = np.exp(spread(2, 3, seed=4))
    add(name, "probabilities", spread(2, 3), rows / rows.sum(1, keepdims=True))
    add(name, "any_targets", spread(4, 3), spread(4, 3, seed=5))
    add(name, "one_hot", spread(3, 3), np.eye(3)[[2, 0, 0]], held=(1,))
    add(name, "vector", spread(4), np.array([0.1, 0.2, 0.3, 0.4]))
    add(name, "three_axes", spread(2, 2, 3), spread(2, 2, 3, seed=6))
    add(
        name,
        "extreme",
        np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4]]),
        np.array([[0.0, 1.0, 0.0]] * 2),
        held=(1,),
    )
    add(name, "tied_logits", np.zeros((2, 3)), np.eye(3)[:2])
    add(name, "one_class", spread(3, 1), np.ones((3, 1)))
    add(name, "empty", spread(0, 3), spread(0, 3))
    add(name, "many_classes", spread(3, 600), spread(3, 600, seed=7))


def _sizes() -> None:
    name = "root_mean_square"
    add(name, "matrix", spread(5, 3))
    add(name, "vector", spread(7))
    add(name, "scalar", spread())
    add(name, "three_axes", spread(2, 3, 4))
    add(name, "zeros", np.zeros((3, 2)))
    add(name, "empty", spread(0, 3))
    add(name, "long", spread(130, 70))
    add(name, "huge", np.array([3e30, -4e30]))
    add(name, "tiny", np.array([3e-30, -4e-30]))


FAMILIES = (
    _elementwise,
    _pairwise,
    _where,
    _shapes,
    _of_any_width,
    _reductions,
    _products,
    _places,
    _sources,
    _composites,
)
