"""Program: typed steps in order, the one thing that executors run, printers print and rules differentiate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chainrule.program.printing import Section, program_text
from chainrule.program.value import PARTS, Step, Value


@dataclass(frozen=True, eq=False)
class Program:
    """Typed operations in order, each value assigned once.

    inputs: given to every call (a batch). parameters: changed by training. state: kept from one call to the
    next (optimizer moments, counters, running statistics, the random key).
    outputs: named results. updates: parameter or state -> the value that replaces it after the call.
    deltas: value -> the derivative of the loss with respect to it, if the program computes it.
    """

    inputs: tuple[Value, ...]
    parameters: tuple[Value, ...]
    state: tuple[Value, ...]
    steps: tuple[Step, ...]
    outputs: Mapping[str, Value]
    updates: Mapping[Value, Value] = field(default_factory=dict)
    deltas: Mapping[Value, Value] = field(default_factory=dict)

    def value(self, name: str) -> Value:
        """The value with this name; KeyError if there is none."""
        for value in self.values():
            if value.name == name:
                return value
        raise KeyError(name)

    def values(self) -> Iterable[Value]:
        """Every value: inputs, parameters, state, then the steps' outputs in order."""
        yield from self.inputs
        yield from self.parameters
        yield from self.state
        for step in self.steps:
            yield step.output

    def part(self, name: str) -> tuple[Step, ...]:
        """The steps of one part: 'forward', 'backward', 'update' or 'watch'."""
        return tuple(step for step in self.steps if step.part == name)

    def __str__(self) -> str:
        listed = (
            Section("inputs", self.inputs),
            Section("parameters", self.parameters),
            Section("state", self.state),
        )
        parts = tuple((name, self.part(name)) for name in PARTS)
        return program_text(listed, parts, self.updates, self.outputs)
