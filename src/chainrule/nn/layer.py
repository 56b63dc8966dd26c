"""Layers: frozen dataclasses whose call reads like its equation, and the building of a model from them."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, ConfigError, ShapeError
from chainrule.nn.initializers import Initializer
from chainrule.nn.part import Part, is_ours, snake_case
from chainrule.nn.results import check_tensors, described
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f

RANDOM_KEY = "random.key"


@dataclass
class _Place:
    """A layer being called, and the names of the layers it holds."""

    path: str
    held: list[tuple[str, "Layer"]]
    used: set[str] = field(default_factory=set)
    _names: dict[int, list[str]] = field(default_factory=dict)  # identity of a layer -> where it is held
    _numbers: dict[str, int] = field(default_factory=dict)  # kind -> of the last one that no field holds

    def __post_init__(self) -> None:
        for name, layer in reversed(self.held):
            self._names.setdefault(id(layer), []).append(name)

    def name_of(self, layer: "Layer") -> str:
        """The first unused place that holds this layer; else the place it was called from before.

        So a layer held in two places is two layers, and a layer called twice from one place is one. A layer
        that no field holds is named after its kind, in the order of the calls.
        """
        names = self._names.get(id(layer))
        if names:
            name = names.pop() if len(names) > 1 else names[0]
        else:
            name = self._new_name(snake_case(type(layer).__name__))
        self.used.add(name)
        return name

    def _new_name(self, kind: str) -> str:
        """A name that no held layer has."""
        taken = {name for name, _ in self.held}
        number = self._numbers.get(kind, 0) + 1
        while f"{kind}_{number}" in taken:
            number += 1
        self._numbers[kind] = number
        return f"{kind}_{number}"


@dataclass(frozen=True)
class Lookup:
    """Whole numbers with which a layer looks up rows of a table: each must be from 0 to limit - 1.

    label: the layer's name in errors. numbers: of an integer dtype, any shape. what: a word for one of them,
    such as 'token'. source: the table in errors, such as 'the vocabulary'.
    """

    label: str
    numbers: Tensor
    limit: int
    what: str
    source: str


@dataclass(frozen=True)
class Rows:
    """The rows of a table that a step looks up, and that alone are updated.

    numbers: int32 (n,), the different rows first; what is left repeats the first of them. values: (n, ...).
    used: (n, 1, ...) of the values' dtype, 0 for what is left, else 1.
    """

    numbers: Tensor
    values: Tensor
    used: Tensor


class Building:
    """What calling a model records besides steps: parameters and state with their initializers, and outputs.

    training: False records the model as it predicts, without dropout and the like. dtype: of the parameters
    of layers whose inputs are not floats, such as Embedding.
    initializers: name of a parameter or of a layer's state -> its initializer. outputs: path of each
    innermost layer -> its output. kinds, results: path of each layer, in the order of the calls -> its class,
    and its output. updates: name of a state -> its value for the next call. lookups: the numbers with which
    layers look rows up, which are checked in the data before training. rows: parameter name -> the rows of it
    that are trained, where it is not the whole.
    at: parameter name -> the Tensor to use in its place, to record a model a second time at other parameters.
    """

    def __init__(
        self,
        trace: Trace,
        *,
        training: bool,
        at: Mapping[str, Tensor] | None = None,
        dtype: str = "float32",
    ) -> None:
        self.trace = trace
        self.training = training
        self.dtype = dtype
        self.at = at or {}
        self.initializers: dict[str, Initializer] = {}
        self.outputs: dict[str, Tensor] = {}
        self.kinds: dict[str, type[Layer]] = {}
        self.results: dict[str, Any] = {}
        self.updates: dict[Tensor, Tensor] = {}
        self.lookups: list[Lookup] = []
        self.rows: dict[str, Rows] = {}
        self._places = [_Place("", [])]
        self._streams = 0
        self._is_frozen = False
        self._is_constant = False
        self._reparametrizing: Reparametrization | None = None

    @contextmanager
    def reparametrizing(self, function: "Reparametrization") -> Iterator[None]:
        """Within this context, layers use function(layer, name, weight) in place of their weights.

        Of those whose names end in 'weight', of two axes or more; it may make further parameters and state.
        Within another such context, the inner function is applied first.
        """
        outer = self._reparametrizing

        def both(layer: "Layer", name: str, weight: Tensor) -> Tensor:
            inner = function(layer, name, weight)
            return inner if outer is None else outer(layer, name, inner)

        self._reparametrizing = both
        try:
            yield
        finally:
            self._reparametrizing = outer

    def reparametrized(self, layer: "Layer", name: str, weight: Tensor) -> Tensor:
        """The weight that a layer uses in place of a parameter."""
        function = self._reparametrizing
        if function is None or weight.ndim < 2 or not name.endswith("weight"):
            return weight
        self._reparametrizing = None
        try:
            return function(layer, name, weight)
        finally:
            self._reparametrizing = function

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within this context layers are recorded as in prediction, and their parameters are not trained."""
        before = self.training, self._is_frozen
        self.training, self._is_frozen = False, True
        try:
            yield
        finally:
            self.training, self._is_frozen = before

    @contextmanager
    def constant(self) -> Iterator[None]:
        """Within this context layers use their parameters as they are, and no gradient flows into these.

        It flows through the layers into their inputs, such as from a critic into the action of a policy.
        """
        before, self._is_constant = self._is_constant, True
        try:
            yield
        finally:
            self._is_constant = before

    @property
    def path(self) -> str:
        """The layer being called, such as 'residual_1.dense_2'."""
        return self._places[-1].path

    @contextmanager
    def place(self, layer: "Layer") -> Iterator[_Place]:
        """Enter a layer: steps recorded within this context are named after it."""
        outer = self._places[-1]
        root = len(self._places) == 1
        name = "" if root and held_layers(layer) else outer.name_of(layer)
        path = f"{outer.path}.{name}" if outer.path and name else outer.path or name
        place = _Place(path, held_layers(layer))
        self._places.append(place)
        self.kinds.setdefault(path, type(layer))
        label = f"{type(layer).__name__} '{path}'" if path else type(layer).__name__
        try:
            with self.trace.at(layer=path, label=label):
                yield place
        finally:
            self._places.pop()

    @contextmanager
    def holding(self, held: list[tuple[str, "Layer"]]) -> Iterator[None]:
        """Within this context the layers have the given names; an empty list changes nothing."""
        if held:
            self._places.append(_Place("", held))
        try:
            yield
        finally:
            if held:
                self._places.pop()

    def parameter(self, name: str, shape: Sequence[int], initializer: Initializer, dtype: str) -> Tensor:
        """A parameter of the layer being called; the same one if the same place is called again.

        Within `frozen` it is state that nothing updates.
        """
        if self._is_frozen:
            return self.state(name, shape, initializer, dtype)
        full = self._full(name)
        known = self.at.get(full, self.trace.parameters.get(full))
        if known is None:
            self.initializers[full] = initializer
            known = self.trace.parameter(full, shape, dtype)
        fitting = self._fitting(name, known, shape)
        return f.stop_gradient(fitting) if self._is_constant else fitting

    def look_up(self, name: str, table: Tensor, indices: Tensor) -> Tensor:
        """Rows of a parameter of the layer being called, of which alone this step trains any.

        table: (length, ...). indices: int32, any shape -> (*indices, ...). Raises ConfigError if the same
        place is called again.
        """
        full = self._full(name)
        if self._reparametrizing is not None:
            raise ConfigError(
                f"{self.trace.label} is sparse, and its weight is to be normalized",
                remedy="let it not be sparse, or leave it out of the normalization",
            )
        if full in self.rows:
            raise ConfigError(
                f"{self.trace.label} is called twice in a step, and sparse",
                remedy="call it once, with all that it looks up, or let it not be sparse",
            )
        numbers, slots = f.distinct(indices, table.shape[0])
        values = f.gather(table, numbers)
        none, one = (self.trace.constant(number, table.dtype) for number in (0.0, 1.0))
        used = f.put(f.broadcast_to(none, numbers.shape), slots, f.broadcast_to(one, slots.shape))
        self.rows[full] = Rows(numbers, values, used.reshape(numbers.size, *(1 for _ in table.shape[1:])))
        return f.gather(values, slots)

    def state(self, name: str, shape: Sequence[int], initializer: Initializer, dtype: str) -> Tensor:
        """State of the layer being called, as the previous call of the same place in this program left it."""
        full = self._full(name)
        known = self.trace.states.get(full)
        if known is None:
            self.initializers[full] = initializer
            return self.trace.state(full, shape, dtype)
        return self._fitting(name, self.updates.get(known, known), shape)

    def update(self, name: str, fresh: Tensor) -> None:
        """Replace state of the layer being called."""
        self.updates[self.trace.states[self._full(name)]] = fresh

    def _full(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _fitting(self, name: str, known: Tensor, shape: Sequence[int]) -> Tensor:
        if known.shape != tuple(shape):
            raise ShapeError(
                f"{self.trace.label}: its {name} is {known.shape}, and this call needs {tuple(shape)}",
                remedy="give it inputs with the same last axis every time, or use two layers",
            )
        return known

    def random_bits(self, shape: Sequence[int]) -> Tensor:
        """Random bits, uint32, other ones for every layer and for every run of the program."""
        key = self.trace.states.get(RANDOM_KEY)
        if key is None:
            key = self.trace.state(RANDOM_KEY, (2,), "uint32")
            with self.trace.at(layer="random", part="update"):
                # The key is (seed, number of the call).
                self.updates[key] = key + key.trace.constant(np.array([0, 1]), "uint32")
        self._streams += 1
        return f.random_bits(key, shape, self._streams - 1)


Reparametrization = Callable[["Layer", str, Tensor], Tensor]
"""Takes a layer, the name of one of its weights and the parameter; gives what the layer uses instead."""

_building: ContextVar[Building] = ContextVar("building")


@contextmanager
def building(
    trace: Trace, *, training: bool, at: Mapping[str, Tensor] | None = None, dtype: str = "float32"
) -> Iterator[Building]:
    """Within this context, calling layers on Tensors of `trace` records a model.

    training, at, dtype: see `Building`; dtype is float32 or float64.
    """
    built = Building(trace, training=training, at=at, dtype=dtype)
    token = _building.set(built)
    try:
        yield built
    finally:
        _building.reset(token)


def current_building(owner: object) -> Building:
    """The Building of the innermost `building`; raises ChainruleError, naming the owner, outside of one."""
    built = _building.get(None)
    if built is None:
        raise ChainruleError(
            f"{type(owner).__name__} was called outside of a program",
            remedy="pass the model to chainrule.train, which records it, or call it within nn.building",
        )
    return built


@dataclass(frozen=True)
class Layer(Part):
    """A frozen description of a layer; calling it on Tensors records it.

    Subclasses are frozen dataclasses with `__call__`, which takes one or several Tensors and returns one or
    several. Parameters are created where they are used, by `self.param`, and state by `self.state`. Both are
    named after the layer's place in the model: the field that holds it or, in a sequence, its kind and number
    ('dense_2'). A layer held in two places has separate parameters and state in each.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__call__" in cls.__dict__:
            cls.__call__ = _placed(cls.__call__)  # type: ignore[method-assign]

    def __call__(self, *inputs: Any) -> Any:
        """Record the layer's equation."""
        raise TypeError(f"{type(self).__name__} does not define __call__")

    def param(
        self, name: str, shape: Sequence[int], initializer: Initializer, dtype: str = "float32"
    ) -> Tensor:
        """A trained array of this layer, a Tensor.

        name: unique in the layer, such as 'weight'. shape: axis lengths. initializer: draws its initial
        value.
        dtype: float32 or float64, usually that of the input.
        Raises ShapeError if the same place was called before with another shape.
        """
        built = current_building(self)
        return built.reparametrized(self, name, built.parameter(name, shape, initializer, dtype))

    def param_rows(
        self,
        name: str,
        shape: Sequence[int],
        initializer: Initializer,
        indices: Tensor,
        dtype: str = "float32",
    ) -> Tensor:
        """Rows of a trained array of this layer, of which a step updates those alone.

        indices: int32, any shape, along the first axis of shape -> (*indices, *shape[1:]). The other
        arguments are those of `param`. Optimizers keep their state of all rows and update that of these.
        Raises ConfigError if the same place is called twice in a step.
        """
        built = current_building(self)
        table = built.parameter(name, shape, initializer, dtype)
        return built.look_up(name, table, indices) if built.training else f.gather(table, indices)

    def state(
        self, name: str, shape: Sequence[int], initializer: Initializer, dtype: str = "float32"
    ) -> Tensor:
        """An array that this layer carries from step to step, without a gradient, such as a running mean.

        It is stored and resumed with the parameters. Prediction reads its value at the end of training.
        Arguments and errors are those of `param`.
        """
        return current_building(self).state(name, shape, initializer, dtype)

    def update_state(self, name: str, fresh: Tensor) -> None:
        """Set the state of this name for the next step; only in training, and after `state` of this name.

        fresh: of the state's shape and dtype. A layer that is called twice in a step updates its state twice.
        """
        current_building(self).update(name, fresh)

    def looks_up(self, numbers: Tensor, limit: int, what: str, source: str) -> None:
        """Declare that these whole numbers must be from 0 to limit - 1; see `Lookup`.

        Before the first step, training raises DataError for data out of this range, naming layer and row.
        """
        built = current_building(self)
        built.lookups.append(Lookup(built.trace.label, numbers, limit, what, source))

    def placed(self) -> "Layer":
        """The layer that gets this place and name: itself, or the layer within a wrapper such as Remat."""
        return self

    def takes_whole_numbers(self) -> bool:
        """Whether whole numbers given as x stay integers, as tokens do; else training makes them floats.

        True if it is for a layer in its fields. A layer of your own that makes an Embedding in its `__call__`
        must define it as True.
        """
        return any(layer.takes_whole_numbers() for _, layer in held_layers(self))

    def random_bits(self, shape: Sequence[int]) -> Tensor:
        """Random bits, uint32, drawn anew in every step."""
        return current_building(self).random_bits(shape)

    @property
    def dtype(self) -> str:
        """The dtype of parameters of layers whose inputs are not floats: float32 or float64."""
        return current_building(self).dtype

    @property
    def training(self) -> bool:
        """False while a program for prediction is recorded."""
        return current_building(self).training


def _placed(call: Callable[..., Any]) -> Callable[..., Any]:
    """Record a call under the layer's place, and keep the output of a layer that calls no other."""

    @functools.wraps(call)
    def placed_call(self: Layer, *inputs: Any, **options: Any) -> Any:
        if self.placed() is not self:
            return call(self, *inputs, **options)
        built = current_building(self)
        with built.place(self) as place:
            if not place.held and is_ours(type(self)):
                _check_inputs(built.trace.label, inputs)
            output = call(self, *inputs, **options)
            check_tensors(built.trace.label, output)
        built.results[place.path] = output
        if not place.used and isinstance(output, Tensor):
            built.outputs[place.path] = output
        return output

    return placed_call


def _check_inputs(owner: str, inputs: Sequence[Any]) -> None:
    """Raises ChainruleError unless every input is a Tensor, or None for a mask that is left out."""
    for given in inputs:
        if not isinstance(given, Tensor | None):
            raise ChainruleError(
                f"{owner} got {described(given)}, and it takes Tensors",
                remedy="in a layer of your own, call it with each of them",
            )


def held_layers(owner: Any) -> list[tuple[str, Layer]]:
    """The layers in the fields of a layer or an objective, with the names of their places."""
    held: list[tuple[str, Layer]] = []
    for each in fields(owner):
        value = getattr(owner, each.name)
        if isinstance(value, Layer):
            held.append((each.name, value.placed()))
        elif isinstance(value, tuple):
            prefix = "" if each.name == "layers" else f"{each.name}."
            numbers: dict[str, int] = {}
            for inner in value:
                if isinstance(inner, Layer):
                    own = inner.placed()
                    kind = snake_case(type(own).__name__)
                    numbers[kind] = numbers.get(kind, 0) + 1
                    held.append((f"{prefix}{kind}_{numbers[kind]}", own))
    return held
