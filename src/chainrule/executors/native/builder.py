"""What a plan is built from while the steps are walked: nodes so far, and where every value lies."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from chainrule.executors.native.nodes import Node, copy_node, simple_node
from chainrule.executors.native.views import View, packed_strides, whole
from chainrule.program import Program, Step, Value, step_flops


class Builder(ABC):
    """Nodes in order of their positions, and the values that they read and write.

    constants: values known before the program runs. views: how each value is seen. produced: root -> position
    of the node that writes it. read_by: root -> positions of those that read it. home: value -> the root
    whose storage its numbers are written to (a parameter's own, for an update in place). results: output ->
    where its numbers are copied to. layer: that of the step being lowered.
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
        self.layer = ""
        self._dense: dict[Value, Value] = {}
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
        self.read_by.setdefault(view.root, set()).add(position)
        return view

    def add(self, node: Node, output: Value) -> None:
        """A node that writes a value."""
        node.layer = self.layer
        self.nodes.append(node)
        self.produced[output] = node.position
        self.views.setdefault(output, whole(output))

    @abstractmethod
    def inside(self, program: Program) -> "Builder":
        """A builder of a program that runs inside of this one, with all its nodes."""

    @abstractmethod
    def sum_in_tile(self, value: Value, sums: Value) -> bool:
        """Whether a tile that has the value at hand anyway sums its squares."""

    @abstractmethod
    def add_rows_in_tile(self, value: Value, parts: Value) -> bool:
        """Whether a tile that has the value at hand anyway adds up the rows of each chunk."""

    def dense(self, value: Value) -> Value:
        """A root whose storage holds exactly this value, copied there if it is only a view."""
        view = self.views[value]
        if view.dense and view.root.size == value.size:
            return view.root
        if value not in self._dense:
            copied = Value(value.shape, value.dtype, f"{value.name}.copy")
            self.copy(view, copied)
            self._dense[value] = copied
        return self._dense[value]

    def dense_view(self, value: Value) -> View:
        """A value in row-major order; its root may have another shape."""
        return View(self.dense(value), value.shape, packed_strides(value.shape))

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
