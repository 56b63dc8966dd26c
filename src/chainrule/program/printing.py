"""A program as plain text: layer by layer, forward, then backward, then the update."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.program.value import Step, Value

_WIDE_CONSTANT = 4


class Section(NamedTuple):
    """A heading and the values listed below it."""

    title: str
    values: Sequence[Value]


def program_text(
    listed: Sequence[Section],
    parts: Sequence[tuple[str, Sequence[Step]]],
    updates: Mapping[Value, Value],
    outputs: Mapping[str, Value],
) -> str:
    """The whole program as text, one line per step; small constants stand where they are used."""
    constants = _inline_constants([step for _, steps in parts for step in steps])
    lines: list[str] = []
    for title, values in listed:
        if values:
            lines += [title, *(f"  {v.name:<38} {_type_text(v)}" for v in values), ""]
    for title, steps in parts:
        shown = [step for step in steps if step.output not in constants]
        if shown:
            lines += [title, *_part_lines(shown, constants), ""]
    if updates:
        lines += ["replace", *(f"  {old.name} ← {new.name}" for old, new in updates.items()), ""]
    lines += ["return", *(f"  {name} = {_reference(value, constants)}" for name, value in outputs.items())]
    return "\n".join(lines)


def _part_lines(steps: Sequence[Step], constants: Mapping[Value, str]) -> list[str]:
    lines = []
    layer = None
    for step in steps:
        if step.layer != layer:
            layer = step.layer
            lines.append(f"  {layer or '·'}")
        lines.append(f"    {step_text(step, constants):<76} {_type_text(step.output)}")
        if "body" in step.attributes:  # a program of its own, run for every element of time
            lines += [f"      | {line}".rstrip() for line in str(step.attributes["body"]).splitlines()]
    return lines


def step_text(step: Step, constants: Mapping[Value, str] | None = None) -> str:
    """One step, such as 'h = matmul(x, W)'; constants maps a value to the literal that stands for it."""
    known = constants or {}
    arguments = [_reference(value, known) for value in step.inputs]
    arguments += [
        f"{key}={_attribute_text(value) if key != 'body' else '…'}" for key, value in step.attributes.items()
    ]
    return f"{step.output.name} = {step.operation}({', '.join(arguments)})"


def _reference(value: Value, constants: Mapping[Value, str]) -> str:
    return constants.get(value, value.name)


def _inline_constants(steps: Sequence[Step]) -> dict[Value, str]:
    return {
        step.output: _attribute_text(step.attributes["value"])
        for step in steps
        if step.operation == "constant" and step.output.size <= _WIDE_CONSTANT
    }


def _attribute_text(value: object) -> str:
    if isinstance(value, np.ndarray):
        if value.size > _WIDE_CONSTANT:
            return f"<{value.dtype.name} {value.shape}>"
        return _number_text(value.item()) if value.ndim == 0 else str(value.tolist())
    return str(value)


def _number_text(number: float | int | bool) -> str:
    return f"{number:.7g}" if isinstance(number, float) else str(number)


def _type_text(value: Value) -> str:
    return f"{value.dtype} {value.shape}"
