"""The C++ core by itself: malformed instruction lists are refused, well-formed ones touch nothing else."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.cases import CASES, Case

from chainrule.backprop import differentiate
from chainrule.executors.native import _core, schedule
from chainrule.executors.native import executor as native
from chainrule.executors.native.products import DEEP
from chainrule.executors.native.supported import NotSupportedError
from chainrule.executors.native.tiles import CODES
from chainrule.program import Program, Trace
from chainrule.program import functions as f

Rows = list[list[int]]
Wire = tuple[Rows, Rows, list[int], Rows, int]
"""Instructions, groups, bytes of the buffers, the first of which is the arena, local matrices, and how many
buffers are read only.
"""


def run(wire: Wire, steps: int = 2, threads: int = 2) -> list[np.ndarray]:
    """Run an instruction list over buffers of ones, with guards on both sides of each."""
    instructions, groups, sizes, local, read_only = wire
    core = _core.Core(instructions, groups, sizes, local, read_only)
    guarded = [np.full(size + 256, 0xAB, np.uint8) for size in sizes[1:]]
    arrays = []
    for size, room in zip(sizes[1:], guarded, strict=True):
        array = room[128 : 128 + size]
        array[...] = np.resize(np.array([1, 0, 0, 0], np.uint8), size)
        arrays.append(array)
    before = [array.copy() for array in arrays[:read_only]]
    try:
        core.run(arrays[:read_only], arrays[read_only:], [0] * len(arrays), steps, _core.Pool(threads))
    finally:
        for size, room in zip(sizes[1:], guarded, strict=True):
            assert (room[:128] == 0xAB).all()
            assert (room[128 + size :] == 0xAB).all()
        assert all((a == b).all() for a, b in zip(before, arrays, strict=False))
    return arrays


def is_refused_or_runs(wire: Wire) -> bool:
    """Whether the list was taken. Any other error is a failure; TypeError is for numbers beyond int64."""
    try:
        run(wire)
    except (ValueError, IndexError, TypeError):
        return False
    return True


def training_step() -> Program:
    """A step that uses most kinds of instructions."""
    trace = Trace()
    x, classes = trace.input("x", (6, 5)), trace.input("classes", (6,), "int32")
    w, b = trace.parameter("w", (5, 4)), trace.parameter("b", (4,))
    key = trace.state("key", (2,), "uint32")
    kept = (f.uniform(key, (6, 4), stream=3) < 0.8).cast("float32")
    h = f.tanh(x @ w + b) * kept
    h = f.concatenate([h, f.pad(h[1:], (1, 0), (0, 0))], 0)[::2].transpose()  # (4, 6)
    scores = f.gather(h, trace.constant(np.array([3, 1, 2], "i4"), "int32")).transpose()
    loss = f.softmax_cross_entropy(scores, f.one_hot(classes, 3)).mean() + scores.max() * 0.1
    deltas = differentiate(loss, [w, b])
    updates = {p: p - 0.1 * deltas[p.value] for p in (w, b)}
    updates |= {key: key + trace.constant(np.array([1, 0]), "uint32")}
    return trace.program({"loss": loss, "sure": f.isfinite(scores)}, updates)


def bag_of_words() -> Program:
    """Sums of rows of a table."""
    trace = Trace()
    table, tokens = trace.input("table", (9, 3)), trace.input("tokens", (4, 5), "int32")
    return trace.program({"y": f.gather(table, tokens).sum(1)})


def deep_product() -> Program:
    """A product that is cut along its depth."""
    trace = Trace()
    x, y = trace.input("x", (DEEP, 3)), trace.input("y", (DEEP, 5))
    return trace.program({"z": x.transpose() @ y})


def wire_of(program: Program, examples: int | None) -> Wire:
    """What the core is given for a program."""
    seen: list[Wire] = []

    class Recorded:
        def __init__(self, *wire) -> None:
            seen.append(wire)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "_core", type("Stub", (), {"Core": Recorded}))
        patch.setattr(schedule, "SMALL_FLOPS", 0)
        patch.setattr(schedule, "chunk_count", lambda extent: max(1, min(3, extent)))
        native.refuse_unsupported(program)
        native.make_plan(program, examples)
    return seen[0]


def case_wire(case: Case) -> Wire:
    arguments = [a.astype("f4") if a.dtype == np.float64 else a for a in case.arguments]
    trace = Trace()
    tensors = [trace.input(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(arguments)]
    return wire_of(trace.program({"y": case.record(trace, tensors)}), None)


def corpus() -> list[Wire]:
    """Well-formed lists of every kind of instruction."""
    wires = [wire_of(training_step(), 9), wire_of(training_step(), None)]
    wires += [wire_of(bag_of_words(), None), wire_of(deep_product(), None)]
    for name in (
        "matmul",
        "cast",
        "gather",
        "scatter_add",
        "pad",
        "sum",
        "max",
        "one_hot",
        "random_bits",
        "where",
        "slice",
        "max_pool",
        "max_pool_positions",
        "max_pool_adjoint",
        "average_pool",
        "average_pool_adjoint",
        "resize",
        "resize_adjoint",
        "cumsum",
        "argmax",
        "argsort",
        "arg_top_k",
        "scan",
        "attention",
        "attention_key_adjoint",
        "layer_norm",
        "layer_norm_adjoint",
    ):
        for case in CASES[name]:
            try:
                wires.append(case_wire(case))
            except NotSupportedError:
                continue
    return wires


CORPUS = corpus()


def test_corpus_has_every_kind_that_plans_use():
    kinds = {_core.KINDS[row[0]] for instructions, *_ in CORPUS for row in instructions}
    assert {"tile", "matmul", "reduce", "copy", "fill", "gather", "scatter_add", "one_hot", "narrow"} <= kinds
    assert {"random_bits", "cross_entropy", "max_pool", "max_pool_positions", "max_pool_adjoint"} <= kinds
    assert {"average_pool", "average_pool_adjoint", "resize", "resize_adjoint"} <= kinds
    assert {"cumsum", "argmax", "argsort", "scan", "gather_sum"} <= kinds
    assert {"attention", "attention_adjoints", "layer_norm", "layer_norm_adjoints"} <= kinds


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_well_formed_lists_run(number: int):
    instructions, groups, sizes, local, read_only = CORPUS[number]
    core = _core.Core(instructions, groups, sizes, local, read_only)
    arrays = [np.zeros(size, np.uint8) for size in sizes[1:]]
    core.run(arrays[:read_only], arrays[read_only:], [0] * len(arrays), 2, _core.Pool(2))


NUMBERS = st.one_of(
    st.integers(-2, 9),
    st.sampled_from(
        [63, 64, 512, 1000, 2**20, 2**30, 2**31, 2**32, 2**46, 2**46 + 1, 2**62, 2**63 - 1, -(2**63)]
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> Wire:
    """A well-formed list in which some numbers are others, or missing, or doubled."""
    instructions, groups, sizes, local, read_only = CORPUS[draw(st.integers(0, len(CORPUS) - 1))]
    rows = [list(row) for row in instructions]
    cuts = [list(row) for row in groups]
    room, inside = list(sizes), [list(each) for each in local]
    for _ in range(draw(st.integers(1, 3))):
        what = draw(
            st.sampled_from(["number"] * 6 + ["shift", "drop", "double", "groups", "sizes", "row", "local"])
        )
        row = rows[draw(st.integers(0, len(rows) - 1))]
        at = draw(st.integers(0, len(row) - 1))
        if what == "number":
            row[at] = draw(NUMBERS)
        elif what == "shift":
            row[at] += draw(st.integers(-2, 2))
        elif what == "drop":
            del row[at]
            row = row or [0]
        elif what == "double":
            row.insert(at, row[at])
        elif what == "groups":
            cut = cuts[draw(st.integers(0, len(cuts) - 1))]
            cut[draw(st.integers(0, len(cut) - 1))] = draw(NUMBERS)
        elif what == "local" and inside:
            inside[draw(st.integers(0, len(inside) - 1))][draw(st.integers(0, 1))] = draw(NUMBERS)
        elif what == "sizes":
            room[draw(st.integers(0, len(room) - 1))] = draw(st.integers(-1, 200))
        else:
            rows[draw(st.integers(0, len(rows) - 1))] = draw(st.lists(NUMBERS, max_size=20))
        if any(not row for row in rows):
            break
    return rows, cuts, room, inside, draw(st.sampled_from([read_only] * 9 + [0, read_only + 1, len(sizes)]))


FUZZ = settings(derandomize=True, deadline=None, database=None)


@settings(FUZZ, max_examples=1500)
@given(wire=mutated())
def test_mutated_lists_are_refused_or_run(wire: Wire):
    is_refused_or_runs(wire)


@settings(FUZZ, max_examples=500)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-1, len(_core.KINDS)), st.lists(st.one_of(st.integers(0, 3), NUMBERS), max_size=24)
        ),
        min_size=1,
        max_size=3,
    ),
    chunks=st.integers(0, 5),
    sizes=st.lists(st.integers(0, 300), max_size=4),
)
def test_random_lists_are_refused_or_run(rows, chunks: int, sizes: list[int]):
    instructions = [[kind, *words] for kind, words in rows]
    is_refused_or_runs((instructions, [[0, chunks, 0, len(instructions)]], sizes, [], 0))


@settings(FUZZ, max_examples=300)
@given(data=st.data())
def test_random_tiles_are_refused_or_run(data: st.DataObject):
    def small(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    registers = small(1, 4)
    loads = [
        [i, small(0, 4), small(0, 40), small(0, 3), small(0, 1), 4 * small(0, 3)]
        for i in range(small(0, registers))
    ]
    stores = [[small(0, registers - 1), small(0, 4), 1, 4 * small(0, 30)] for _ in range(small(0, 2))]
    ops = [
        [small(0, len(CODES) - 1), *(small(0, registers - 1) for _ in range(4))] for _ in range(small(0, 5))
    ]
    squares = [[small(0, registers - 1), small(0, 1), 1, 4 * small(0, 30)] for _ in range(small(0, 1))]
    counts = [small(0, 40), small(0, 40), registers, len(loads), len(stores), len(squares), len(ops)]
    parts = (*loads, *stores, *squares, *ops)
    row = [_core.KINDS.index("tile"), *counts, *(word for each in parts for word in each)]
    is_refused_or_runs(([row], [[0, small(1, 3), 0, 1]], [3000, 6000], [], 0))


def tile(*words: int) -> list[int]:
    return [_core.KINDS.index("tile"), *words]


ADD = CODES["ADD"]
# rows, columns, registers, loads, stores, squares, ops; load: register, type, two strides, buffer, offset.
GOOD = tile(4, 1, 3, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, ADD, 1, 0, 0, -1)


def refused(row: Sequence[int], sizes: Sequence[int] = (64, 16), groups: Rows | None = None) -> None:
    with pytest.raises(ValueError, match="malformed"):
        _core.Core([list(row)], groups or [[0, 1, 0, 1]], list(sizes))


def test_a_good_tile_runs():
    core = _core.Core([GOOD], [[0, 1, 0, 1]], [64, 16])
    x = np.arange(4, dtype="f4")
    assert core.run([], [x], [0], 2, _core.Pool(1)) == 2
    assert x.tolist() == [0, 4, 8, 12]


def test_what_is_read_only_is_never_written():
    with pytest.raises(ValueError, match=r"malformed.*buffer 1 is written, and is to be read alone"):
        _core.Core([GOOD], [[0, 1, 0, 1]], [64, 16], read_only=1)
    row = list(GOOD)
    row[16] = 2  # stores to another buffer than it loads from
    core = _core.Core([row], [[0, 1, 0, 1]], [64, 16, 16], read_only=1)
    x, y = np.arange(4, dtype="f4"), np.zeros(4, "f4")
    x.flags.writeable = False
    assert core.run([x], [y], [0, 0], 2, _core.Pool(1)) == 2
    assert y.tolist() == [0, 2, 4, 6]
    with pytest.raises(TypeError):
        core.run([x], [x], [0, 0], 2, _core.Pool(1))


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (0, -1),
        (0, len(_core.KINDS)),
        (1, -1),
        (1, 5),  # more rows than the buffer has
        (1, 2**63 - 1),
        (3, 1),  # registers that the instruction names are missing
        (4, 2),  # loads that are not there
        (5, 0),
        (6, 1),  # squares that are not there
        (9, len(_core.TYPES)),  # no such type
        (10, 2),  # strides that lead outside
        (10, -1),
        (12, 2),  # no such buffer
        (12, -(2**63)),
        (13, 4),  # an offset that leads outside
        (13, 2),  # between two numbers
        (13, -4),
        (18, len(CODES)),
        (18, -1),
        (19, 3),  # no such register
        (19, 0),  # one that is loaded
        (20, 2),  # one that nobody has written
        (20, -1),
    ],
)
def test_wrong_numbers_in_a_tile_are_refused(at: int, number: int):
    row = list(GOOD)
    row[at] = number
    refused(row)


def test_lists_of_the_wrong_length_are_refused():
    for end in range(len(GOOD)):
        refused(GOOD[:end])
    refused([*GOOD, 0])


@pytest.mark.parametrize(
    "groups",
    [
        [[0, 1, 0, 0]],
        [[0, 1, 0, 2]],
        [[0, 1, 1, 1]],
        [[0, 0, 0, 1]],
        [[0, 5000, 0, 1]],
        [[0, 1, 0, -1]],
        [[0, 1, 0]],
        [[0, 1, 0, 1], [0, 1, 0, 1]],
        [[]],
    ],
)
def test_wrong_groups_are_refused(groups: Rows):
    refused(GOOD, groups=groups)


@pytest.mark.parametrize(
    "words",
    [
        ["matmul", 0, 2**46, 1, 0, 3, 3, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ["matmul", 0, 0, 2**40, 4096, 2, 3, 0, 0, 3, 2, 2**40, 2**40, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        ["reduce", 0, 2**46, 1, 0, 0, 0, 0, 0],
        ["reduce", 0, 2**46, 0, 0, 0, 0, 0, 0],
        ["gather", 2**46, 0, 4, 0, 0, 0, 0, 0, 0, 0],
        ["gather", 2**46, 1, 0, 1, 0, 0, 0, 0, 0, 0],
        ["scatter_add", 2**46, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0],
        ["copy", 2, 1, 2**46, 0, 1, 1, 1, 1, 0, 0, 0, 0],
        ["copy", 2, 1, 0, 2**46, 1, 1, 1, 1, 0, 0, 0, 0],
        ["tile", 2**46, 0, 0, 0, 0, 0, 0],
        ["tile", 0, 2**46, 0, 0, 0, 0, 0],
        ["squares", 2**46, 0, 0, 0, 0, 0],
        ["max_pool", 2**46, 8, 8, 0, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0],
        ["average_pool_adjoint", 0, 2**20, 2**20, 4, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        ["resize", 2**46, 0, 4, 8, 3, 1, 0, 0, 0, 0],
        ["resize_adjoint", 0, 2**10, 4, 2**30, 3, 1, 0, 0, 0, 0],
        ["cumsum", 0, 2**46, 0, 1, 0, 0, 0, 0, 0],
        ["argsort", 0, 0, 2**31 - 1, 4, 7, 0, 0, 0, 0, 0],
        ["argmax", 0, 2**46, 5, 0, 0, 0, 0, 0],
    ],
    ids=lambda words: words[0],
)
def test_very_many_of_nothing_take_no_time(words: list):
    core = _core.Core([[_core.KINDS.index(words[0]), *words[1:]]], [[0, 2, 0, 1]], [512])
    assert core.run([], [], [], 3, _core.Pool(2)) == 3


@pytest.mark.parametrize(
    "words",
    [
        ["matmul", 0, 2**40, 2**20, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ["copy", 1, 1, 2**40, 0, 0, 0, 0, 0, 0],
        ["copy", 2, 1, 4, 4, 4, 1, 1, 1, 0, 0, 0, 0],
        ["tile", 2**23, 2**23, 0, 0, 0, 0, 0],
    ],
    ids=lambda words: words[0],
)
def test_writing_again_and_again_is_refused(words: list):
    refused([_core.KINDS.index(words[0]), *words[1:]])


# batch, height, width, channels, window, stride, padding above, below, before, after, then places of x and y.
POOL = ["max_pool", 1, 4, 4, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 128]


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (1, 2),  # more images than the buffer holds
        (2, 0),
        (2, 2**31),
        (4, -1),
        (5, 0),
        (5, 5),  # a window larger than its image
        (7, 0),
        (7, 1),  # more windows than there is room for
        (9, 2),  # windows of padding alone
        (12, 2),
        (13, 1),  # no such buffer
        (14, 64),
        (16, 136),
        (16, 130),
    ],
)
def test_wrong_numbers_in_a_pooling_are_refused(at: int, number: int):
    _core.Core([[_core.KINDS.index(POOL[0]), *POOL[1:]]], [[0, 1, 0, 1]], [160])
    row = list(POOL)
    row[at] = number
    refused([_core.KINDS.index(POOL[0]), *row[1:]], sizes=(160,))


@pytest.mark.parametrize(
    "words",
    [
        ["max_pool_positions", 2**21, 32, 32, 1, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0],
        ["resize", 1, 1, 0, 2, 1, 1, 0, 0, 0, 0],
        ["resize", 1, 1, 8, 33, 1, 1, 0, 0, 0, 0],
        ["resize", 1, 1, 8, 4, 1, 2, 0, 0, 0, 0],
        ["resize_adjoint", 1, 1, 33, 8, 1, 1, 0, 0, 0, 0],
        ["cumsum", 3, 1, 4, 1, 0, 0, 0, 0, 0],  # of truth values
        ["cumsum", 0, 1, 33, 1, 0, 0, 0, 0, 0],
        ["argmax", 0, 2, 0, 2, 0, 0, 0, 0],  # of nothing
        ["argsort", 0, 1, 8, 1, 9, 0, 0, 0, 0, 0],  # more than there are
        ["argsort", 0, 1, 8, 1, 8, 2, 0, 0, 0, 0],
        ["argsort", 0, 1, 2**32, 0, 0, 0, 0, 0, 0, 0],
    ],
    ids=lambda words: words[0],
)
def test_wrong_resizing_and_order_are_refused(words: list):
    refused([_core.KINDS.index(words[0]), *words[1:]], sizes=(128,))


HELD, MOVING, CARRIED, TOTAL = range(4)
# rows, columns, registers, loads, stores, squares, ops: the carry and an element, added.
INSIDE = tile(4, 1, 3, 2, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 2, 0, 2, 0, 3, 0, ADD, 2, 0, 1, -1)
SCAN = _core.KINDS.index("scan")
# Three steps; four parts: arena, carry (what the step before wrote, and its start), element, result.
PARTS = [HELD, 64, 0, 0, CARRIED, 16, 3, 0, 1, 0, MOVING, 16, 2, 0, MOVING, 16, 3, 0]
LOOP = [SCAN, 1, 3, 0, 4, *PARTS, 1, len(INSIDE), *INSIDE]
LOOP_SIZES = [64, 16, 48, 48]


@pytest.mark.parametrize("reverse", [0, 1])
def test_a_good_loop_runs(reverse: int):
    row = [*LOOP[:3], reverse, *LOOP[4:]]
    core = _core.Core([row], [[0, 1, 0, 1]], LOOP_SIZES)
    start, x, y = np.full(4, 10, "f4"), np.arange(12, dtype="f4").reshape(3, 4), np.zeros((3, 4), "f4")
    core.run([], [start, x, y], [0, 0, 0], 2, _core.Pool(2))
    expected = np.cumsum(x[::-1], 0)[::-1] if reverse else np.cumsum(x, 0)
    assert (y == expected + 10).all()


def test_totals_of_a_loop_start_at_zero():
    # x + total, written to the total.
    parts = [HELD, 64, 0, 0, TOTAL, 16, 1, 0, MOVING, 16, 2, 0]
    inside = [*INSIDE[:-7], 1, 0, *INSIDE[-5:]]
    core = _core.Core([[SCAN, 1, 3, 0, 3, *parts, 1, len(inside), *inside]], [[0, 1, 0, 1]], [64, 16, 48])
    total, x = np.full(4, 7, "f4"), np.arange(12, dtype="f4").reshape(3, 4)
    for _ in range(2):
        core.run([], [total, x], [0, 0], 1, _core.Pool(1))
        assert (total == x.sum(0)).all()


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (1, 0),  # chunks
        (1, 33),
        (2, 4),  # more steps than there is memory for
        (2, -1),
        (2, 2**62),
        (3, 2),
        (4, 0),
        (4, 3),  # parts that the body names are missing
        (5, 4),  # no such mode
        (6, 65),  # an arena larger than what it lies in
        (7, 4),  # no such buffer
        (9, HELD),
        (10, 12),  # too few bytes for the body
        (10, 20),
        (12, 4),  # a carry that leads outside
        (14, 4),
        (18, 4),  # elements that lead outside
        (18, 2),  # between two numbers
        (23, 0),
        (23, 2),
        (24, len(INSIDE) + 1),
        (24, len(INSIDE) - 1),
        (24, 0),
        (25, len(_core.KINDS)),
        (26, 5),  # more rows than an element has
        (37, 4),  # a buffer that the body does not have
        (38, 4),
    ],
)
def test_wrong_numbers_in_a_loop_are_refused(at: int, number: int):
    row = list(LOOP)
    row[at] = number
    refused(row, LOOP_SIZES)


def test_chunks_of_a_loop_can_not_share_a_total():
    row = [SCAN, 2, 3, 0, 2, HELD, 64, 0, 0, TOTAL, 16, 1, 0, 1, 4, _core.KINDS.index("fill"), 16, 1, 0]
    refused(row, [64, 16])


def test_loops_of_the_wrong_length_are_refused():
    for end in range(len(LOOP)):
        refused(LOOP[:end], LOOP_SIZES)
    refused([*LOOP, 0], LOOP_SIZES)


def test_numbers_in_a_loop_lie_where_the_processor_may_read_them():
    # Elements of one byte: the second does not start at a multiple of four.
    load = [SCAN, 1, 3, 0, 2, HELD, 64, 0, 0, MOVING, 5, 1, 0, 1]
    words = tile(1, 1, 2, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, ADD, 1, 0, 0, -1)
    refused([*load, len(words), *words], [64, 64])
    # Squares are summed in eight bytes.
    words = [_core.KINDS.index("squares"), 1, 1, 0, 0, 1, 0]
    refused([SCAN, 1, 3, 0, 2, HELD, 64, 0, 0, MOVING, 260, 1, 0, 1, len(words), *words], [64, 800])


def test_loops_inside_of_each_other_have_an_end():
    def loop(depth: int) -> list[int]:
        inside = loop(depth - 1) if depth else [_core.KINDS.index("fill"), 4, 0, 0]
        return [SCAN, 1, 2, 0, 1, HELD, 4, 0, 0, 1, len(inside), *inside]

    assert _core.Core([loop(7)], [[0, 1, 0, 1]], [64]).run([], [], [], 1, _core.Pool(1)) == 1
    for depth in (8, 500):
        refused(loop(depth), [64])


def test_loops_in_which_nothing_moves_have_an_end():
    refused([SCAN, 1, 2**30, 0, 1, HELD, 4, 0, 0, 1, 4, _core.KINDS.index("fill"), 4, 0, 0], [64])


def test_there_must_be_an_arena_and_sizes_that_can_be():
    with pytest.raises(ValueError, match="arena"):
        _core.Core([], [], [])
    for size in (-1, 2**62):
        with pytest.raises(ValueError, match="impossible size"):
            _core.Core([], [], [size])
    with pytest.raises(TypeError):
        _core.Core([["a"]], [[0, 1, 0, 1]], [64])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        _core.Core([[2**70]], [[0, 1, 0, 1]], [64])


@pytest.mark.parametrize(
    ("arrays", "step_bytes", "steps"),
    [
        ([], [], 1),
        ([np.zeros(3, "f4")], [0], 1),
        ([np.zeros(4, "f4")] * 2, [0, 0], 1),
        ([np.zeros(4, "f4")], [], 1),
        ([np.zeros(4, "f4")], [-16], 2),
        ([np.zeros(4, "f4")], [16], 2),
        ([np.zeros(7, "f4")], [16], 2),
        ([np.zeros(8, "f4")], [2**62], 4),
        ([np.zeros(4, "f4")], [0], -1),
    ],
)
def test_wrong_buffers_are_refused(arrays, step_bytes: list[int], steps: int):
    core = _core.Core([GOOD], [[0, 1, 0, 1]], [64, 16])
    with pytest.raises(ValueError, match=r"buffer|steps"):
        core.run([], arrays, step_bytes, steps, _core.Pool(1))


def test_arrays_in_another_order_are_refused():
    core = _core.Core([GOOD], [[0, 1, 0, 1]], [64, 16])
    with pytest.raises(TypeError):
        core.run([], [np.zeros((4, 4), "f4").T[:, 1:]], [0], 1, _core.Pool(1))


def test_buffers_move_from_step_to_step():
    core = _core.Core([GOOD], [[0, 1, 0, 1]], [64, 16])
    x = np.ones((3, 4), "f4")
    assert core.run([], [x], [16], 3, _core.Pool(1)) == 3
    assert (x == 2).all()
    assert core.run([], [x], [16], 0, _core.Pool(1)) == 0


def test_profile_counts_every_instruction():
    core = _core.Core([GOOD], [[0, 1, 0, 1]], [64, 16])
    (nanoseconds,) = core.profile([], [np.ones(4, "f4")], [0], 1000, _core.Pool(1))
    assert 0 < nanoseconds < 10**9


@pytest.mark.parametrize("threads", [0, -1, 1025, 2**31 - 1])
def test_pools_of_impossible_size_are_refused(threads: int):
    with pytest.raises(ValueError, match="1 to 1024 threads"):
        _core.Pool(threads)


def test_pools_start_and_end():
    for threads in (1, 2, 7, 16):
        assert _core.Pool(threads).threads == threads


# Local matrices: buffers after the others, of which each thread has room for one chunk.

ROWS, COLUMNS = 8, 3
HALVES = [[0, 2, 0, 2]]  # one group of two chunks and two instructions


def doubled(source: int, target: int, rows: int = ROWS, source_offset: int = 0) -> list[int]:
    """target = source + source, row by row."""
    load, store = [0, 0, COLUMNS, 1, source, source_offset], [1, 0, target, 0]
    return tile(rows, COLUMNS, 2, 1, 1, 0, 1, *load, *store, ADD, 1, 0, 0, -1)


def local_wire(*rows: list[int], groups: Rows = HALVES, local: tuple[int, ...] = (ROWS, 4 * COLUMNS)) -> Wire:
    size = 4 * ROWS * COLUMNS
    return list(rows), groups, [64, size, size], [list(local)], 0


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_what_one_chunk_makes_the_next_instruction_reads(threads: int):
    core = _core.Core(*local_wire(doubled(1, 3), doubled(3, 2)))
    x, y = np.arange(ROWS * COLUMNS, dtype="f4"), np.zeros(ROWS * COLUMNS, "f4")
    core.run([], [x, y], [0, 0], 3, _core.Pool(threads))
    np.testing.assert_array_equal(y, 4 * x)


@pytest.mark.parametrize(
    "wire",
    [
        local_wire(doubled(1, 3, rows=4), doubled(3, 2)),  # rows of another number
        local_wire(doubled(1, 3), doubled(3, 2), local=(ROWS, 4 * COLUMNS + 4)),
        local_wire(doubled(1, 3), doubled(3, 2), local=(ROWS + 1, 4 * COLUMNS)),
        local_wire(doubled(1, 3), doubled(3, 2), local=(0, 4 * COLUMNS)),
        local_wire(doubled(1, 3), doubled(3, 2), local=(2**40, 2**40)),
        local_wire(doubled(1, 3), doubled(3, 2), local=(ROWS,)),
        local_wire(doubled(1, 3), doubled(3, 2, source_offset=12)),
        local_wire(doubled(1, 3), doubled(3, 2), groups=[[0, 2, 0, 1], [0, 2, 1, 1]]),  # two groups
        local_wire(doubled(1, 2), doubled(1, 2)),  # nobody uses it
        local_wire(doubled(1, 4), doubled(4, 2)),  # there is none of this number
    ],
)
def test_wrong_local_matrices_are_refused(wire: Wire):
    with pytest.raises(ValueError, match="malformed"):
        _core.Core(*wire)
