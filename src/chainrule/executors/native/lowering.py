"""From steps to nodes: views instead of copies, elementwise chains as tiles, the rest one to one."""

from typing import Any

import numpy as np

from chainrule.executors.native.builder import Builder
from chainrule.executors.native.micro import record_micro
from chainrule.executors.native.nodes import MOST_SQUARES, REDUCTIONS, TYPES, copy_node, simple_node, size_of
from chainrule.executors.native.operations import LOWERINGS, VIEWS
from chainrule.executors.native.tiles import MOST_OPS, Tile, tile_node
from chainrule.executors.native.views import View, packed_strides, rows_of, whole
from chainrule.program import EXPANSIONS, OPERATIONS, Program, Step, Value, expand
from chainrule.program.operations.scanning import Scan

WHOLE = frozenset(EXPANSIONS) & frozenset(LOWERINGS)
"""The composites that the core runs as they are."""
MOST_LOOPS = 8
"""Inside of each other."""


class NotSupportedError(Exception):
    """The core has no way to run this program; the reason is its text."""


def refuse_unsupported(program: Program, loops: int = 0) -> None:
    """NotSupportedError if the core lacks something that the program needs: known before any plan is made.

    loops: how many the program is inside of.
    """
    for value in program.values():
        if value.dtype not in TYPES:
            raise NotSupportedError(f"{value.name} is {value.dtype}")
    for step in program.steps:
        if not has_kernel(step.operation):
            raise NotSupportedError(f"the operation {step.operation}")
        dtypes = [value.dtype for value in step.inputs]
        if step.operation in REDUCTIONS and dtypes != ["float32"]:
            raise NotSupportedError(f"{step.operation} of {dtypes[0]}")
        if step.operation in ("gather", "scatter_add") and dtypes[1] != "int32":
            raise NotSupportedError(f"{step.operation} at {dtypes[1]}")
        if step.operation == "scatter_add" and dtypes[0] != "float32":
            raise NotSupportedError(f"scatter_add to {dtypes[0]}")
        if step.operation == "one_hot" and (dtypes[0], step.output.dtype) != ("int32", "float32"):
            raise NotSupportedError(f"one_hot of {dtypes[0]} as {step.output.dtype}")
        if step.operation == "scan":
            if loops == MOST_LOOPS:
                raise NotSupportedError(f"more than {MOST_LOOPS} loops inside of each other")
            refuse_unsupported(expand(Scan.of(step.attributes).body, WHOLE), loops + 1)


def has_kernel(operation: str) -> bool:
    """Whether the core runs an operation."""
    return operation in VIEWS or operation in LOWERINGS or OPERATIONS[operation].elementwise


class Lowering(Builder):
    """Walks the steps of a program once; afterwards `nodes` are its instructions in order.

    chunks: input -> the chunk it is gathered from, by `order`.
    """

    def __init__(self, program: Program, examples: int | None = None) -> None:
        """examples: rows of the chunk that batches are gathered from; None: inputs are given as they are."""
        super().__init__(program)
        self.examples = examples
        self.chunks: dict[Value, Value] = {}
        self.order: Value | None = None
        self._tiles: list[Tile] = []
        self._tile_of: dict[Value, Tile] = {}
        self._comparison: dict[Value, Step] = {}
        self._same: dict[tuple[Any, ...], Value] = {}
        self._outside = {*program.inputs, *program.parameters, *program.state}

    def lower(self) -> None:
        """Lower every step, then the outputs and updates."""
        refuse_unsupported(self.program)
        for value in self._outside:
            self.views[value] = whole(value)
        # Numbers that depend on nothing but the state, such as Adam's corrections, come first of all.
        self._tiles.append(Tile((), self.next_position()))
        if self.examples is not None:
            self._gather_inputs(self.examples)
        for step in self.program.steps:
            self._step(step)
        self._outputs()
        self._updates()
        self._finish_tiles()
        self.nodes.sort(key=lambda node: node.position)

    def inside(self, program: Program) -> Builder:
        """A builder of a program that runs inside of this one, with all its nodes."""
        lowering = Lowering(expand(program, WHOLE))
        lowering.lower()
        return lowering

    # Steps

    def _step(self, step: Step) -> None:
        key = self._key(step)
        known = self._same.get(key)
        if known is not None:
            self.views[step.output] = self.views[known]
            return
        self._same[key] = step.output
        self.layer = step.layer
        if step.operation in VIEWS:
            VIEWS[step.operation](self, step)
        elif OPERATIONS[step.operation].elementwise:
            self._elementwise(step)
        else:
            LOWERINGS[step.operation](self, step)

    def _key(self, step: Step) -> tuple[Any, ...]:
        seen = tuple(self.views[v] for v in step.inputs)
        attributes = tuple(
            (name, value.tobytes() if isinstance(value, np.ndarray) else value)
            for name, value in step.attributes.items()
        )
        return step.operation, seen, attributes, step.output.shape, step.output.dtype

    # Elementwise

    def _elementwise(self, step: Step) -> None:
        shape = step.output.shape
        again = [self._worth_repeating(value, shape) for value in step.inputs]
        sources = [each.inputs if each else (value,) for value, each in zip(step.inputs, again, strict=True)]
        views = [[self._loadable(value, shape) for value in values] for values in sources]
        flat = [view for each in views for view in each]
        tile = self._tile_for(step, flat)
        for view in flat:
            self._join(tile, view, flat)
        slots = []
        for repeated, each in zip(again, views, strict=True):
            loaded = [self._slot(tile, view) for view in each]
            slots.append(record_micro(tile, repeated, loaded) if repeated else loaded[0])
        tile.made[step.output] = record_micro(tile, step, slots)
        self._tile_of[step.output] = tile
        if step.output.dtype == "bool":
            self._comparison[step.output] = step
        self.produced[step.output] = tile.position
        self.views[step.output] = whole(step.output)

    def _worth_repeating(self, value: Value, shape: tuple[int, ...]) -> Step | None:
        """The comparison that made a mask, if what it compares is in memory anyway: better than the mask."""
        step = self._comparison.get(value)
        if value.dtype != "bool" or step is None or value.shape != shape or len(step.inputs) != 2:
            return None
        for source in step.inputs:
            root = self.views[source].root
            maker = self._tile_of.get(root)
            stored = maker is None or any(at != maker.position for at in self.read_by.get(root, ()))
            if source.dtype == "bool" or not (stored or root.size == 1):
                return None
        return step

    def _loadable(self, value: Value, shape: tuple[int, ...]) -> View:
        view = self.views[value].broadcast(shape)
        if view.rows_and_columns() is None:
            view = self.dense_view(value).broadcast(shape)
            if view.rows_and_columns() is None:
                spread = Value(shape, value.dtype, f"{value.name}.spread")
                self.copy(view, spread)
                view = whole(spread)
        return view

    def _slot(self, tile: Tile, view: View) -> int:
        made = tile.made.get(view.root)
        if made is not None and view.dense and view.shape == tile.shape:
            return made
        self.reads(view, tile.position)
        return tile.load(view)

    def _tile_for(self, step: Step, views: list[View]) -> Tile:
        """The last tile of this shape that has or makes an input, and comes late enough; else a new one."""
        shape = step.output.shape
        latest = max((self.produced.get(view.root, 0) for view in views), default=0)
        # Single numbers go as early as they can, so that whoever needs them is not held up.
        for tile in self._tiles if not shape else reversed(self._tiles):
            if tile.position < latest:
                continue
            if tile.shape != shape or tile.full:
                continue
            if tile.position == latest and not all(
                self.produced.get(view.root, 0) < latest or self._inside(tile, view) for view in views
            ):
                continue
            if any(self._connected(tile, view) for view in views):
                return tile
        tile = Tile(shape, self.next_position(), layer=step.layer)
        self._tiles.append(tile)
        return tile

    def _join(self, tile: Tile, view: View, beside: list[View]) -> None:
        """If the view is made by an earlier tile of this shape that nobody has read, make the two one.

        beside: the views that the same step reads.
        """
        other = self._tile_of.get(view.root)
        if other is None or other is tile or other.shape != tile.shape or not self._inside(other, view):
            return
        if len(other.ops) + len(tile.ops) > MOST_OPS or not tile.shape:
            return
        # What is read in another order than it is made, such as transposed, must be stored before.
        if any(each.root in other.made and not self._inside(other, each) for each in beside):
            return
        if any(root in other.made for root, *_ in tile.loads):
            return
        readers = (position for value in other.made for position in self.read_by.get(value, ()))
        if any(position < tile.position for position in readers):
            return
        tile.absorb(other)
        for root, *_ in other.loads:
            self.read_by.setdefault(root, set()).add(tile.position)
        for value in other.made:
            self._tile_of[value] = tile
            self.produced[value] = tile.position
        self._tiles.remove(other)

    def sum_in_tile(self, value: Value, sums: Value) -> bool:
        """Whether a tile makes the value, or reads it, and now sums its squares, too."""
        view = self.views[value]
        if not view.dense or view.root.size != value.size:
            return False
        for tile in reversed(self._tiles):
            made = tile.made.get(view.root) if view.root.shape == tile.shape else None
            strides = whole(view.root).rows_and_columns()
            read = (
                tile.loads.get((view.root, *strides)) if strides and view.root.shape == tile.shape else None
            )
            slot = made if made is not None else read
            if slot is not None and tile.shape and len(tile.squares) < MOST_SQUARES:
                tile.squares[sums] = slot
                self.produced[sums] = tile.position
                return True
        return False

    @staticmethod
    def _inside(tile: Tile, view: View) -> bool:
        return view.root in tile.made and view.dense and view.shape == tile.shape

    @staticmethod
    def _connected(tile: Tile, view: View) -> bool:
        return not tile.shape or view.root in tile.made or view.root in tile.streams

    def _finish_tiles(self) -> None:
        wanted = set(self.home)
        for tile in self._tiles:
            stored = [
                value
                for value in tile.made
                if value in wanted or self.read_by.get(value, set()) - {tile.position}
            ]
            if stored or tile.squares:
                self.nodes.append(tile_node(tile, stored, self.home_of))

    # Inputs and outputs

    def _gather_inputs(self, examples: int) -> None:
        rows = {value.shape[0] if value.shape else -1 for value in self.program.inputs}
        if len(rows) != 1 or -1 in rows:
            raise NotSupportedError("inputs without a common first axis can't be gathered")
        (batch,) = rows
        self.order = Value((batch,), "int32", "order")
        for value in self.program.inputs:
            chunk = Value((examples, *value.shape[1:]), value.dtype, f"chunk of {value.name}")
            self.chunks[value] = chunk
            inner = size_of(value.shape[1:]) * (1 if value.dtype == "bool" else 4)
            operands = [(chunk, False, True), (self.order, False, True), (value, True, True)]
            text = f"{value.name} = gather({chunk.name}, order)"
            node = simple_node(
                "gather", self.next_position(), batch, (1, examples, inner, batch), operands, text
            )
            self.add(node, value)

    def _outputs(self) -> None:
        self.layer = ""
        for name, value in self.program.outputs.items():
            root = self.dense(value)
            target = Value(value.shape, value.dtype, f"output {name}")
            position = self.next_position()
            view = self.reads(View(root, value.shape, packed_strides(value.shape)), position)
            text = f"return {name} = {value.name}"
            self.nodes.append(copy_node(position, target, view, packed_strides(value.shape), text))
            self.results[name] = target

    # Updates

    def _updates(self) -> None:
        """New values are written straight over the old ones where nobody reads the old ones later."""
        fresh: list[tuple[Value, Value]] = []
        late: list[tuple[Value, Value]] = []
        updates = dict(self.program.updates)
        for old, new in self.program.updates.items():
            view = self.views[new]
            if view.root is old and view.dense:
                del updates[old]
            elif view.root in self._outside:  # another's old value: taken aside before any is overwritten
                aside = Value(new.shape, new.dtype, f"{new.name}.aside")
                self.copy(view, aside)
                fresh.append((old, aside))
                del updates[old]
        for old, new in updates.items():
            view = self.views[new]
            tile = self._tile_of.get(view.root)
            readers = self.read_by.get(old, set())
            ours = tile is not None and view.dense and view.shape == tile.shape and view.root not in self.home
            if ours and tile is not None and all(position <= tile.position for position in readers):
                spread = [key for key in tile.loads if key[0] is old and key[1:] != _packed_pair(old)]
                if not spread:
                    self.home[view.root] = old
                    continue
            late.append((old, new))
        fresh += [(old, self.dense(new)) for old, new in late]
        for old, root in fresh:
            position = self.next_position()
            self.reads(whole(root), position)
            view = View(root, old.shape, packed_strides(old.shape))
            self.nodes.append(
                copy_node(position, old, view, packed_strides(old.shape), f"{old.name} ← {root.name}")
            )


def _packed_pair(value: Value) -> tuple[int, int]:
    rows, columns = rows_of(value.shape)
    return (columns if rows else 0), (1 if len(value.shape) > 1 else 0)
