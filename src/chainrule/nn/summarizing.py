"""nn.summary: what a model is made of, and what it costs, before it is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn.layer import Layer, building
from chainrule.nn.settings import check_choice
from chainrule.program import FLOATS, Program, Tensor, Trace, bytes_text, step_multiply_adds

_HEADER = ("layer", "kind", "output", "parameters", "multiply-adds", "memory")
_WORDS = 3  # columns of words, which stand at the left; the others are numbers


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a model.

    path: its place, such as 'residual_1.dense_2'; '' for the model itself. kind: its class. outputs: the
    shapes of what it gives for one example. parameters: trained numbers that are its own, not those of layers
    within it, which have lines of their own; so of the rest. multiply_adds: of its products and convolutions
    for one example, padding included. memory: bytes of all values that it makes for one example.
    """

    path: str
    kind: str
    outputs: tuple[tuple[int, ...], ...]
    parameters: int
    multiply_adds: int
    memory: int


@dataclass(frozen=True, repr=False)
class Summary:
    """A model layer by layer, for one example; it prints as a table, also in notebooks.

    state: numbers that layers keep and no derivative reaches, such as running means. parameter_memory: bytes
    of parameters and state.
    """

    layers: tuple[LayerSummary, ...]
    state: int
    parameter_memory: int

    @property
    def parameters(self) -> int:
        """Trained numbers of the whole model."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Of the forward pass of one example; a step of training needs about three times as many."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def memory(self) -> int:
        """Bytes of all values of the forward pass of one example, as if nothing were reused."""
        return sum(layer.memory for layer in self.layers)

    def __repr__(self) -> str:
        rows = [_HEADER, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_line(row, widths) for row in rows]
        rule = "─" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], self._footer()])

    def _repr_html_(self) -> str:
        """The same for notebooks."""
        head = "".join(f"<th>{name}</th>" for name in _HEADER)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self._rows()
        )
        caption = f"<caption>{escape(self._footer())}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [
            (
                layer.path or "(model)",
                layer.kind,
                ", ".join(map(str, layer.outputs)),
                *_costs(layer.parameters, layer.multiply_adds, layer.memory),
            )
            for layer in self.layers
        ]
        return [*rows, ("one example", "", "", *_costs(self.parameters, self.multiply_adds, self.memory))]

    def _footer(self) -> str:
        state = f", {self.state:,} numbers of state" if self.state else ""
        return f"{self.parameters:,} parameters{state}: {bytes_text(self.parameter_memory)}"


def summary(model: Layer, shape: Any, *, dtype: str = "float32") -> Summary:
    """Layers, shapes, parameters, multiply-adds and memory of a model, recorded as it predicts.

    shape: of one example, without the batch, such as (28, 28, 1); () is one number. A model that takes a
    tuple or mapping of arrays gets a tuple or mapping of their shapes. dtype: float32 or float64, of
    parameters and of inputs; inputs of a model that looks tokens up, such as by an Embedding, are tokens.
    Raises ConfigError for what is no layer or no shape; ShapeError, naming the layer, where it can't take it.
    """
    if not isinstance(model, Layer):
        raise ConfigError(f"summary got {model!r}", remedy="give a layer, such as Sequential([Dense(3)])")
    check_choice("summary", "dtype", dtype, FLOATS)
    trace = Trace()
    given = _inputs(trace, shape, "int32" if model.takes_whole_numbers() else dtype, "x")
    with building(trace, training=False, dtype=dtype) as built:
        outputs = model(given)
    named = {str(number): tensor for number, tensor in enumerate(_tensors(outputs))}
    # Of layers whose results nothing takes, the steps are left out, as training leaves them out.
    program = trace.program(named)
    return Summary(
        tuple(_layers(program, built.kinds, {p: tuple(_tensors(y)) for p, y in built.results.items()})),
        sum(value.size for value in program.state),
        sum(value.nbytes for value in (*program.parameters, *program.state)),
    )


def _layers(
    program: Program, kinds: Mapping[str, str], results: Mapping[str, tuple[Tensor, ...]]
) -> list[LayerSummary]:
    """A line for every layer but those that do nothing themselves, in the order in which they are called."""
    holders = {path.rpartition(".")[0] for path in kinds if path}
    lines = []
    for path, kind in kinds.items():
        steps = [step for step in program.steps if step.layer == path and step.operation != "constant"]
        owned = sum(value.size for value in program.parameters if value.name.rpartition(".")[0] == path)
        if steps or owned or path not in holders:
            shapes = tuple(tensor.shape[1:] for tensor in results[path])
            products = sum(map(step_multiply_adds, steps))
            made = sum(step.output.nbytes for step in steps)
            lines.append(LayerSummary(path, kind, shapes, owned, products, made))
    return lines


def _inputs(trace: Trace, shape: Any, dtype: str, name: str) -> Any:
    """An input for every shape, in their structure; each of one example."""
    if isinstance(shape, Mapping) and shape:
        return {key: _inputs(trace, each, dtype, f"{name}.{key}") for key, each in shape.items()}
    if isinstance(shape, tuple | list) and shape and all(isinstance(each, tuple | list) for each in shape):
        return tuple([_inputs(trace, each, dtype, f"{name}.{at}") for at, each in enumerate(shape)])
    lengths: tuple[Any, ...] = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if not all(isinstance(each, int) and not isinstance(each, bool) and each >= 1 for each in lengths):
        raise ConfigError(
            f"summary got the shape {shape!r}",
            remedy="give the lengths of one example's axes, without the batch, such as (28, 28, 1), or a "
            "tuple or mapping of such",
        )
    return trace.input(name, (1, *lengths), dtype)


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
