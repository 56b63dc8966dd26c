"""How a loop over time becomes one instruction that holds the instructions of its body."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from chainrule.executors.native.builder import Builder
from chainrule.executors.native.nodes import Access, Locate, Node
from chainrule.executors.native.placement import place
from chainrule.executors.native.schedule import Group
from chainrule.executors.native.views import whole
from chainrule.program import Program, Step, Value, step_flops
from chainrule.program.operations.scanning import Scan

HELD, MOVING, CARRIED, TOTAL = range(4)
"""What a buffer of the body is (native/machine.hpp, Part)."""


@dataclass(frozen=True)
class _Part:
    """A buffer of the body.

    nbytes: of one element of time. places: roots of the program around it, and bytes from their start; of
    what is carried, where steps write it and where it starts.
    """

    mode: int
    nbytes: int
    places: tuple[tuple[Value, int], ...]

    def words(self, locate: Locate) -> list[int]:
        """Its part of the wire format."""
        starts = [(locate(root), offset) for root, offset in self.places]
        places = [word for (buffer, start), offset in starts for word in (buffer, start + offset)]
        return [self.mode, self.nbytes, *places]


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


def _parts(of: Scan, inside: Builder, own: Sequence[Value], roots: Sequence[Value], y: Value) -> list[_Part]:
    """Every buffer of the body in order: its own two, then what it is given, updates and returns."""
    over_time = of.carries + of.stacked
    outputs = of.body.outputs.values()
    sizes = [value.nbytes * (of.length if i < over_time else 1) for i, value in enumerate(outputs)]
    starts = list(accumulate(sizes, initial=0))  # of what stands in y, in bytes

    def given(i: int, value: Value) -> _Part:
        if i < of.carries:
            return _Part(CARRIED, value.nbytes, ((y, starts[i]), (roots[i], 0)))
        return _Part(MOVING if i < of.carries + of.sequences else HELD, value.nbytes, ((roots[i], 0),))

    def written(mode: int, values: Iterable[Value], first: int) -> list[_Part]:
        return [_Part(mode, value.nbytes, ((y, starts[i]),)) for i, value in enumerate(values, first)]

    return [
        *(_Part(HELD, root.nbytes, ((root, 0),)) for root in own),
        *(given(i, value) for i, value in enumerate(inside.program.inputs)),
        *written(TOTAL, inside.program.state, over_time),
        *written(MOVING, inside.results.values(), 0),
    ]


def _scan(builder: Builder, step: Step) -> None:
    of, y = Scan.of(step.attributes), step.output
    inside = builder.inside(_with_totals(of))
    buffers = [*inside.program.inputs, *inside.program.state, *inside.results.values()]
    body = place([Group(False, 1, inside.nodes, 0)], inside.constants, buffers, inside.home_of)
    arena = Value((body.layout.size // 4,), "uint32", f"{y.name}.arena")
    constants = Value((body.constants.size // 4,), "uint32", f"{y.name}.constants")
    builder.constants[constants] = body.constants.view(np.uint32)
    roots = [builder.dense(value) for value in step.inputs]
    parts = _parts(of, inside, (arena, constants), roots, y)

    def words(locate: Locate) -> list[int]:
        lines = [word for part in parts for word in part.words(locate)]
        rows = [word for row in body.instructions for word in (len(row), *row)]
        return [of.length, int(of.reverse), len(parts), *lines, len(body.instructions), *rows]

    position = builder.next_position()
    for root in roots:
        builder.reads(whole(root), position)
    accesses = [Access(root, False, False) for root in (*roots, constants)]
    accesses += [Access(root, True, False) for root in (arena, y)]
    text = f"{y.name} = {len(body.instructions)} instructions {of.length} times"
    builder.add(Node("scan", position, 1, accesses, words, step_flops(step), text), y)


SCANNING: Mapping[str, Callable[[Builder, Step], None]] = {"scan": _scan}
