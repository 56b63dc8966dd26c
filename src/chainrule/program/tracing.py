"""Recording a program: a Trace keeps the steps, a Tensor is a Value whose operators record."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import index as as_whole_number
from types import TracebackType
from typing import Any, NoReturn, Union

import numpy as np

from chainrule.errors import ChainruleError, DTypeError, ShapeError
from chainrule.program.indexing import plan_slices
from chainrule.program.operations import OPERATIONS, normalize_axis
from chainrule.program.operations.row import Inferred
from chainrule.program.program import Program
from chainrule.program.symbolic import Symbolic
from chainrule.program.value import FLOATS, ITEM_BYTES, Step, Value

Operand = Union["Tensor", float, int, bool, np.ndarray, np.generic]
"""What stands beside a Tensor in arithmetic; numbers and arrays become constants."""


class Trace:
    """Steps being recorded, in order, with the layer and the part (forward, backward, …) they belong to.

    Steps are only added. `program` selects those that its outputs and updates need, and gives every value its
    final name.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.layer = ""
        self.part = "forward"
        self.label = ""  # what errors call the layer, such as "Dense 'head'"
        self._given: dict[str, dict[str, Tensor]] = {"inputs": {}, "parameters": {}, "state": {}}
        self._scalars: dict[tuple[Any, ...], Tensor] = {}
        self._deltas: list[tuple[Value, Value]] = []
        self._counts: dict[str, int] = {}  # how often a layer has recorded an operation
        self.not_kept: list[range] = []  # numbers of the steps that the reverse pass records once more

    def input(self, name: str, shape: Sequence[int], dtype: str = "float32") -> "Tensor":
        """A value that is given to every call."""
        return self._give("inputs", name, shape, dtype)

    def parameter(self, name: str, shape: Sequence[int], dtype: str = "float32") -> "Tensor":
        """A value that training changes."""
        return self._give("parameters", name, shape, dtype)

    def state(self, name: str, shape: Sequence[int], dtype: str = "float32") -> "Tensor":
        """A value that is kept from one call to the next."""
        return self._give("state", name, shape, dtype)

    def _give(self, kind: str, name: str, shape: Sequence[int], dtype: str) -> "Tensor":
        inputs, parameters, state = self._given.values()
        if name in inputs or name in parameters or name in state:
            raise ShapeError(
                f"the name '{name}' is taken", remedy="give every input, parameter and state its own"
            )
        if dtype not in ITEM_BYTES:
            raise DTypeError(f"'{name}' has dtype {dtype}", remedy=f"use one of {', '.join(ITEM_BYTES)}")
        if any(n < 0 for n in shape):
            raise ShapeError(f"'{name}' has shape {tuple(shape)}; no axis may be shorter than 0")
        tensor = Tensor(Value(tuple(int(n) for n in shape), dtype, name), self)
        self._given[kind][name] = tensor
        return tensor

    @property
    def parameters(self) -> Mapping[str, "Tensor"]:
        """Parameters so far, by name, in order of creation."""
        return self._given["parameters"]

    @property
    def states(self) -> Mapping[str, "Tensor"]:
        """State so far, by name, in order of creation."""
        return self._given["state"]

    @contextmanager
    def at(self, *, layer: str | None = None, part: str | None = None, label: str = "") -> Iterator[None]:
        """Record what follows as belonging to this layer and part."""
        before = self.layer, self.part, self.label
        self.layer = self.layer if layer is None else layer
        self.part = self.part if part is None else part
        self.label = label or self.label
        try:
            yield
        finally:
            self.layer, self.part, self.label = before

    @contextmanager
    def recomputing(self) -> Iterator[None]:
        """The reverse pass computes the steps recorded inside again, instead of keeping their results."""
        first = len(self.steps)
        yield
        self.not_kept.append(range(first, len(self.steps)))

    def naming_the_layer(self) -> "_NamingTheLayer":
        """A context that puts the layer in front of what an error says."""
        return _NamingTheLayer(self)

    def record(self, operation: str, *inputs: "Tensor", **attributes: object) -> "Tensor":
        """Check the shapes and dtypes, append the step, return its output."""
        values = tuple([tensor.value for tensor in inputs])
        try:
            for tensor in inputs:
                if tensor.trace is not self:
                    _refuse_two_programs(operation)
            shape, dtype = _infer(operation, values, attributes)
        except ChainruleError as error:
            if self.label:
                raise error.at(self.label) from None
            raise
        name = f"{self.layer}.{operation}" if self.layer else operation
        number = self._counts[name] = self._counts.get(name, 0) + 1
        output = Value(shape, dtype, name if number == 1 else f"{name}_{number}")
        self.steps.append(Step(operation, values, output, attributes, self.layer, self.part))
        return Tensor(output, self)

    def constant(self, value: Operand, dtype: str = "float32") -> "Tensor":
        """A fixed array or number. Equal numbers are recorded once."""
        # 0.0 and -0.0 are equal as keys but not as numbers.
        quick = (value, type(value), dtype) if isinstance(value, int | float) and value else None
        if quick in self._scalars:
            return self._scalars[quick]
        array = np.array(value, dtype=dtype)
        array.flags.writeable = False
        if array.ndim:
            return self.record("constant", value=array)
        key = (array.tobytes(), dtype)
        if key not in self._scalars:
            with self.at(layer=""):
                self._scalars[key] = self.record("constant", value=array)
        if quick is not None:
            self._scalars[quick] = self._scalars[key]
        return self._scalars[key]

    def iota(self, length: int, dtype: str = "int32") -> "Tensor":
        """0, 1, …, length - 1."""
        return self.record("iota", length=length, dtype=dtype)

    def name_delta(self, delta: "Tensor", of: Value) -> None:
        """Note that `delta` is the derivative of the output with respect to `of`, and name it so."""
        self._deltas.append((of, delta.value))

    def program(
        self, outputs: Mapping[str, "Tensor"], updates: Mapping["Tensor", "Tensor"] | None = None
    ) -> Program:
        """The steps that outputs and updates need, every value under its final, unique name."""
        replaced = {old.value: new.value for old, new in (updates or {}).items()}
        kept = {tensor.value for tensor in (*self.parameters.values(), *self.states.values())}
        for old, new in replaced.items():
            if old not in kept:
                raise ChainruleError(f"{old.name} can't be updated: it is neither a parameter nor state")
            if (old.shape, old.dtype) != (new.shape, new.dtype):
                raise ShapeError(f"the update of {old} is {new.dtype} {new.shape}; both must be the same")
        results = {name: tensor.value for name, tensor in outputs.items()}
        needed = _needed(self.steps, [*results.values(), *replaced.values()])
        steps = [step for step in self.steps if step.output in needed]
        given = {kind: [t.value for t in tensors.values()] for kind, tensors in self._given.items()}
        held = [value for values in given.values() for value in values]
        known = {*held, *[step.output for step in steps]}
        deltas = [(of, delta) for of, delta in self._deltas if delta in needed and of in known]
        final = _renamed_values(held, steps, deltas)
        return Program(
            inputs=tuple(given["inputs"]),
            parameters=tuple(given["parameters"]),
            state=tuple(given["state"]),
            steps=tuple([_renamed(step, final) for step in steps]),
            outputs={name: final.get(value, value) for name, value in results.items()},
            updates={old: final.get(new, new) for old, new in replaced.items()},
            deltas={final.get(of, of): final.get(delta, delta) for of, delta in deltas},
        )

    def release(self) -> None:
        """Free all that was recorded; nothing can be recorded after it. For callers that have the program.

        A trace and its Tensors refer to each other, so without this they would stay until Python's next
        search for reference cycles, which visits every step.
        """
        self.steps.clear()
        self._deltas.clear()
        self._scalars.clear()
        for given in self._given.values():
            given.clear()


def _refuse_two_programs(operation: str) -> NoReturn:
    raise ChainruleError(f"{operation} got tensors of two programs", remedy="record both in one trace")


def _infer(operation: str, inputs: tuple[Value, ...], attributes: Mapping[str, Any]) -> Inferred:
    """Shape and dtype of what an operation gives; ShapeError or DTypeError for inputs that it can't take."""
    row = OPERATIONS[operation]
    if row.arity is not None and row.arity != len(inputs):
        raise ShapeError(f"{operation} takes {row.arity} inputs, got {len(inputs)}")
    return row.infer(inputs, attributes)


class _NamingTheLayer:
    """See `Trace.naming_the_layer`; it is entered often, and a generator would be made each time."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and isinstance(error, ChainruleError) and self._trace.label:
            raise error.at(self._trace.label) from None


def _needed(steps: Sequence[Step], wanted: Sequence[Value]) -> set[Value]:
    needed = set(wanted)
    for step in reversed(steps):
        if step.output in needed:
            needed.update(step.inputs)
    return needed


def _renamed_values(
    held: Sequence[Value], steps: Sequence[Step], deltas: Sequence[tuple[Value, Value]]
) -> dict[Value, Value]:
    """Values that get another name -> the same under that, so that all names differ and have no gaps.

    A delta is called δ and the name of the value that it belongs to. held: what keeps its name.
    """
    final: dict[Value, Value] = {}
    taken = {value.name for value in held}
    delta_of: dict[Value, Value] = {}
    for of, delta in deltas:
        delta_of.setdefault(delta, of)
    counts: dict[str, int] = {}
    for step in steps:
        value, of = step.output, delta_of.get(step.output)
        if of is not None:
            name = f"δ{final.get(of, of).name}"
        else:  # numbered anew: the number given when recording also counts steps that are not needed
            name = f"{step.layer}.{step.operation}" if step.layer else step.operation
        if name in taken:
            number = counts.get(name, 1) + 1
            while f"{name}_{number}" in taken:
                number += 1
            counts[name] = number
            name = f"{name}_{number}"
        taken.add(name)
        if name != value.name:
            final[value] = Value(value.shape, value.dtype, name)
    return final


def _renamed(step: Step, final: Mapping[Value, Value]) -> Step:
    """The step with its values under their final names; itself where they have them already."""
    output = final.get(step.output, step.output)
    if output is step.output and final.keys().isdisjoint(step.inputs):
        return step
    inputs = tuple([final.get(value, value) for value in step.inputs])
    return Step(step.operation, inputs, output, step.attributes, step.layer, step.part)


class Tensor(Symbolic):
    """A Value in a Trace: arithmetic on Tensors records steps.

    Operators follow NumPy's broadcasting. Both operands must have one dtype; Python numbers take the other's.
    `==` compares identity, so that Tensors can be keys; use `equal` for the operation. What needs numbers,
    such as NumPy's functions, float() or a branch, is refused: see `Symbolic`.
    """

    __slots__ = ("trace", "value")

    def __init__(self, value: Value, trace: Trace) -> None:
        self.value = value
        self.trace = trace

    @property
    def shape(self) -> tuple[int, ...]:
        """Axis lengths."""
        return self.value.shape

    @property
    def dtype(self) -> str:
        """One of the language's dtypes."""
        return self.value.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.value.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.value.size

    def __repr__(self) -> str:
        return f"Tensor({self.value})"

    def _with(self, operation: str, other: Operand, *, swapped: bool = False) -> "Tensor":
        other = as_tensor(other, self)
        return self.trace.record(operation, *((other, self) if swapped else (self, other)))

    def __add__(self, other: Operand) -> "Tensor":
        return self._with("add", other)

    def __radd__(self, other: Operand) -> "Tensor":
        return self._with("add", other, swapped=True)

    def __sub__(self, other: Operand) -> "Tensor":
        return self._with("subtract", other)

    def __rsub__(self, other: Operand) -> "Tensor":
        return self._with("subtract", other, swapped=True)

    def __mul__(self, other: Operand) -> "Tensor":
        return self._with("multiply", other)

    def __rmul__(self, other: Operand) -> "Tensor":
        return self._with("multiply", other, swapped=True)

    def __truediv__(self, other: Operand) -> "Tensor":
        return self._with("divide", other)

    def __rtruediv__(self, other: Operand) -> "Tensor":
        return self._with("divide", other, swapped=True)

    def __pow__(self, other: Operand) -> "Tensor":
        return self._with("power", other)

    def __rpow__(self, other: Operand) -> "Tensor":
        return self._with("power", other, swapped=True)

    def __matmul__(self, other: Operand) -> "Tensor":
        return self._with("matmul", other)

    def __rmatmul__(self, other: Operand) -> "Tensor":
        return self._with("matmul", other, swapped=True)

    def __neg__(self) -> "Tensor":
        return self.trace.record("negative", self)

    def __abs__(self) -> "Tensor":
        return self.trace.record("absolute", self)

    def __lt__(self, other: Operand) -> "Tensor":
        return self._with("less", other)

    def __le__(self, other: Operand) -> "Tensor":
        return self._with("less_equal", other)

    def __gt__(self, other: Operand) -> "Tensor":
        return self._with("greater", other)

    def __ge__(self, other: Operand) -> "Tensor":
        return self._with("greater_equal", other)

    def __getitem__(self, index: Any) -> "Tensor":
        """Basic indexing by whole numbers, slices with positive steps, None and `...`."""
        with self.trace.naming_the_layer():
            plan = plan_slices(index, self.shape)
        start, stop, step = plan.start, plan.stop, plan.step
        everything = not any(start) and stop == self.shape and all(s == 1 for s in step)
        picked = self if everything else self.trace.record("slice", self, start=start, stop=stop, step=step)
        return picked.reshape(*plan.shape(picked.shape))

    def reshape(self, *shape: int) -> "Tensor":
        """The same elements in another shape; one length may be -1."""
        shape = tuple([as_whole_number(length) for length in shape])
        if -1 in shape:
            known = 1
            for length in shape:
                known *= 1 if length == -1 else length
            if shape.count(-1) > 1 or known == 0 or self.size % known:
                with self.trace.naming_the_layer():
                    raise ShapeError(f"reshape got shape {self.shape}, which can't become {shape}")
            shape = tuple(self.size // known if length == -1 else length for length in shape)
        return self if shape == self.shape else self.trace.record("reshape", self, shape=shape)

    def transpose(self, *order: int) -> "Tensor":
        """Axes in another order; without an order, the last two swapped."""
        if not order:
            order = (*range(self.ndim - 2), self.ndim - 1, self.ndim - 2)
        return self.trace.record("transpose", self, order=tuple([as_whole_number(axis) for axis in order]))

    def cast(self, dtype: str) -> "Tensor":
        """The same numbers in another dtype."""
        return self if dtype == self.dtype else self.trace.record("cast", self, dtype=dtype)

    def sum(self, axes: int | Sequence[int] | None = None, *, keepdims: bool = False) -> "Tensor":
        """Sum over axes (all if None)."""
        return self._reduce("sum", axes, keepdims)

    def max(self, axes: int | Sequence[int] | None = None, *, keepdims: bool = False) -> "Tensor":
        """Largest over axes (all if None)."""
        return self._reduce("max", axes, keepdims)

    def min(self, axes: int | Sequence[int] | None = None, *, keepdims: bool = False) -> "Tensor":
        """Smallest over axes (all if None)."""
        return self._reduce("min", axes, keepdims)

    def mean(self, axes: int | Sequence[int] | None = None, *, keepdims: bool = False) -> "Tensor":
        """Mean over axes (all if None); 0 for an empty axis."""
        total = self.sum(axes, keepdims=keepdims)
        count = self.size // total.size if total.size else 0
        return total * (1.0 / max(count, 1))

    def _reduce(self, operation: str, axes: int | Sequence[int] | None, keepdims: bool) -> "Tensor":
        if axes is None:
            axes = range(self.ndim)
        listed = (int(axes),) if isinstance(axes, int | np.integer) else tuple(axes)
        with self.trace.naming_the_layer():
            listed = tuple(sorted(normalize_axis(operation, axis, self.ndim) for axis in listed))
            if len(set(listed)) != len(listed):
                raise ShapeError(f"{operation} got axes {listed}, which name an axis twice")
        return self.trace.record(operation, self, axes=listed, keepdims=keepdims) if listed else self


def as_tensor(operand: Operand, like: Tensor) -> Tensor:
    """An operand as a Tensor in `like`'s trace; plain numbers take `like`'s dtype.

    Raises DTypeError for what is no number, or one that `like`'s dtype can't hold: a fraction where `like`
    has whole numbers, one too large for them, anything but True and False where `like` has those.
    """
    if isinstance(operand, Tensor):
        return operand
    if isinstance(operand, np.ndarray) and operand.ndim:
        return like.trace.constant(operand, operand.dtype.name)
    number = operand.item() if isinstance(operand, np.ndarray | np.generic) else operand
    if not isinstance(number, float) or like.dtype not in FLOATS:  # which any float fits
        with like.trace.naming_the_layer():
            _check_number(number, operand, like)
    try:
        return like.trace.constant(number, like.dtype)
    except OverflowError:
        with like.trace.naming_the_layer():
            raise DTypeError(
                f"{like.value} was combined with the number {number}, which {like.dtype} can't hold"
            ) from None


def _check_number(number: object, operand: Operand, like: Tensor) -> None:
    """Raises DTypeError for what is no number, or none of `like`'s dtype."""
    if not isinstance(number, bool | int | float):
        raise DTypeError(
            f"{like.value} was combined with {operand!r}", remedy="give a number, an array or a Tensor"
        )
    if isinstance(number, float) and like.dtype not in FLOATS:
        raise DTypeError(
            f"{like.value} was combined with the number {number}", remedy="cast it to a float dtype first"
        )
    if like.dtype == "bool" and not isinstance(number, bool):
        raise DTypeError(f"{like.value} was combined with the number {number}", remedy="cast it first")
