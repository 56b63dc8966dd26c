"""What is put together: NumPy's concatenation is the oracle."""

import numpy as np

from chainrule.executors.native.pieces import Pieces
from chainrule.executors.native.views import View, whole
from chainrule.program import Value


def view(name: str) -> View:
    return whole(Value((3, 2), "float32", name))


X, Y = view("x"), view("y")


def test_a_slice_is_found_in_the_piece_that_has_all_of_it():
    pieces = Pieces(1, ((2, X), (4, None), (6, Y)))
    whose = {0: (0, X), 2: (2, None), 4: (4, Y)}
    for first, expected in whose.items():
        assert pieces.around((0, first), (1, 1), (3, 2)) == expected
    assert pieces.around((0, 1), (1, 1), (3, 2)) is None
    assert pieces.around((0, 0), (1, 2), (3, 2)) is None  # columns 0 and 2
    assert pieces.around((0, 4), (1, 9), (3, 1)) == (4, Y)


def test_sums_of_pieces_that_do_not_overlap():
    first, second = Pieces(1, ((0, None), (2, X), (6, None))), Pieces(1, ((4, None), (6, Y)))
    total = first.added(second)
    assert total is not None
    assert [(a, b, v) for a, b, v in total.spans() if v] == [(0, 2, X), (4, 6, Y)]
    assert total.spans()[-1][1] == 6
    assert np.sum([b - a for a, b, _ in total.spans()]) == 6


def test_sums_of_pieces_that_overlap_or_lie_along_another_axis_are_none():
    first = Pieces(1, ((0, None), (2, X), (6, None)))
    assert first.added(Pieces(1, ((1, None), (3, Y), (6, None)))) is None
    assert first.added(first) is None
    assert first.added(Pieces(0, ((0, None), (2, X), (6, None)))) is None
