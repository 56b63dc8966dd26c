"""nn.summary: the layers of a model, their shapes and their cost, before training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from chainrule.calls import naming_settings
from chainrule.errors import ConfigError
from chainrule.nn.layer import Building, Layer, building
from chainrule.nn.settings import check_choice
from chainrule.program import FLOATS, Program, Step, Tensor, Trace, bytes_text, step_multiply_adds

_HEADER = ("layer", "kind", "output", "parameters", "multiply-adds", "memory")
_WORDS = 3  # columns of words, which stand at the left; the others are numbers


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a model.

    path: its place, such as 'residual_1.dense_2'; '' for the model itself. kind: its class. equation: the
    first line of its class's docstring, '' without one. outputs: the shapes of its outputs for one example.
    parameters: the number of trained numbers. multiply_adds: of products and convolutions for one example,
    padding included. memory: bytes of all values that it computes for one example. The last three are the
    layer's own, without those of layers within it, which have their own lines.
    """

    path: str
    kind: str
    equation: str
    outputs: tuple[tuple[int, ...], ...]
    parameters: int
    multiply_adds: int
    memory: int


@dataclass(frozen=True, repr=False)
class Summary:
    """A model layer by layer, for one example; it prints as a table, also in notebooks.

    state: the number of numbers that layers keep without a gradient, such as running means. parameter_memory:
    bytes of parameters and state.
    """

    layers: tuple[LayerSummary, ...]
    state: int
    parameter_memory: int

    @property
    def parameters(self) -> int:
        """The number of trained numbers of the whole model."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the forward pass of one example; a training step has about three times as many."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def memory(self) -> int:
        """Bytes of all values of the forward pass of one example, as if nothing were reused."""
        return sum(layer.memory for layer in self.layers)

    def __repr__(self) -> str:
        rows = self.cells()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_line(row, widths) for row in rows]
        rule = "─" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], self._footer()])

    def _repr_html_(self) -> str:
        """The table as HTML, for notebooks."""
        header, *rows = self.cells()
        head = "".join(f"<th>{name}</th>" for name in header)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        caption = f"<caption>{escape(self._footer())}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def cells(self) -> list[tuple[str, ...]]:
        """The texts of the table: the header, a row for each layer, and the sums."""
        rows = [
            (
                layer.path or "(model)",
                layer.kind,
                ", ".join(map(str, layer.outputs)),
                *_costs(layer.parameters, layer.multiply_adds, layer.memory),
            )
            for layer in self.layers
        ]
        return [
            _HEADER,
            *rows,
            ("one example", "", "", *_costs(self.parameters, self.multiply_adds, self.memory)),
        ]

    def _footer(self) -> str:
        state = f", {self.state:,} numbers of state" if self.state else ""
        return f"{self.parameters:,} parameters{state}: {bytes_text(self.parameter_memory)}"


@naming_settings()
def summary(model: Layer, shape: Any, *, dtype: Any = "float32") -> Summary:
    """Layers, shapes, parameters, multiply-adds and memory of a model, recorded as it predicts.

    shape: of one example, without the batch, such as (28, 28, 1); () is one number. For a model that takes a
    tuple or mapping of arrays, a tuple or mapping of their shapes.
    dtype: of parameters and inputs, float32 or float64. The input of a model that looks tokens up, such as by
    an Embedding, becomes int32. For several inputs, some of which are tokens, give the dtypes in the
    structure of the shapes, with 'int32' for tokens.
    Raises ConfigError for a model, shape or dtype that is none; ShapeError, naming the layer, for a shape
    that it can't take.
    """
    if not isinstance(model, Layer):
        raise ConfigError(f"summary got {model!r}", remedy="give a layer, such as Sequential([Dense(3)])")
    trace = Trace()
    given = _inputs(trace, shape, dtype, "x", tokens=model.takes_whole_numbers())
    dtypes = {value.dtype for value in trace.program({}).inputs} & {*FLOATS}
    parameters = dtype if dtype in FLOATS else max(dtypes, default="float32")
    with building(trace, training=False, dtype=parameters) as built:
        outputs = model(given)
    return summary_of(built, outputs)


def summary_of(built: Building, outputs: Any) -> Summary:
    """The summary of a model recorded for one example. outputs: a Tensor, or tuples and mappings of them."""
    # Steps whose results nothing takes are left out, as training leaves them out.
    program = built.trace.program({str(n): tensor for n, tensor in enumerate(_tensors(outputs))})
    return Summary(
        tuple(_layers(program, built)),
        sum(value.size for value in program.state),
        sum(value.nbytes for value in (*program.parameters, *program.state)),
    )


def _layers(program: Program, built: Building) -> Iterator[LayerSummary]:
    """A line for each layer, in the order of the calls, without layers that only contain others."""
    holders = {path.rpartition(".")[0] for path in built.kinds if path}
    steps: dict[str, list[Step]] = {}
    for step in program.steps:
        if step.operation != "constant":
            steps.setdefault(step.layer, []).append(step)
    owned: dict[str, int] = {}
    for value in program.parameters:
        path = value.name.rpartition(".")[0]
        owned[path] = owned.get(path, 0) + value.size
    for path, kind in built.kinds.items():
        own = steps.get(path, [])
        if own or path in owned or path not in holders:
            yield LayerSummary(
                path,
                kind.__name__,
                _equation(kind),
                tuple(tensor.shape[1:] for tensor in _tensors(built.results[path])),
                owned.get(path, 0),
                sum(map(step_multiply_adds, own)),
                sum(step.output.nbytes for step in own),
            )


def _equation(kind: type) -> str:
    """The first line of a class's docstring; '' for the one that a dataclass generates."""
    first = (kind.__dict__.get("__doc__") or "").strip().partition("\n")[0]
    return "" if first.startswith(f"{kind.__name__}(") else first


def _inputs(trace: Trace, shape: Any, dtype: Any, name: str, *, tokens: bool) -> Any:
    """Inputs of one example each, in the structure of the shapes."""
    if isinstance(shape, Mapping) and shape:
        each_of = {key: dtype[key] if isinstance(dtype, Mapping) and key in dtype else dtype for key in shape}
        return {
            key: _inputs(trace, each, each_of[key], f"{name}.{key}", tokens=tokens)
            for key, each in shape.items()
        }
    if isinstance(shape, tuple | list) and shape and all(isinstance(each, tuple | list) for each in shape):
        many = isinstance(dtype, tuple | list) and len(dtype) == len(shape)
        dtypes = dtype if many else [dtype] * len(shape)
        return tuple(
            _inputs(trace, each, one, f"{name}.{at}", tokens=tokens)
            for at, (each, one) in enumerate(zip(shape, dtypes, strict=True))
        )
    lengths: tuple[Any, ...] = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if not all(isinstance(each, int) and not isinstance(each, bool) and each >= 1 for each in lengths):
        raise ConfigError(
            f"summary got the shape {shape!r}",
            remedy="give the lengths of one example's axes, without the batch, such as (28, 28, 1), or a "
            "tuple or mapping of such",
        )
    check_choice("summary", "dtype", dtype, (*FLOATS, "int32"))
    alone = name == "x"  # of several, each is what its dtype says
    return trace.input(name, (1, *lengths), "int32" if tokens and alone else dtype)


def _tensors(outputs: Any) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs]
    several = outputs.values() if isinstance(outputs, Mapping) else outputs
    return [tensor for each in several for tensor in _tensors(each)]


def _costs(parameters: int, multiply_adds: int, memory: int) -> tuple[str, str, str]:
    return f"{parameters:,}", f"{multiply_adds:,}", bytes_text(memory)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if column < _WORDS else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
