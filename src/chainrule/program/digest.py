"""A digest of a program: equal programs, recorded twice, have equal ones."""

import marshal
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from chainrule.program.program import Program
from chainrule.program.value import Value


def digest_of(program: Program) -> bytes:
    """32 bytes that are the same for programs which are the same but for the identity of their values.

    Compared are names, shapes and dtypes of what is given, every step with its attributes, name, layer and
    part, and which values are outputs, updates and deltas.
    """
    # Version 2 writes what is in a tuple, whether or not two of its parts are one object.
    return sha256(marshal.dumps(tuple(_parts(program)), 2)).digest()


def _parts(program: Program) -> Iterator[Any]:
    number: dict[Value, int] = {}
    for given in (program.inputs, program.parameters, program.state):
        for value in given:
            number[value] = len(number)
            yield value.name, value.shape, value.dtype
        yield None
    for step in program.steps:
        inputs, output = [number[value] for value in step.inputs], step.output
        number[output] = len(number)
        attributes = _plain(step.attributes) if step.attributes else ()
        yield (
            step.operation,
            inputs,
            attributes,
            output.name,
            output.shape,
            output.dtype,
            step.layer,
            step.part,
        )
    yield tuple((name, number[value]) for name, value in program.outputs.items())
    for pairs in (program.updates, program.deltas):
        yield tuple((number[one], number[other]) for one, other in pairs.items())


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return tuple((name, _plain(each)) for name, each in value.items())
    if isinstance(value, tuple | list):
        return tuple(_plain(each) for each in value)
    if isinstance(value, np.generic):
        return value.item()
    return tuple(_parts(value)) if isinstance(value, Program) else value
