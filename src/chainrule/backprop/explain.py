"""One step of backpropagation with every number, in the equations of the textbook.

The equations are for one example as a column vector, so a layer reads h = σ(W_h x + b_h) with W_h of shape
(outputs, inputs); chainrule stores W_hᵀ and multiplies rows, x W_hᵀ + b_h, which is the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.program import Program, Value

_SYMBOLS = {"sigmoid": "σ", "tanh": "tanh", "relu": "relu", "softplus": "softplus"}
_WIDEST = 8


@dataclass(frozen=True, eq=False)
class Line:
    """An equation and its value. name: of the value, such as 'δ_y'; value: an array or a number."""

    equation: str
    name: str
    value: np.ndarray
    note: str = ""


@dataclass(frozen=True, eq=False)
class Section:
    """Lines that belong together, such as the forward pass."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """One step of backpropagation: forward pass, error, deltas, and every weight before and after.

    It prints as its text.
    """

    title: str
    sections: tuple[Section, ...]

    def value(self, name: str) -> np.ndarray:
        """The value with a name, such as 'h', 'E', 'δ_y', 'W_h', 'W_h after'; KeyError if there is none."""
        for section in self.sections:
            for line in section.lines:
                if line.name == name:
                    return line.value
        raise KeyError(name)

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """The whole page for a terminal; arrays longer than 8 are shortened."""
        parts = [self.title, "=" * len(self.title)]
        for section in self.sections:
            parts += ["", section.title, "-" * len(section.title)]
            for line in section.lines:
                parts += _line_text(line)
        return "\n".join(parts)


@dataclass(frozen=True)
class ErrorTerms:
    """The error in equations. equation: of E. slope: ∂E/∂ the network's last output, such as '(y − t)'."""

    equation: str
    slope: str


HALF_SQUARED = ErrorTerms("E = ½ Σ (y − t)²", "(y − t)")
"""The error of textbooks, half a squared distance."""


@dataclass(frozen=True)
class _Affine:
    """One layer a = f(W x + b) found in a program."""

    path: str
    x: Value
    weight: Value
    bias: Value | None
    z: Value
    a: Value
    function: str  # of the activation, '' if linear


def explain(
    program: Program,
    values: Mapping[Value, np.ndarray],
    *,
    rate: float,
    error: ErrorTerms = HALF_SQUARED,
    title: str = "One step of backpropagation",
) -> Explanation:
    """Explain a training step of one example through fully connected layers.

    program: a training step with inputs 'x' (1, features) and 'y', output 'loss', and plain gradient descent
    with `rate`. values: all values of one call, from an executor that keeps them. Layers are named as in the
    program if their names are single letters (h, y), else a_1, a_2, … y.
    Raises ChainruleError if the program has no fully connected layer, more than one example, or inputs or
    targets of several arrays.
    """
    given = [value.name for value in program.inputs]
    if not {"x", "y"} <= set(given):
        raise ChainruleError(
            f"explain shows networks of one input and one target, x and y; this has {', '.join(given)}",
            remedy="explain a network of one of them",
        )
    layers = _affine_layers(program)
    if not layers or program.value("x").shape[0] != 1:
        raise ChainruleError("explain needs one example and at least one fully connected layer")
    _check_row_of_layers(program, layers)
    names = _names(layers)
    sections = (
        Section("The example", _example_lines(program, values)),
        Section("Forward pass", tuple(_forward_lines(layers, names, values))),
        Section("Error", (Line(error.equation, "E", values[program.outputs["loss"]]),)),
        Section("Backward pass", tuple(_backward_lines(program, layers, names, values, error))),
        Section(f"Update, η = {rate:g}", tuple(_update_lines(program, layers, names, values))),
    )
    return Explanation(title, sections)


def _check_row_of_layers(program: Program, layers: Sequence[_Affine]) -> None:
    """Raise an error for networks without such equations: other kinds of layers, and residual connections."""
    told = {value for layer in layers for value in (layer.weight, layer.bias)}
    for parameter in program.parameters:
        if parameter not in told:
            raise ChainruleError(
                f"explain shows fully connected layers alone, and '{parameter.name}' belongs to another",
                remedy="explain a network of Dense layers, or read the whole step as its program",
            )
    made = {step.output: step for step in program.part("forward")}
    for layer, before in zip(layers, [program.value("x"), *(each.a for each in layers)], strict=False):
        x = layer.x
        while x is not before and x in made and made[x].operation in ("reshape", "cast"):
            x = made[x].inputs[0]
        if x is not before:
            raise ChainruleError(
                f"explain shows fully connected layers in a row, and the input of '{layer.path}' is "
                f"not '{before.name}'",
                remedy="give each Dense its activation, as in Dense(8, 'relu'), or read the whole step as "
                "its program",
            )


def _affine_layers(program: Program) -> list[_Affine]:
    forward = program.part("forward")
    parameters = set(program.parameters)
    found = []
    for step in forward:
        if step.operation != "matmul" or step.inputs[1] not in parameters:
            continue
        x, weight = step.inputs
        added = (s for s in forward if s.operation == "add" and s.inputs[0] is step.output)
        adding = next((s for s in added if s.inputs[1] in parameters), None)
        z = adding.output if adding else step.output
        bias = adding.inputs[1] if adding else None
        inside = [s for s in forward if s.layer == step.layer]
        after = inside[inside.index(adding or step) + 1 :]
        function = _SYMBOLS.get(after[0].operation, "f") if len(after) == 1 else "f" if after else ""
        found.append(_Affine(step.layer, x, weight, bias, z, inside[-1].output, function))
    return found


def _names(layers: Sequence[_Affine]) -> list[str]:
    if all(len(layer.path) == 1 for layer in layers):
        return [layer.path for layer in layers]
    return [f"a_{number}" for number in range(1, len(layers))] + ["y"]


def _subscript(name: str) -> str:
    return name.removeprefix("a_")


def _column(values: Mapping[Value, np.ndarray], value: Value) -> np.ndarray:
    """The single row of a value as a vector."""
    return values[value][0]


def _example_lines(program: Program, values: Mapping[Value, np.ndarray]) -> tuple[Line, ...]:
    target = values[program.value("y")]
    return (
        Line("", "x", _column(values, program.value("x")), "the input"),
        Line("", "t", np.asarray(target[0]), "the target"),
    )


def _forward_lines(
    layers: Sequence[_Affine], names: Sequence[str], values: Mapping[Value, np.ndarray]
) -> list[Line]:
    lines = []
    before = "x"
    for layer, name in zip(layers, names, strict=True):
        sub = _subscript(name)
        lines.append(Line("", f"W_{sub}", values[layer.weight].T, f"weights of {layer.path}"))
        inner = f"W_{sub} {before}"
        if layer.bias is not None:
            lines.append(Line("", f"b_{sub}", values[layer.bias]))
            inner += f" + b_{sub}"
        if layer.function:
            lines.append(Line(f"z_{sub} = {inner}", f"z_{sub}", _column(values, layer.z)))
        equation = f"{name} = {layer.function}({inner})" if layer.function else f"{name} = {inner}"
        lines.append(Line(equation, name, _column(values, layer.a)))
        before = name
    return lines


def _backward_lines(
    program: Program,
    layers: Sequence[_Affine],
    names: Sequence[str],
    values: Mapping[Value, np.ndarray],
    error: ErrorTerms,
) -> list[Line]:
    lines = []
    following = error.slope
    for layer, name in zip(reversed(layers), reversed(names), strict=True):
        sub = _subscript(name)
        slope = f" {layer.function}'(z_{sub})" if layer.function else ""
        delta = values[program.deltas[layer.z]][0]
        lines.append(Line(f"δ_{sub} = {following}{slope}", f"δ_{sub}", delta))
        following = f"(W_{sub}ᵀ δ_{sub})"
    return lines


def _update_lines(
    program: Program, layers: Sequence[_Affine], names: Sequence[str], values: Mapping[Value, np.ndarray]
) -> list[Line]:
    lines = []
    before = "x"
    for layer, name in zip(layers, names, strict=True):
        sub = _subscript(name)
        for parameter, symbol, gradient in (
            (layer.weight, f"W_{sub}", f"δ_{sub} {before}ᵀ"),
            (layer.bias, f"b_{sub}", f"δ_{sub}"),
        ):
            if parameter is None:
                continue
            slope, after = program.deltas[parameter], program.updates[parameter]
            lines += [
                Line("", f"{symbol} before", values[parameter].T),
                Line(f"∂E/∂{symbol} = {gradient}", f"∂E/∂{symbol}", values[slope].T),
                Line(f"{symbol} ← {symbol} − η · ∂E/∂{symbol}", f"{symbol} after", values[after].T),
            ]
        before = name
    return lines


def _line_text(line: Line) -> list[str]:
    lines = [f"  {line.equation}"] if line.equation else []
    shape = f"  {line.value.shape}" if line.value.ndim else ""
    note = f"  ({line.note})" if line.note else ""
    head = f"    {line.name} = "
    body = np.array2string(
        line.value, precision=6, suppress_small=True, threshold=_WIDEST * _WIDEST, prefix=head, edgeitems=3
    )
    return [*lines, f"{head}{body}{shape}{note}"]
