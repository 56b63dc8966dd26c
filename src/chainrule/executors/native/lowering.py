"""From steps to nodes: views instead of copies, elementwise chains as tiles, the rest one to one."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.executors.native.nodes import (
    KINDS,
    REDUCTIONS,
    TYPES,
    Node,
    copy_node,
    matmul_node,
    reduce_node,
    simple_node,
    size_of,
)
from chainrule.executors.native.tiles import MOST_OPS, Tile, tile_node
from chainrule.executors.native.views import View, collapsed, packed_strides, rows_of, whole
from chainrule.program import OPERATIONS, Program, Step, Value, step_flops


class NotSupportedError(Exception):
    """The core has no way to run this program; the reason is its text."""


FLOAT = {
    **{name: (name.upper(), 1) for name in ("negative", "absolute", "sign", "floor", "exp", "expm1", "log")},
    **{name: (name.upper(), 1) for name in ("log1p", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus")},
    **{name: (name.upper(), 1) for name in ("erf", "relu", "isfinite")},
    **{name: (name.upper(), 2) for name in ("add", "subtract", "multiply", "divide", "power", "maximum")},
    **{name: (name.upper(), 2) for name in ("minimum", "equal", "not_equal", "less", "less_equal")},
    **{name: (name.upper(), 2) for name in ("greater", "greater_equal")},
}
"""Operation on float32 -> micro operation and its number of inputs."""

CASTS = {
    ("int32", "float32"): "FLOAT_FROM_I",
    ("uint32", "float32"): "FLOAT_FROM_U",
    ("bool", "float32"): "FLOAT_FROM_M",
    ("float32", "int32"): "I_FROM_FLOAT",
    ("float32", "uint32"): "U_FROM_FLOAT",
    ("bool", "int32"): "I_FROM_M",
    ("bool", "uint32"): "I_FROM_M",
    ("float32", "bool"): "M_FROM_FLOAT",
    ("int32", "bool"): "M_FROM_I",
    ("uint32", "bool"): "M_FROM_I",
    ("int32", "uint32"): "COPY",
    ("uint32", "int32"): "COPY",
}


def refuse_unsupported(program: Program) -> None:
    """NotSupportedError if the core lacks something that the program needs: known before any plan is made."""
    for value in program.values():
        if value.dtype not in TYPES:
            raise NotSupportedError(f"{value.name} is {value.dtype}")
    for step in program.steps:
        dtypes = [value.dtype for value in step.inputs]
        if step.operation in REDUCTIONS and dtypes != ["float32"]:
            raise NotSupportedError(f"{step.operation} of {dtypes[0]}")
        if step.operation in ("gather", "scatter_add") and dtypes[1] != "int32":
            raise NotSupportedError(f"{step.operation} at {dtypes[1]}")
        if step.operation == "scatter_add" and dtypes[0] != "float32":
            raise NotSupportedError(f"scatter_add to {dtypes[0]}")
        if step.operation == "one_hot" and (dtypes[0], step.output.dtype) != ("int32", "float32"):
            raise NotSupportedError(f"one_hot of {dtypes[0]} as {step.output.dtype}")


class Lowering:
    """Walks the steps of a program once; afterwards `nodes` are its instructions in order.

    constants: values known before the program runs. views: how each value is seen. home: value -> the root
    whose storage its numbers are written to (a parameter's own, for an update in place).
    """

    def __init__(self, program: Program, examples: int | None = None) -> None:
        """examples: rows of the chunk that batches are gathered from; None: inputs are given as they are."""
        self.program = program
        self.examples = examples
        self.nodes: list[Node] = []
        self.constants: dict[Value, np.ndarray] = {}
        self.views: dict[Value, View] = {}
        self.home: dict[Value, Value] = {}
        self._tiles: list[Tile] = []
        self._tile_of: dict[Value, Tile] = {}
        self._produced: dict[Value, int] = {}  # root -> position of the node that writes it
        self._read_by: dict[Value, set[int]] = {}
        self._dense: dict[Value, Value] = {}
        self._same: dict[tuple[Any, ...], Value] = {}
        self._position = 0
        self._layer = ""
        self._outside = {*program.inputs, *program.parameters, *program.state}
        self.chunks: dict[Value, Value] = {}  # input -> the chunk it is gathered from
        self.order: Value | None = None
        self.results: dict[str, Value] = {}  # output -> what its numbers are copied to

    def lower(self) -> None:
        """Lower every step, then the outputs and updates."""
        refuse_unsupported(self.program)
        for value in self._outside:
            self.views[value] = whole(value)
        # Numbers that depend on nothing but the state, such as Adam's corrections, come first of all.
        self._tiles.append(Tile((), self._next()))
        if self.examples is not None:
            self._gather_inputs(self.examples)
        for step in self.program.steps:
            self._step(step)
        self._outputs()
        self._updates()
        self._finish_tiles()
        self.nodes.sort(key=lambda node: node.position)

    # Values and positions

    def _next(self) -> int:
        self._position += 1
        return self._position

    def _reads(self, view: View, position: int) -> View:
        self._read_by.setdefault(view.root, set()).add(position)
        return view

    def _add(self, node: Node, output: Value) -> None:
        node.layer = self._layer
        self.nodes.append(node)
        self._produced[output] = node.position
        self.views.setdefault(output, whole(output))

    def view(self, value: Value) -> View:
        """How a value is seen."""
        return self.views[value]

    def dense(self, value: Value) -> Value:
        """A root whose storage holds exactly this value, copied there if it is only a view."""
        view = self.views[value]
        if view.dense and view.root.size == value.size:
            return view.root
        if value not in self._dense:
            copied = Value(value.shape, value.dtype, f"{value.name}.copy")
            self._copy(view, copied)
            self._dense[value] = copied
        return self._dense[value]

    def _copy(self, view: View, target: Value) -> None:
        position = self._next()
        self._reads(view, position)
        node = copy_node(position, target, view, packed_strides(target.shape), f"{target.name} = copy")
        self._add(node, target)

    # Steps

    def _step(self, step: Step) -> None:
        key = self._key(step)
        known = self._same.get(key)
        if known is not None:
            self.views[step.output] = self.views[known]
            return
        self._same[key] = step.output
        self._layer = step.layer
        if step.operation in VIEWS:
            VIEWS[step.operation](self, step)
        elif OPERATIONS[step.operation].elementwise:
            self._elementwise(step)
        elif step.operation in LOWERINGS:
            LOWERINGS[step.operation](self, step)
        else:
            raise NotSupportedError(f"the operation {step.operation}")

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
        if step.operation == "divide" and step.inputs[1].size == 1 and step.output.size > 1:
            step = self._times_reciprocal(step)
        views = [self._loadable(value, shape) for value in step.inputs]
        tile = self._tile_for(step, views)
        for view in views:
            self._join(tile, view)
        slots = [self._slot(tile, view) for view in views]
        tile.made[step.output] = _micro(tile, step, slots)
        self._tile_of[step.output] = tile
        self._produced[step.output] = tile.position
        self.views[step.output] = whole(step.output)

    def _times_reciprocal(self, step: Step) -> Step:
        """Division of many numbers by one as one division and many products, which are five times faster."""
        x, divisor = step.inputs
        one = Value((), divisor.dtype, "one")
        inverse = Value(divisor.shape, divisor.dtype, f"1/{divisor.name}")
        self._step(Step("constant", (), one, {"value": np.ones((), divisor.dtype)}))
        self._step(Step("divide", (one, divisor), inverse))
        return Step("multiply", (x, inverse), step.output, {}, step.layer, step.part)

    def _loadable(self, value: Value, shape: tuple[int, ...]) -> View:
        view = self.views[value].broadcast(shape)
        if view.rows_and_columns() is None:
            view = whole(self.dense(value)).broadcast(shape)
            if view.rows_and_columns() is None:
                spread = Value(shape, value.dtype, f"{value.name}.spread")
                self._copy(view, spread)
                view = whole(spread)
        return view

    def _slot(self, tile: Tile, view: View) -> int:
        made = tile.made.get(view.root)
        if made is not None and view.dense and view.shape == tile.shape:
            return made
        self._reads(view, tile.position)
        return tile.load(view)

    def _tile_for(self, step: Step, views: list[View]) -> Tile:
        """The last tile of this shape that has or makes an input, and comes late enough; else a new one."""
        shape = step.output.shape
        latest = max((self._produced.get(view.root, 0) for view in views), default=0)
        # Single numbers go as early as they can, so that whoever needs them is not held up.
        for tile in self._tiles if not shape else reversed(self._tiles):
            if tile.position < latest:
                continue
            if tile.shape != shape or tile.full:
                continue
            if tile.position == latest and not all(
                self._produced.get(view.root, 0) < latest or self._inside(tile, view) for view in views
            ):
                continue
            if any(self._connected(tile, view) for view in views):
                return tile
        tile = Tile(shape, self._next(), layer=step.layer)
        self._tiles.append(tile)
        return tile

    def _join(self, tile: Tile, view: View) -> None:
        """If the view is made by an earlier tile of this shape that nobody has read, make the two one."""
        other = self._tile_of.get(view.root)
        if other is None or other is tile or other.shape != tile.shape or not self._inside(other, view):
            return
        if len(other.ops) + len(tile.ops) > MOST_OPS or not tile.shape:
            return
        readers = (position for value in other.made for position in self._read_by.get(value, ()))
        if any(position < tile.position for position in readers):
            return
        tile.absorb(other)
        for root, *_ in other.loads:
            self._read_by.setdefault(root, set()).add(tile.position)
        for value in other.made:
            self._tile_of[value] = tile
            self._produced[value] = tile.position
        self._tiles.remove(other)

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
                if value in wanted or self._read_by.get(value, set()) - {tile.position}
            ]
            if stored:
                self.nodes.append(tile_node(tile, stored, lambda value: self.home.get(value, value)))

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
            node = simple_node("gather", self._next(), batch, (1, examples, inner, batch), operands, text)
            self._add(node, value)

    def _outputs(self) -> None:
        self._layer = ""
        for name, value in self.program.outputs.items():
            root = self.dense(value)
            target = Value(value.shape, value.dtype, f"output {name}")
            position = self._next()
            view = self._reads(View(root, value.shape, packed_strides(value.shape)), position)
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
                self._copy(view, aside)
                fresh.append((old, aside))
                del updates[old]
        for old, new in updates.items():
            view = self.views[new]
            tile = self._tile_of.get(view.root)
            readers = self._read_by.get(old, set())
            ours = tile is not None and view.dense and view.shape == tile.shape and view.root not in self.home
            if ours and tile is not None and all(position <= tile.position for position in readers):
                spread = [key for key in tile.loads if key[0] is old and key[1:] != _packed_pair(old)]
                if not spread:
                    self.home[view.root] = old
                    continue
            late.append((old, new))
        fresh += [(old, self.dense(new)) for old, new in late]
        for old, root in fresh:
            position = self._next()
            self._reads(whole(root), position)
            view = View(root, old.shape, packed_strides(old.shape))
            self.nodes.append(
                copy_node(position, old, view, packed_strides(old.shape), f"{old.name} ← {root.name}")
            )

    # One step, one node

    def _constant(self, step: Step) -> None:
        self.constants[step.output] = np.ascontiguousarray(step.attributes["value"])  # type: ignore[call-overload]
        self.views[step.output] = whole(step.output)

    def _iota(self, step: Step) -> None:
        self.constants[step.output] = np.arange(step.output.shape[0], dtype=step.output.dtype)
        self.views[step.output] = whole(step.output)

    def _reshape(self, step: Step) -> None:
        (x,) = step.inputs
        view = self.views[x]
        root = view.root if view.dense else self.dense(x)
        self.views[step.output] = View(root, step.output.shape, packed_strides(step.output.shape))

    def _matmul(self, step: Step) -> None:
        a, ta = self._matrix(step.inputs[0])
        b, tb = self._matrix(step.inputs[1])
        c = step.output
        m, n = c.shape[-2:]
        k = step.inputs[0].shape[-1]
        outer = c.shape[:-2]
        if len(outer) > 0 and not ta and step.inputs[1].size == k * n and a.dense and size_of(outer) != 0:
            # One shared matrix: all rows of the batch at once.
            sizes = {"batch": 1, "m": m * size_of(outer), "step_a": 0, "step_b": 0, "step_c": 0}
        else:
            a, ta, step_a = self._batched(step.inputs[0], outer)
            b, tb, step_b = self._batched(step.inputs[1], outer)
            sizes = {"batch": size_of(outer), "m": m, "step_a": step_a, "step_b": step_b, "step_c": m * n}
        sizes |= {"n": n, "k": k, "ta": int(ta), "tb": int(tb)}
        position = self._next()
        text = f"{c.name} = {step.inputs[0].name} @ {step.inputs[1].name}"
        self._add(
            matmul_node(position, c, self._reads(a, position), self._reads(b, position), sizes, text), c
        )

    def _matrix(self, value: Value) -> tuple[View, bool]:
        """A value as matrices that lie in storage as they are, or transposed; copied if neither."""
        view = self.views[value]
        if view.dense and view.root.size == value.size:
            return view, False
        order = (*range(len(view.shape) - 2), len(view.shape) - 1, len(view.shape) - 2)
        turned = view.transposed(order)
        if turned.dense and view.root.size == value.size:
            return view, True
        return whole(self.dense(value)), False

    def _batched(self, value: Value, outer: tuple[int, ...]) -> tuple[View, bool, int]:
        """Matrices with one step from each to the next over all outer axes; copied out if there is none."""
        view, turned = self._matrix(value)
        strides = View(view.root, view.shape[:-2], view.strides[:-2]).broadcast(outer).strides
        step = collapsed(outer, strides)
        if step is not None:
            return view, turned, step
        spread = Value((*outer, *value.shape[-2:]), value.dtype, f"{value.name}.spread")
        self._copy(self.views[value].broadcast(spread.shape), spread)
        return whole(spread), False, value.shape[-2] * value.shape[-1]

    def _reduce(self, step: Step) -> None:
        (x,) = step.inputs
        axes: tuple[int, ...] = step.attributes["axes"]  # type: ignore[assignment]
        rank = len(x.shape)
        if axes != tuple(range(axes[0], axes[-1] + 1)):
            order = (*(i for i in range(rank) if i not in axes), *axes)
            turned = Value(tuple(x.shape[i] for i in order), x.dtype, f"{x.name}.turned")
            self._copy(self.views[x].transposed(order), turned)
            outer, middle, inner = step.output.size, x.size // max(step.output.size, 1), 1
            root = turned
        else:
            outer, middle, inner = (
                size_of(x.shape[: axes[0]]),
                size_of(x.shape[axes[0] : axes[-1] + 1]),
                size_of(x.shape[axes[-1] + 1 :]),
            )
            root = self.dense(x)
        position = self._next()
        view = self._reads(whole(root), position)
        text = f"{step.output.name} = {step.operation}({x.name})"
        self._add(
            reduce_node(position, step.operation, step.output, view, (outer, middle, inner), text),
            step.output,
        )

    def _slice(self, step: Step) -> None:
        (x,) = step.inputs
        view = whole(self.dense(x))
        start, stride = step.attributes["start"], step.attributes["step"]
        offset = sum(a * s for a, s in zip(start, view.strides, strict=True))  # type: ignore[call-overload]
        strides = tuple(a * s for a, s in zip(stride, view.strides, strict=True))  # type: ignore[call-overload]
        seen = View(view.root, step.output.shape, strides)
        position = self._next()
        self._reads(seen, position)
        packed = packed_strides(step.output.shape)
        text = f"{step.output.name} = slice({x.name})"
        self._add(copy_node(position, step.output, seen, packed, text, (offset, 0)), step.output)

    def _pad(self, step: Step) -> None:
        (x,), y = step.inputs, step.output
        low, interior = step.attributes["low"], step.attributes["interior"]
        self._fill(y)
        packed = packed_strides(y.shape)
        offset = sum(a * s for a, s in zip(low, packed, strict=True))  # type: ignore[call-overload]
        strides = tuple((gap + 1) * s for gap, s in zip(interior, packed, strict=True))  # type: ignore[call-overload]
        position = self._next()
        view = self._reads(self.views[x], position)
        self._add(copy_node(position, y, view, strides, f"{y.name} = pad({x.name})", (0, offset)), y)

    def _fill(self, y: Value) -> None:
        nbytes = y.nbytes
        self._add(simple_node("fill", self._next(), nbytes, (nbytes,), [(y, True, True)], f"{y.name} = 0"), y)

    def _concatenate(self, step: Step) -> None:
        y, axis = step.output, step.attributes["axis"]
        packed, start = packed_strides(y.shape), 0
        for x in step.inputs:
            position = self._next()
            view = self._reads(self.views[x], position)
            offset = start * packed[axis]  # type: ignore[index]
            self._add(copy_node(position, y, view, packed, f"{y.name} = {x.name} …", (0, offset)), y)
            start += x.shape[axis]  # type: ignore[index]

    def _gather(self, step: Step) -> None:
        x, indices = step.inputs
        axis: int = step.attributes["axis"]  # type: ignore[assignment]
        outer, length, inner = size_of(x.shape[:axis]), x.shape[axis], size_of(x.shape[axis + 1 :])
        item = 1 if x.dtype == "bool" else 4
        sizes = (outer, length, inner * item, indices.size)
        self._lookup("gather", step, outer if outer != 1 else indices.size, sizes, (x, indices), outer != 1)

    def _scatter_add(self, step: Step) -> None:
        x, indices, updates = step.inputs
        axis: int = step.attributes["axis"]  # type: ignore[assignment]
        outer, length, inner = size_of(x.shape[:axis]), x.shape[axis], size_of(x.shape[axis + 1 :])
        sizes = (outer, length, inner, indices.size)
        self._lookup("scatter_add", step, outer, sizes, (x, indices, updates), False)

    def _one_hot(self, step: Step) -> None:
        (indices,) = step.inputs
        sizes = (indices.size, step.output.shape[-1])
        self._lookup("one_hot", step, indices.size, sizes, (indices,), True)

    def _random_bits(self, step: Step) -> None:
        rows, columns = rows_of(step.output.shape)
        sizes = (rows, columns, step.attributes["stream"])
        self._lookup("random_bits", step, rows, sizes, step.inputs, False)  # type: ignore[arg-type]

    def _cross_entropy(self, step: Step) -> None:
        classes = step.inputs[0].shape[-1]
        rows = step.output.size
        self._lookup("cross_entropy", step, rows, (rows, classes), step.inputs, True)

    def _lookup(
        self,
        kind: str,
        step: Step,
        extent: int,
        sizes: tuple[int, ...],
        inputs: tuple[Value, ...],
        aligned: bool,
    ) -> None:
        roots = [self.dense(value) for value in inputs]
        position = self._next()
        for root in roots:
            self._reads(whole(root), position)
        operands = [*((root, False, aligned) for root in roots), (step.output, True, True)]
        text = f"{step.output.name} = {step.operation}({', '.join(v.name for v in inputs)})"
        assert kind in KINDS
        self._add(simple_node(kind, position, extent, sizes, operands, text, step_flops(step)), step.output)


def _packed_pair(value: Value) -> tuple[int, int]:
    rows, columns = rows_of(value.shape)
    return (columns if rows else 0), (1 if len(value.shape) > 1 else 0)


def _micro(tile: Tile, step: Step, slots: list[int]) -> int:
    """Record the micro operations of one step; the slot of its result."""
    name, dtype = step.operation, step.inputs[0].dtype
    if name == "cast":
        return _cast(tile, dtype, step.output.dtype, slots[0])
    if name == "where":
        return tile.apply("WHERE", *slots)
    if name in ("logical_not", "logical_and", "logical_or"):
        return tile.apply(
            {"logical_not": "NOT_M", "logical_and": "AND_M", "logical_or": "OR_M"}[name], *slots
        )
    if name == "shift_right":
        return tile.apply("SHIFT_RIGHT_U", *slots)
    if dtype == "float32":
        return tile.apply(FLOAT[name][0], *slots)
    if dtype == "bool":
        return _of_masks(tile, name, slots)
    return _of_integers(tile, name, dtype, slots)


def _cast(tile: Tile, old: str, new: str, slot: int) -> int:
    return tile.apply("COPY" if old == new else CASTS[old, new], slot)


def _of_masks(tile: Tile, name: str, slots: list[int]) -> int:
    x, y = slots
    if name in ("equal", "not_equal"):
        different = tile.apply("NOT_EQUAL_M", x, y)
        return different if name == "not_equal" else tile.apply("NOT_M", different)
    if name in ("greater", "less_equal"):  # x > y is y < x; x ≤ y is not y < x
        x, y = y, x
    less = tile.apply("AND_M", tile.apply("NOT_M", x), y)
    return less if name in ("less", "greater") else tile.apply("NOT_M", less)


def _of_integers(tile: Tile, name: str, dtype: str, slots: list[int]) -> int:
    kind = "_U" if dtype == "uint32" else "_I"
    if name in ("negative", "absolute", "sign", "add", "subtract", "multiply"):
        return tile.apply(f"{name.upper()}_I", *slots)
    if name in ("maximum", "minimum"):
        return tile.apply(name.upper() + kind, *slots)
    if name in ("equal", "not_equal"):
        same = tile.apply("EQUAL_I", *slots)
        return same if name == "equal" else tile.apply("NOT_M", same)
    if name in ("greater", "greater_equal"):
        slots = slots[::-1]
    return tile.apply(("LESS" if name in ("less", "greater") else "LESS_EQUAL") + kind, *slots)


def _seen_transposed(lowering: Lowering, step: Step) -> None:
    lowering.views[step.output] = lowering.views[step.inputs[0]].transposed(step.attributes["order"])  # type: ignore[arg-type]


def _seen_broadcast(lowering: Lowering, step: Step) -> None:
    lowering.views[step.output] = lowering.views[step.inputs[0]].broadcast(step.output.shape)


def _seen_as_it_is(lowering: Lowering, step: Step) -> None:
    lowering.views[step.output] = lowering.views[step.inputs[0]]


VIEWS: Mapping[str, Callable[[Lowering, Step], None]] = {
    "constant": Lowering._constant,
    "iota": Lowering._iota,
    "reshape": Lowering._reshape,
    "transpose": _seen_transposed,
    "broadcast_to": _seen_broadcast,
    "stop_gradient": _seen_as_it_is,
}

LOWERINGS: Mapping[str, Callable[[Lowering, Step], None]] = {
    "matmul": Lowering._matmul,
    **dict.fromkeys(REDUCTIONS, Lowering._reduce),
    "slice": Lowering._slice,
    "pad": Lowering._pad,
    "concatenate": Lowering._concatenate,
    "gather": Lowering._gather,
    "scatter_add": Lowering._scatter_add,
    "one_hot": Lowering._one_hot,
    "random_bits": Lowering._random_bits,
    "softmax_cross_entropy": Lowering._cross_entropy,
}
