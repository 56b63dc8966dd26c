"""What a plan is built from while the steps are walked: nodes so far, and where every value lies."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.executors.native.nodes import Node, copy_node, simple_node
from chainrule.executors.native.pieces import Pieces
from chainrule.executors.native.views import View, packed_strides, whole
from chainrule.program import Program, Step, Value, step_flops


class Builder(ABC):
    """Nodes in order of their positions, and the values that they read and write.

    constants: values known before the program runs. views: how each value is seen. produced: root -> position
    of the node that writes it. read_by: root -> positions of those that read it. home: value -> the root
    whose storage its numbers are written to (a parameter's own, for an update in place). results: output ->
    where its numbers are copied to. together: what one node makes for several steps, for those still to come.
    gathered: a root of rows -> the table and the indices they come from. layer: that of the step at hand.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes: list[Node] = []
        self.constants: dict[Value, np.ndarray] = {}
        self.views: dict[Value, View] = {}
        self.produced: dict[Value, int] = {}
        self.read_by: dict[Value, set[int]] = {}
        self.home: dict[Value, Value] = {}
        self.results: dict[str, Value] = {}
        self.together: dict[tuple[Any, ...], tuple[View, ...]] = {}
        self.gathered: dict[Value, tuple[Value, Value]] = {}
        self.layer = ""
        self._dense: dict[Value, Value] = {}
        self._pieces: dict[Value, Pieces] = {}
        self._position = 0

    def home_of(self, value: Value) -> Value:
        """The root whose storage a value's numbers are written to."""
        return self.home.get(value, value)

    def next_position(self) -> int:
        """The position of the next node."""
        self._position += 1
        return self._position

    def reads(self, view: View, position: int) -> View:
        """Note that the node at this position reads a view; returns the view."""
        readers = self.read_by.get(view.root)
        if readers is None:
            self.read_by[view.root] = {position}
        else:
            readers.add(position)
        return view

    def is_replaced_by(self, old: Value, new: Value) -> bool:
        """Whether a value is a parameter's or state's next one, and its rows are gathered before, no more.

        Then what is not replaced may stay where it lies. Gathering has a place in the order of the program
        that never changes, unlike elementwise steps, which may be done again or moved.
        """
        if self.program.updates.get(old) is not new or not self.views[old].whole:
            return False
        seen = {value for value, view in self.views.items() if view.root is old}
        last = [*self.program.outputs.values(), *(v for v in self.program.updates.values() if v is not new)]
        if seen.intersection(last):
            return False
        is_later = False
        for step in self.program.steps:
            if step.output is new:
                is_later = True
            elif seen.intersection(step.inputs) and (is_later or step.operation != "gather"):
                return False
        return True

    def add(self, node: Node, output: Value) -> None:
        """A node that writes a value."""
        node.layer = self.layer
        self.nodes.append(node)
        self.produced[output] = node.position
        self.views.setdefault(output, whole(output))

    @abstractmethod
    def inside(self, program: Program, numbers: Mapping[str, float]) -> "Builder":
        """A builder of a program that runs inside of this one, with all its nodes.

        numbers: name of an input -> what it is known to be everywhere.
        """

    @abstractmethod
    def sum_in_tile(self, value: Value, sums: Value) -> bool:
        """Whether a tile that has the value at hand anyway sums its squares."""

    @abstractmethod
    def add_rows_in_tile(self, value: Value, parts: Value) -> bool:
        """Whether a tile that has the value at hand anyway adds up the rows of each chunk."""

    def dense(self, value: Value) -> Value:
        """A root whose storage holds exactly this value, copied there if it is only a view."""
        view = self.views[value]
        if view.whole:
            return view.root
        if value not in self._dense:
            copied = Value(value.shape, value.dtype, f"{value.name}.copy")
            self.copy(view, copied)
            self._dense[value] = copied
        return self._dense[value]

    def dense_view(self, value: Value) -> View:
        """A value in row-major order, maybe in the middle of its root; copied if it does not lie so."""
        view = self.views[value]
        return view if view.dense else View(self.dense(value), value.shape, packed_strides(value.shape))

    def number(self, value: Value) -> float | None:
        """The number that all elements of a value are known to be."""
        array = self.constants.get(self.views[value].root)
        return None if array is None or array.size != 1 else float(array.reshape(()))

    def pieces_of(self, value: Value) -> Pieces | None:
        """How a value was put together, if it was."""
        view = self.views[value]
        return self._pieces.get(view.root) if view.whole and view.shape == view.root.shape else None

    def piece(
        self, value: Value, start: Sequence[int], step: Sequence[int], shape: tuple[int, ...]
    ) -> View | None:
        """A slice of what was put together, seen where it lay before; None if that is not to be had."""
        pieces = self.pieces_of(value)
        found = pieces.around(start, step, shape) if pieces else None
        if pieces is None or found is None:
            return None
        begin, view = found
        if view is None:
            zero = Value((), value.dtype, f"{value.name}.zero")
            self.constants[zero] = np.zeros((), value.dtype)
            return whole(zero).broadcast(shape)
        inside = [at - begin if axis == pieces.axis else at for axis, at in enumerate(start)]
        return view.sliced(inside, step, shape)

    def compose(self, y: Value, pieces: Pieces) -> None:
        """Nodes that put a value together; those that nobody needs are dropped in the end."""
        spans, packed = pieces.spans(), packed_strides(y.shape)
        root = _already(y, pieces.axis, spans)
        if root is not None:
            self.views[y] = root
            return
        if not all(view for *_, view in spans):
            self.fill(y)
        for start, _, view in spans:
            if view is not None:
                position = self.next_position()
                self.reads(view, position)
                text = f"{y.name} = {view.root.name} …"
                self.add(copy_node(position, y, view, packed, text, start * packed[pieces.axis]), y)
        self._pieces[y] = pieces
        self.views.setdefault(y, whole(y))

    def fill(self, y: Value) -> None:
        """A node that makes a value all zeros."""
        operands, text = [(y, True, True)], f"{y.name} = 0"
        self.add(simple_node("fill", self.next_position(), y.nbytes, (y.nbytes,), operands, text), y)

    def copy(self, view: View, target: Value) -> None:
        """A node that copies a view into storage of its own."""
        position = self.next_position()
        self.reads(view, position)
        node = copy_node(position, target, view, packed_strides(target.shape), f"{target.name} = copy")
        self.add(node, target)

    def simple(
        self,
        kind: str,
        step: Step,
        extent: int,
        sizes: Sequence[int],
        inputs: Sequence[Value],
        aligned: bool,
    ) -> Node:
        """A node of sizes, then the places of dense inputs and of the step's output.

        aligned: whether chunks cut all of them alike, along their first axes.
        """
        roots = [self.dense(value) for value in inputs]
        position = self.next_position()
        for root in roots:
            self.reads(whole(root), position)
        operands = [*((root, False, aligned) for root in roots), (step.output, True, True)]
        text = f"{step.output.name} = {step.operation}({', '.join(value.name for value in inputs)})"
        node = simple_node(kind, position, extent, sizes, operands, text, step_flops(step))
        self.add(node, step.output)
        return node


def _already(y: Value, axis: int, spans: Sequence[tuple[int, int, View | None]]) -> View | None:
    """A root in which all pieces lie where they are wanted, seen as y; None if there is none."""
    root = spans[0][2].root if spans and spans[0][2] is not None else None
    if root is None or root.size != y.size or root.dtype != y.dtype:
        return None
    seen, packed = View(root, y.shape, packed_strides(y.shape)), packed_strides(y.shape)
    for start, _, view in spans:
        if view is None or view.root is not root or view.offset != start * packed[axis]:
            return None
        moving = zip(view.shape, view.strides, packed, strict=True)
        if any(n != 1 and stride != wanted for n, stride, wanted in moving):
            return None
    return seen
