"""How a loop over time becomes one instruction that holds the instructions of its body."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from chainrule.executors.native import _core
from chainrule.executors.native.builder import Builder
from chainrule.executors.native.nodes import Access, Locate, Node
from chainrule.executors.native.placement import place
from chainrule.executors.native.schedule import Group, independent_chunks
from chainrule.executors.native.views import View
from chainrule.program import Program, Step, Value, step_flops
from chainrule.program.operations.scanning import Scan

HELD, MOVING, CARRIED, TOTAL = (
    _core.MOTIONS.index(motion) for motion in ("held", "moving", "carried", "total")
)
"""What a buffer of the body is."""
LEAST_ROWS = 16
"""Of a chunk of a loop: with fewer a product would read its right matrix too often."""


@dataclass(frozen=True)
class _Part:
    """A buffer of the body.

    nbytes: of one element of time. places: roots of the program around it, and bytes from their start; of
    what is carried, where steps write it and where it starts.
    """

    motion: int
    nbytes: int
    places: tuple[tuple[Value, int], ...]

    def words(self, locate: Locate) -> list[int]:
        """Its part of the wire format."""
        starts = [(locate(root), offset) for root, offset in self.places]
        places = [word for (buffer, start), offset in starts for word in (buffer, start + offset)]
        return [self.motion, self.nbytes, *places]


def _with_totals(of: Scan) -> Program:
    """The body with what is summed over time as state that it updates in place."""
    body, outputs = of.body, list(of.body.outputs.items())
    over_time = of.carries + of.stacked
    steps, updates = list(body.steps), {}
    for name, value in outputs[over_time:]:
        old, new = (Value(value.shape, value.dtype, f"{name}.{when}") for when in ("before", "after"))
        steps.append(Step("add", (old, value), new))
        updates[old] = new
    return Program(body.inputs, (), tuple(updates), tuple(steps), dict(outputs[:over_time]), updates)


def _parts(
    of: Scan, inside: Builder, own: Sequence[Value], given_by: Mapping[str, View], y: Value
) -> list[_Part]:
    """Every buffer of the body in order: its own two, then what it is given, updates and returns.

    given_by: name of an input of the body -> what it is given, dense.
    """
    over_time = of.carries + of.stacked
    outputs = of.body.outputs.values()
    sizes = [value.nbytes * (of.length if i < over_time else 1) for i, value in enumerate(outputs)]
    starts = list(accumulate(sizes, initial=0))  # of what stands in y, in bytes

    def given(i: int, value: Value) -> Iterable[_Part]:
        view = given_by.get(value.name)
        if view is None:
            return
        place = (view.root, view.offset * value.item_bytes)
        if i < of.carries:
            yield _Part(CARRIED, value.nbytes, ((y, starts[i]), place))
        else:
            yield _Part(MOVING if i < of.carries + of.sequences else HELD, value.nbytes, (place,))

    def written(motion: int, values: Iterable[Value], first: int) -> list[_Part]:
        return [_Part(motion, value.nbytes, ((y, starts[i]),)) for i, value in enumerate(values, first)]

    return [
        *(_Part(HELD, root.nbytes, ((root, 0),)) for root in own),
        *(part for i, value in enumerate(of.body.inputs) for part in given(i, value)),
        *written(TOTAL, inside.program.state, over_time),
        *written(MOVING, inside.results.values(), 0),
    ]


def _chunks(of: Scan, inside: Builder) -> int:
    """How many chunks of the rows of what is carried can run the whole loop by themselves."""
    carries, results = inside.program.inputs[: of.carries], list(inside.results.values())
    rows = min((value.shape[0] if value.shape else 0 for value in carries), default=0)
    chunks = min(_core.MOST_CHUNKS, rows // LEAST_ROWS)
    if chunks < 2 or inside.program.state:
        return 1
    next_ones = dict(zip(carries, results, strict=False))
    return independent_chunks(inside.nodes, next_ones, chunks)


def _scan(builder: Builder, step: Step) -> None:
    of, y = Scan.of(step.attributes), step.output
    numbers = {
        inner.name: number
        for inner, outer in list(zip(of.body.inputs, step.inputs, strict=True))[of.carries :]
        if (number := builder.number(outer)) is not None
    }
    inside = builder.inside(_with_totals(of), numbers)
    given_by = {
        inner.name: builder.dense_view(outer)
        for inner, outer in zip(of.body.inputs, step.inputs, strict=True)
        if inner.name not in numbers
    }
    chunks = _chunks(of, inside)
    inputs = [value for value in inside.program.inputs if value.name not in numbers]
    buffers = [*inputs, *inside.program.state, *inside.results.values()]
    body = place([Group(False, chunks, inside.nodes, 0)], inside.constants, buffers, inside.home, local=False)
    arena = Value((body.layout.size // 4,), "uint32", f"{y.name}.arena")
    constants = Value((body.constants.size // 4,), "uint32", f"{y.name}.constants")
    builder.constants[constants] = body.constants.view(np.uint32)
    parts = _parts(of, inside, (arena, constants), given_by, y)

    def words(locate: Locate) -> list[int]:
        lines = [word for part in parts for word in part.words(locate)]
        rows = [word for row in body.instructions for word in (len(row), *row)]
        return [chunks, of.length, int(of.reverse), len(parts), *lines, len(body.instructions), *rows]

    position = builder.next_position()
    roots = [builder.reads(view, position).root for view in given_by.values()]
    accesses = [Access(root, False, False) for root in (*roots, constants)]
    accesses += [Access(root, True, False) for root in (arena, y)]
    text = f"{y.name} = {len(body.instructions)} instructions {of.length} times"
    node = Node("scan", position, chunks, accesses, words, step_flops(step), text)
    node.pieces = chunks
    builder.add(node, y)


SCANNING: Mapping[str, Callable[[Builder, Step], None]] = {"scan": _scan}
