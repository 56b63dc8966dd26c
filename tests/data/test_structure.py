"""Structures become named leaves, and the names give the structure back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data.structure import belonging, flattened, nested
from chainrule.errors import DataError

KEYS = st.text(min_size=1).filter(lambda key: "." not in key and not key.isdecimal())
LEAVES = st.floats(allow_nan=False).map(lambda value: [value])
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=12).map(tuple) | st.dictionaries(KEYS, inner, min_size=1)
    ),
    max_leaves=20,
)


def test_one_leaf_keeps_the_name():
    array = np.zeros(3)
    assert flattened("x", array) == {"x": array}
    assert nested("x", {"x": array}) is array


def test_names_say_the_place():
    given = {"left": 1.5, "right": ([2], {"deep": 3})}
    assert flattened("x", given) == {"x.left": 1.5, "x.right.0": [2], "x.right.1.deep": 3}


@given(STRUCTURES)
def test_the_names_give_the_structure_back(structure):
    assert nested("x", flattened("x", structure)) == structure


def test_other_names_are_left_out():
    named = {"x.a": 1, "y": 2, "xx.b": 3, "x.c": 4}
    assert nested("x", named) == {"a": 1, "c": 4}
    assert belonging("x", named) == {"x.a": 1, "x.c": 4}
    with pytest.raises(KeyError):
        nested("weight", named)


def test_a_tuple_of_numbers_is_one_leaf_like_a_list():
    assert flattened("y", (0, 1, 1)) == {"y": (0, 1, 1)}
    assert flattened("y", ((0, 1), (1, 0))) == {"y.0": (0, 1), "y.1": (1, 0)}


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ((), "x is an empty tuple; give at least one array"),
        ({"a": {}}, r"x\.a is an empty dict"),
        ({"a.b": 1}, r"x has the key 'a\.b'; use texts without dots as keys"),
        ({"a": {"0": 1}}, r"x\.a has the key '0'"),
        ({"": 1}, "x has the key ''"),
        ({3: 1}, "x has the key 3"),
    ],
)
def test_what_would_not_come_back_is_refused(structure, message):
    with pytest.raises(DataError, match=message):
        flattened("x", structure)
