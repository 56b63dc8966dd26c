"""Arrays: dtypes, checks with the place of the fault, and splits."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data import Arrays, as_arrays, can_stratify, split, split_indices
from chainrule.errors import ConfigError, DataError

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.bool_])
def test_inputs_become_float32_or_float64_on_demand(dtype):
    x = np.array([[0, 1], [1, 0]], dtype=dtype)
    for wanted in (np.float32, np.float64):
        found = as_arrays((x, None), dtype=wanted).x
        assert found.dtype == wanted
        assert np.array_equal(found, x)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
def test_whole_and_boolean_targets_become_class_numbers(dtype):
    y = as_arrays((X, Y.astype(dtype))).y
    assert y is not None
    assert y.dtype == np.int32
    assert y.tolist() == Y.tolist()


def test_real_targets_and_weights_take_the_float_dtype():
    for dtype in (np.float32, np.float64):
        arrays = as_arrays((X, Y + 0.5, np.ones(6, dtype=int)), dtype=dtype)
        assert arrays.y is not None
        assert arrays.y.dtype == dtype
        assert arrays.weight is not None
        assert arrays.weight.dtype == dtype


def test_accepts_arrays_pairs_triples_and_lists():
    assert as_arrays((X, Y)).weight is None
    assert as_arrays((X.tolist(), Y.tolist())).x.shape == (6, 2)
    again = as_arrays(as_arrays((X, Y, np.ones(6))))
    assert again.weight is not None
    assert len(again) == 6


def test_take_keeps_rows_together():
    taken = Arrays.of(X, Y, np.arange(6.0)).take(np.array([5, 0]))
    assert taken.x.tolist() == [[10.0, 11.0], [0.0, 1.0]]
    assert taken.y is not None
    assert taken.y.tolist() == [1, 0]
    assert taken.weight is not None
    assert taken.weight.tolist() == [5.0, 0.0]
    assert len(taken) == 2


def test_structures_become_named_arrays_and_come_back():
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    arrays = as_arrays(({"left": frame, "right": (X[:2], Y[:2])}, {"kind": [0, 1], "size": [0.5, 1]}))
    assert {name: array.dtype.name for name, array in arrays.named.items()} == {
        "x.left": "float32",
        "x.right.0": "float32",
        "x.right.1": "float32",
        "y.kind": "int32",
        "y.size": "float32",
    }
    assert arrays.columns == {"x.left": ("a", "b")}
    assert arrays.x["right"][0].tolist() == X[:2].tolist()
    assert arrays.y is not None
    assert arrays.y["kind"].tolist() == [0, 1]
    assert set(arrays.inputs.named) == {"x.left", "x.right.0", "x.right.1"}
    swapped = frame[["b", "a"]]
    again = as_arrays(({"left": swapped}, None), columns=arrays.columns)
    assert again.x["left"].tolist() == frame.to_numpy().tolist()
    assert again.take([1]).x["left"].tolist() == [[2.0, 1.5]]


def test_errors_name_the_array_of_a_structure():
    with pytest.raises(DataError, match=r"x\.a has 6 examples but x\.b has 5; give one entry of x\.b"):
        as_arrays(({"a": X, "b": X[:5]}, None))
    with pytest.raises(DataError, match=r"x\.a has 6 examples but y\.0 has 5"):
        as_arrays(({"a": X}, (Y[:5],)))
    with pytest.raises(DataError, match=r"y\.kind is missing in row 1"):
        as_arrays((X[:2], {"kind": [0, None]}))
    with pytest.raises(DataError, match=r"x\.b: 1 value NaN or infinite \(first nan at row 3, column 1"):
        as_arrays(({"a": X, "b": with_value(np.nan)}, None))


def test_numeric_frames_and_series_are_taken():
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    arrays = as_arrays((frame, pd.Series([0, 1]), pd.Series([1.0, 2.0])))
    assert arrays.x.tolist() == [[1.0, 0.5], [2.0, 1.5]]
    assert arrays.y is not None
    assert arrays.y.dtype == np.int32
    assert arrays.y.shape == (2,)
    nullable = pd.DataFrame({"a": pd.array([1, 2], dtype="Int64")})
    assert as_arrays((nullable, None)).x.tolist() == [[1.0], [2.0]]


def with_value(value: float) -> np.ndarray:
    x = X.copy()
    x[3, 1] = value
    return x


def test_text_columns_are_named_and_point_to_the_preparation():
    frame = pd.DataFrame({"age": [1, 2], "city": ["a", "b"]})
    with pytest.raises(
        DataError, match=r"x has columns that are not numbers: 'city' \('a' in row 0, .*fit_preparation"
    ):
        as_arrays((frame, [0, 1]))


def test_missing_values_of_a_frame_are_placed():
    frame = pd.DataFrame({"age": [1.0, np.nan]}, index=["p", "q"])
    with pytest.raises(DataError, match=r"x is missing in row 1 \(index 'q'\), column 'age'; fill it"):
        as_arrays((frame, [0, 1]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X, Y[:5]), r"x has 6 examples but y has 5; give one entry of y per example"),
        ((X, Y, np.ones(4)), r"x has 6 examples but sample_weight has 4"),
        ((np.zeros((0, 2)), np.zeros(0)), r"x has no examples"),
        ((np.zeros((3, 0)), np.zeros(3)), r"x has shape \(3, 0\): no features"),
        ((with_value(np.nan), Y), r"x: 1 value NaN or infinite \(first nan at row 3, column 1\)"),
        ((with_value(-np.inf), Y), r"first -inf at row 3, column 1"),
        ((with_value(1e300), Y), r"x: 1e\+300 at row 3, column 1 is too large for float32; .*float64"),
        ((np.full((6, 1, 1), np.nan), Y), r"first nan at index \(0, 0, 0\)"),
        ((X, np.array([0, 1, np.inf, 0, 0, 0])), r"y: 1 value NaN or infinite \(first inf at row 2\)"),
        ((X, Y * 2**40), r"y has whole numbers up to 1099511627776, .*too large for class numbers"),
        ((X, np.array(list("ababab"))), r"y has dtype <U1 \(its first value is 'a'\); numbers were expected"),
        ((X, np.array([0, 1, np.nan, 0, np.nan, 0])), r"^y is missing in row 2, and in 1 more; fill it in"),
        ((X * 1j, Y), r"x has dtype complex128"),
        (([[1, 2], [3]], [0, 1]), r"x is not a rectangular array"),
        ((None, Y), r"x is a NoneType, not an array"),
        ((X, Y, -np.ones(6)), r"sample_weight: -1.0 in row 0 is negative"),
        ((X, Y, np.full(6, np.nan)), r"sample_weight: 6 values NaN or infinite"),
        ((X, Y, np.zeros(6)), r"sample_weight is zero for every example"),
        ((X, Y, np.ones((6, 1))), r"sample_weight has shape \(6, 1\)"),
        (X, r"data is a ndarray; a pair \(x, y\) or a triple"),
        ((X,), r"data is a tuple of 1"),
    ],
)
def test_faults_are_named(data, message):
    with pytest.raises(DataError, match=message):
        as_arrays(data)


def test_other_dtypes_are_refused():
    with pytest.raises(ConfigError, match="dtype is int32; choose float32 or float64"):
        as_arrays((X, Y), dtype=np.int32)


def test_large_values_pass_in_float64():
    assert as_arrays((with_value(1e300), Y), dtype=np.float64).x[3, 1] == 1e300


def test_split_parts_are_disjoint_complete_and_repeatable():
    rest, part = split_indices(100, 0.2, seed=5)
    assert len(part) == 20
    assert sorted([*rest, *part]) == list(range(100))
    assert np.array_equal(part, split_indices(100, 0.2, seed=5)[1])
    assert not np.array_equal(part, split_indices(100, 0.2, seed=6)[1])


def test_stratified_split_keeps_the_share_of_each_class():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    arrays = Arrays.of(np.arange(100.0)[:, None], y)
    rest, part = split(arrays, 0.2, seed=1, stratify=True)
    assert part.y is not None
    assert np.bincount(part.y).tolist() == [12, 6, 2]
    assert rest.y is not None
    assert np.bincount(rest.y).tolist() == [48, 24, 8]
    assert np.array_equal(y[part.x[:, 0].astype(int)], part.y)  # rows stay together


def test_a_single_example_of_a_class_makes_the_split_plain():
    y = np.array([0] * 9 + [1])
    assert not can_stratify(y)
    rest, part = split(Arrays.of(np.zeros((10, 1)), y), 0.3, seed=0, stratify=True)
    assert (len(rest), len(part)) == (7, 3)


def test_can_stratify_wants_room_for_every_class_in_both_parts():
    y = np.repeat(np.arange(5), 2)
    assert can_stratify(y)
    assert can_stratify(y, 0.5)
    assert not can_stratify(y, 0.2)
    assert not can_stratify(None)
    assert not can_stratify(np.linspace(0, 1, 10))


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_fractions_out_of_range_are_refused(fraction):
    with pytest.raises(ConfigError, match="above 0 and below 1"):
        split_indices(10, fraction, seed=0)


def test_other_split_faults():
    with pytest.raises(ConfigError, match="seed is -1"):
        split_indices(10, 0.5, seed=-1)
    with pytest.raises(DataError, match="1 example can't be split"):
        split_indices(1, 0.5, seed=0)


FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": [5.0, 6.0]})


def test_columns_are_picked_by_name_and_others_ignored():
    first = as_arrays((FRAME, FRAME[["b", "c"]]))
    assert first.columns == {"x": ("a", "b", "c"), "y": ("b", "c")}
    mixed = FRAME[["c", "a", "b"]].assign(text=["x", "y"])
    again = as_arrays((mixed, FRAME[["c", "b"]]), columns=first.columns)
    assert again.x.tolist() == first.x.tolist()
    assert again.y is not None
    assert again.y.tolist() == [[3.0, 5.0], [4.0, 6.0]]
    assert again.columns == first.columns
    assert first.take([1]).columns == first.columns


def test_what_has_no_names_is_taken_by_position():
    values = FRAME.to_numpy()
    numbered = pd.DataFrame(values)
    assert as_arrays((numbered, None)).columns == {}
    for given in (values, numbered):
        assert as_arrays((given, None), columns={"x": ("c", "b", "a")}).x.tolist() == values.tolist()


def test_columns_that_lack_are_named_with_those_that_are_near():
    with pytest.raises(DataError, match=r"x lacks the column 'b' \(did you mean 'B'\?\), which the training"):
        as_arrays((FRAME.rename(columns={"b": "B"}), None), columns={"x": ("a", "b", "c")})
    with pytest.raises(DataError, match="x lacks the columns 'd', 'e', which"):
        as_arrays((FRAME, None), columns={"x": ("a", "d", "e")})
    double = pd.concat([FRAME, FRAME[["a"]]], axis=1)
    with pytest.raises(DataError, match="x has the column 'a' twice"):
        as_arrays((double, None), columns={"x": ("c", "a")})


def weights_of(weight: np.ndarray, dtype: type = np.float32) -> np.ndarray:
    scaled = as_arrays((X, Y, weight), dtype=dtype).weight
    assert scaled is not None
    return scaled


UNEVEN = np.array([0.5, 1.0, 0.0, 2.0, 3.0, 1.25])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_of_a_usual_size_keep_their_bits(dtype):
    assert weights_of(np.ones(6), dtype).tolist() == [1.0] * 6
    assert weights_of(UNEVEN, dtype).tolist() == UNEVEN.tolist()


@pytest.mark.parametrize("power", [-1000, -200, -1, 3, 100, 1000])
def test_a_power_of_two_changes_no_bit_of_weights(power):
    assert weights_of(np.ldexp(UNEVEN, power)).tolist() == UNEVEN.tolist()


@pytest.mark.parametrize("factor", [1e-300, 1e-50, 3.0, 1e15, 1e300])
def test_weights_count_in_proportion(factor):
    weight = weights_of(UNEVEN * factor)
    assert 1 <= weight.astype(np.float64).mean() < 2
    np.testing.assert_allclose(weight / weight[1], UNEVEN, rtol=1e-6)


@pytest.mark.parametrize("whole", [False, True])
def test_bytes_stay_bytes_without_a_copy(whole):
    x = np.arange(12, dtype=np.uint8).reshape(4, 3)
    found = as_arrays(({"image": x, "other": x.astype(np.int64)}, x[:, 0]), whole=whole)
    assert {name: array.dtype.name for name, array in found.named.items()} == {
        "x.image": "uint8",
        "x.other": "int32" if whole else "float32",
        "y": "int32",
    }
    assert np.shares_memory(found.named["x.image"], x)


def test_several_targets_are_stratified_by_all_their_classes():
    random = np.random.default_rng(0)
    kind, shape = random.permutation(np.repeat([0, 1, 2, 3], 10)), random.permutation(np.repeat([0, 1], 20))
    kind[:20], shape[:20] = np.repeat([0, 1], 10), np.tile([0, 1], 10)
    kind[20:], shape[20:] = np.repeat([2, 3], 10), np.tile([0, 1], 10)
    size = random.normal(size=(40, 1))
    given = as_arrays((size, {"size": size, "kind": kind, "shape": shape}))
    rest, part = split(given, 0.2, seed=3, stratify=True)
    pairs = list(zip(part.named["y.kind"].tolist(), part.named["y.shape"].tolist(), strict=True))
    assert sorted(pairs) == [(k, s) for k in range(4) for s in range(2)]  # 1 of the 5 of each combination
    assert len(rest) == 32


def test_of_combinations_that_are_too_rare_the_first_target_decides():
    kind, number = np.repeat([0, 1], 10), np.arange(20) % 10  # each number with each kind once
    _, part = split(as_arrays((np.ones((20, 1)), (number / 2, kind, number))), 0.5, seed=0, stratify=True)
    assert np.bincount(part.named["y.1"]).tolist() == [5, 5]
    _, part = split(as_arrays((np.ones((20, 1)), (number, kind))), 0.2, seed=0, stratify=True)
    assert np.bincount(part.named["y.1"]).tolist() == [2, 2]  # 4 examples have no room for 10 numbers
