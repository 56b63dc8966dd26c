"""From steps to nodes: views instead of copies, elementwise chains as tiles, the rest one to one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.executors.native import _core
from chainrule.executors.native.builder import Builder
from chainrule.executors.native.micro import is_long, record_micro
from chainrule.executors.native.nodes import (
    Node,
    copy_node,
    simple_node,
    size_of,
)
from chainrule.executors.native.operations import LOWERINGS, VIEWS, narrow
from chainrule.executors.native.pieces import Pieces
from chainrule.executors.native.supported import INDICES, runs_whole
from chainrule.executors.native.tile_index import TileIndex
from chainrule.executors.native.tiles import MOST_OPS, Tile, TileKind, tile_node
from chainrule.executors.native.views import View, packed_strides, rows_of, whole
from chainrule.program import FLOATS, OPERATIONS, Program, Step, Value, expand

CHEAP = frozenset(
    {
        *("add", "subtract", "multiply", "negative", "maximum", "minimum", "equal", "not_equal"),
        *("less", "less_equal", "greater", "greater_equal"),
    }
)
"""Operations that take less time than a store and a load."""

JUST_BEGUN = 5
"""Micro operations of a tile that takes what it has nothing in common with: fewer than so many."""

MOST_AGAIN = 6
"""Steps that are done again at most rather than their result stored."""


class Lowering(Builder):
    """Walks the steps of a program once; afterwards `nodes` are its instructions in order.

    chunks: input -> the chunk it is gathered from, by `order`.
    """

    def __init__(
        self, program: Program, examples: int | None = None, numbers: Mapping[str, float] | None = None
    ) -> None:
        """examples: rows of the chunk that batches are gathered from; None: inputs are given as they are.

        numbers: name of an input -> what it is known to be everywhere.
        """
        super().__init__(program)
        self.examples = examples
        self.chunks: dict[Value, Value] = {}
        self.order: Value | None = None
        self._tiles = TileIndex()
        self._newest: Tile | None = None
        self._made_by: dict[Value, Step] = {}
        self._same: dict[tuple[Any, ...], Value] = {}
        self._numbers = numbers or {}
        inputs = [value for value in program.inputs if value.name not in self._numbers]
        self._outside = {*inputs, *program.parameters, *program.state}

    def lower(self) -> None:
        """Lower every step, then the outputs and updates; `refuse_unsupported` has let the program pass."""
        for value in self._outside:
            self.views[value] = whole(value)
        for value in self.program.inputs:
            if value.name not in self._numbers:
                continue
            constant = Value((), value.dtype, f"{value.name}.number")
            self.constants[constant] = np.array(self._numbers[value.name], value.dtype)
            self.views[value] = whole(constant).broadcast(value.shape)
        # Numbers that depend on nothing but the state, such as Adam's corrections, come first of all.
        self._tiles.add(Tile((), self.next_position()))
        self._tiles.add(Tile((), self.next_position(), long=True))
        if self.examples is not None:
            self._gather_inputs(self.examples)
        for step in self.program.steps:
            self._step(step)
        self._outputs()
        self._updates()
        self._drop_unread()
        self._finish_tiles()
        self.nodes.sort(key=lambda node: node.position)
        for node in self.nodes:
            for access in node.accesses:
                access.root = self.home.get(access.root, access.root)

    def inside(self, program: Program, numbers: Mapping[str, float]) -> Builder:
        """A builder of a program that runs inside of this one, with all its nodes.

        numbers: name of an input -> what it is known to be everywhere.
        """
        lowering = Lowering(expand(program, runs_whole), numbers=numbers)
        lowering.lower()
        return lowering

    # Steps

    def _step(self, step: Step) -> None:
        if step.operation in INDICES:
            step = self._with_short_indices(step)
        known = self._same.setdefault(self._key(step), step.output)
        if known is not step.output:
            self.views[step.output] = self.views[known]
            return
        self.layer = step.layer
        if self._pieces and step.operation == "add" and (pieces := self._put_together(step)):
            self.compose(step.output, pieces)
        elif step.operation in VIEWS:
            VIEWS[step.operation](self, step)
        elif step.operation == "cast" and step.inputs[0].dtype == "int64":
            self._cast_long_integers(step)
        elif OPERATIONS[step.operation].elementwise:
            self._elementwise(step)
        else:
            LOWERINGS[step.operation](self, step)

    def _with_short_indices(self, step: Step) -> Step:
        place = INDICES[step.operation]
        if step.inputs[place].dtype != "int64":
            return step
        inputs = list(step.inputs)
        inputs[place] = self._short(step.inputs[place])
        return replace(step, inputs=tuple(inputs))

    def _short(self, value: Value) -> Value:
        """An int64 value as int32."""
        short = Value(value.shape, "int32", f"{value.name}.short")
        self._step(Step("cast", (value,), short, {"dtype": "int32"}))
        return short

    def _cast_long_integers(self, step: Step) -> None:
        (x,), y = step.inputs, step.output
        if y.dtype == "int64":
            self.views[y] = self.views[x]
        elif y.dtype == "bool":
            self._step(Step("cast", (self._short(x),), y, {"dtype": "bool"}))
        else:
            narrow(self, step)

    def _put_together(self, step: Step) -> Pieces | None:
        """A sum of which everywhere all but one are zeros, such as the deltas of the slices of one value."""
        first, second = (self.pieces_of(value) for value in step.inputs)
        return first.added(second) if first and second else None

    def _key(self, step: Step) -> tuple[Any, ...]:
        """What says it all of a step; without attributes, of its output, too."""
        seen = [self.views[value] for value in step.inputs]
        if not step.attributes:
            return step.operation, *seen
        attributes = [
            (name, value.tobytes() if isinstance(value, np.ndarray) else value)
            for name, value in step.attributes.items()
        ]
        return step.operation, *seen, *attributes, step.output.shape, step.output.dtype

    # Elementwise

    def _elementwise(self, step: Step) -> None:
        # Nearly all steps of a deep network pass here, so this is written for speed.
        y, shape, inputs = step.output, step.output.shape, step.inputs
        kind = shape, is_long(step)
        making, seen = self._tiles.making, self.views
        views: list[View] = []
        for value in inputs:
            view = seen[value]
            if view.shape != shape or len(shape) > 2:
                view = self._loadable(value, view, shape)
            views.append(view)
        tile = self._tile_for(step, kind, views)
        for view in views:
            maker = making.get(view.root)
            if maker is not None and maker is not tile and maker.kind == kind:
                self._join(tile, maker, view, views)
        made, slots = tile.made, []
        for value, view in zip(inputs, views, strict=True):
            slot = made.get(value)
            slots.append(self._slot(tile, value, view) if slot is None else slot)
        made[y] = record_micro(tile, step, slots)
        making[y] = tile
        self._made_by[y] = step
        self.produced[y] = tile.position
        seen[y] = View(y, shape, packed_strides(shape))

    def _steps_again(self, tile: Tile, value: Value, budget: int) -> list[Step] | None:
        """Cheap steps that make a value from what is in memory anyway, rather than store it and load it."""
        step = self._made_by.get(self._original(value))
        if budget == 0 or step is None or step.operation not in CHEAP or value.shape != tile.shape:
            return None
        makers = [self._made_by.get(self._original(source)) for source in step.inputs]
        if is_long(step) != tile.long:
            return None
        if step.operation == "add" and any(maker and maker.operation == "multiply" for maker in makers):
            return None  # its product may have been added without being rounded
        steps: list[Step] = []
        for source in step.inputs:
            if self._in_memory(source, tile):
                continue
            before = self._steps_again(tile, source, budget - 1)
            if before is None:
                return None
            steps += before
        return [*steps, step]

    def _in_memory(self, value: Value, tile: Tile) -> bool:
        """Whether a value can be loaded though the tile does not ask for it: others do, or it is short."""
        root = self.views[value].root
        maker = self._tiles.making.get(root)
        if value.dtype == "bool" or self.produced.get(root, 0) >= tile.position:
            return False
        if self.views[value].broadcast(tile.shape).rows_and_columns() is None:
            return False
        stored = maker is None or any(
            at not in (maker.position, tile.position) for at in self.read_by.get(root, ())
        )
        return stored or root.size * 8 <= size_of(tile.shape)

    def _loadable(self, value: Value, view: View, shape: tuple[int, ...]) -> View:
        if view.shape != shape:
            view = view.broadcast(shape)
        # Of at most two axes each has a stride of its own.
        if len(shape) > 2 and view.rows_and_columns() is None:
            view = self.dense_view(value).broadcast(shape)
            if view.rows_and_columns() is None:
                spread = Value(shape, value.dtype, f"{value.name}.spread")
                self.copy(view, spread)
                view = whole(spread)
        return view

    def _slot(self, tile: Tile, value: Value, view: View) -> int:
        """The register of a value that the tile does not make, loaded or made again."""
        maker = self._tiles.making.get(view.root)
        if maker is None and value.dtype != "bool":
            self.reads(view, tile.position)
            return self._tiles.load(tile, view)
        if maker is tile and view.dense:  # another step has made the same
            return tile.made[view.root]
        elsewhere = maker is None or any(at != maker.position for at in self.read_by.get(view.root, ()))
        again = None if elsewhere and value.dtype != "bool" else self._steps_again(tile, value, MOST_AGAIN)
        if not again or len(again) > MOST_AGAIN:
            self.reads(view, tile.position)
            return self._tiles.load(tile, view)
        slots = tile.again
        for step in again:
            if step.output not in slots:
                originals = [self._original(source) for source in step.inputs]
                sources = [slots[v] if v in slots else self._load(tile, v) for v in originals]
                slots[step.output] = record_micro(tile, step, sources)
        return slots[again[-1].output]

    def _original(self, value: Value) -> Value:
        """The value that this one is, if another step has made the same before."""
        view = self.views[value]
        return view.root if view.dense and view.root.shape == value.shape else value

    def _load(self, tile: Tile, value: Value) -> int:
        view = self.views[value].broadcast(tile.shape)
        self.reads(view, tile.position)
        return self._tiles.load(tile, view)

    def _tile_for(self, step: Step, kind: TileKind, views: list[View]) -> Tile:
        """The last tile of this kind that has or makes an input, and comes late enough.

        Else the newest one, if it has just begun and nothing came after it: terms of a sum need not be in
        tiles of their own, to be joined by the sum. Else a new one.
        """
        produced, latest = self.produced, 0
        for view in views:
            position = produced.get(view.root, 0)
            if position > latest:
                latest = position
        newest = self._newest
        if newest is None or newest.position != self._position or newest.kind != kind or newest.full:
            newest = None
        elif newest.position == latest and self._writes_all(newest, views, latest):
            return newest  # no other can come later
        for tile in self._tiles.connected(kind, views, latest):
            if tile.position < latest:
                break
            # Of what is written at that very place it must be this tile that writes it, here.
            if not tile.full and (tile.position > latest or self._writes_all(tile, views, latest)):
                return tile
        if (
            newest
            and len(newest.ops) < JUST_BEGUN
            and newest.layer == step.layer
            and newest.position > latest
        ):
            return newest
        shape, long = kind
        tile = Tile(shape, self.next_position(), long, layer=step.layer)
        self._tiles.add(tile)
        if shape:
            self._newest = tile
        return tile

    def _join(self, tile: Tile, other: Tile, view: View, beside: list[View]) -> None:
        """Make two tiles of one shape one, if nobody has read what the other makes; the view is of that.

        beside: the views that the same step reads.
        """
        if not tile.shape or not self._inside(other, view) or len(other.ops) + len(tile.ops) > MOST_OPS:
            return
        # What is read in another order than it is made, such as transposed, must be stored before.
        if any(each.root in other.made and not self._inside(other, each) for each in beside):
            return
        if any(key[0] in other.made for key in tile.loads):
            return
        made, position, read_by = (
            (*other.made, *other.squares, *other.rows_added),
            tile.position,
            self.read_by,
        )
        if any(min(read_by[value]) < position for value in made if read_by.get(value)):
            return
        self._tiles.absorb(tile, other)
        for key in other.loads:
            read_by.setdefault(key[0], set()).add(position)
        for value in made:
            self.produced[value] = position

    def sum_in_tile(self, value: Value, sums: Value) -> bool:
        """Whether a tile makes the value, or reads it, and now sums its squares, too."""
        tile, slot = self._at_hand(value)
        if tile is None:
            return False
        tile.squares[sums] = slot
        self.produced[sums] = tile.position
        return True

    def add_rows_in_tile(self, value: Value, parts: Value) -> bool:
        """Whether a tile makes the value, or reads it, and now adds up the rows of each chunk, too."""
        tile, slot = self._at_hand(value)
        if tile is None or tile.shape[-1] > _core.TILE_WORDS:
            return False
        tile.rows_added[parts] = slot
        self.produced[parts] = tile.position
        return True

    def _at_hand(self, value: Value) -> tuple[Tile | None, int]:
        """The last tile that has a register for the value, and that."""
        view = self.views[value]
        strides = whole(view.root).rows_and_columns()
        if view.whole and value.dtype in FLOATS and strides is not None:
            for tile in self._tiles.holding(view.root):
                if not tile.shape or len(tile.all_sums) >= _core.MOST_TILE_SUMS:
                    continue
                slot = tile.made.get(view.root, tile.loads.get((view.root, 0, *strides)))
                if slot is not None:
                    return tile, slot
        return None, -1

    def _writes_all(self, tile: Tile, views: list[View], position: int) -> bool:
        """Whether it is this tile that makes, as the views see it, what is written at a position."""
        written = [view for view in views if self.produced.get(view.root) == position]
        return all(self._inside(tile, view) for view in written)

    @staticmethod
    def _inside(tile: Tile, view: View) -> bool:
        return view.root in tile.made and view.shape == tile.shape and view.dense

    def _drop_unread(self) -> None:
        """Nodes go whose results nobody needs, and what only they have read needs not be stored."""
        wanted = {*self._outside, *self.results.values()}
        kept: list[Node] = []
        for node in sorted(self.nodes, key=lambda node: -node.position):
            written = [self.home_of(access.root) for access in node.accesses if access.write]
            made = [access.root for access in node.accesses if access.write]
            if any(root in wanted for root in written) or any(self.read_by.get(root) for root in made):
                kept.append(node)
                continue
            for access in node.accesses:
                self.read_by.get(access.root, set()).discard(node.position)
        self.nodes = kept

    def _finish_tiles(self) -> None:
        wanted = set(self.home)
        for tile in self._tiles:
            here = {tile.position}
            stored = {
                value: self.home_of(value)
                for value in tile.made
                if value in wanted or not self.read_by.get(value, here) <= here
            }
            if stored or tile.all_sums:
                self.nodes.append(tile_node(tile, stored))

    # Inputs and outputs

    def _gather_inputs(self, examples: int) -> None:
        rows = {value.shape[0] if value.shape else -1 for value in self.program.inputs}
        if len(rows) != 1 or -1 in rows:
            raise TypeError("inputs without a common first axis can't be gathered")
        (batch,) = rows
        self.order = Value((batch,), "int32", "order")
        for value in self.program.inputs:
            chunk = Value((examples, *value.shape[1:]), value.dtype, f"chunk of {value.name}")
            self.chunks[value] = chunk
            inner = size_of(value.shape[1:]) * value.item_bytes
            operands = [(chunk, False, True), (self.order, False, True), (value, True, True)]
            text = f"{value.name} = gather({chunk.name}, order)"
            node = simple_node(
                "gather", self.next_position(), batch, (1, examples, inner, batch), operands, text
            )
            self.add(node, value)

    def _outputs(self) -> None:
        """Numbers are written straight to where they are returned, if nobody wants them elsewhere."""
        self.layer = ""
        updated = {self.views[new].root for new in self.program.updates.values()}
        for name, value in self.program.outputs.items():
            root = self.dense(value)
            target = self.results[name] = Value(value.shape, value.dtype, f"output {name}")
            if root in self.produced and root not in updated and root not in self.home:
                self.home[root] = target
                continue
            position = self.next_position()
            view = self.reads(View(root, value.shape, packed_strides(value.shape)), position)
            text = f"return {name} = {value.name}"
            self.nodes.append(copy_node(position, target, view, packed_strides(value.shape), text))

    # Updates

    def _updates(self) -> None:
        """New values are written straight over the old ones where nobody reads the old ones later."""
        fresh: list[tuple[Value, Value]] = []
        late: list[tuple[Value, Value]] = []
        updates = dict(self.program.updates)
        for old, new in self.program.updates.items():
            view = self.views[new]
            if self.home_of(view.root) is old and view.dense:
                del updates[old]
            elif view.root in self._outside:  # another's old value: taken aside before any is overwritten
                aside = Value(new.shape, new.dtype, f"{new.name}.aside")
                self.copy(view, aside)
                fresh.append((old, aside))
                del updates[old]
        for old, new in updates.items():
            view = self.views[new]
            tile = self._tiles.making.get(view.root)
            readers = self.read_by.get(old, set())
            ours = tile is not None and view.dense and view.shape == tile.shape and view.root not in self.home
            if ours and tile is not None and all(position <= tile.position for position in readers):
                spread = [key for key in tile.loads if key[0] is old and key[1:] != (0, *_packed_pair(old))]
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
