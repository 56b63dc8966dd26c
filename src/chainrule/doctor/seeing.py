"""What the first weights of a network see: its inputs, or what layers without weights make of them."""

import numpy as np

from chainrule.doctor.examined import Examined, few_of
from chainrule.program import FLOATS, Program, Value, ending_in

_ROWS = 512
_NORMALIZING = ("batch_norm", "layer_norm")
_MOVING = ("reshape", "transpose", "broadcast_to", "slice", "cast", "stop_gradient", "pad")


def seen_by_weights(examined: Examined) -> list[np.ndarray]:
    """The numbers that the first weights meet, of some examples: (examples, ...) each.

    Inputs, or what was made of them without weights. What a normalization gets is left out: it sees to the
    scale itself.
    """
    sample = few_of(examined.examples, _ROWS)
    program = examined.programs.step(sample, len(sample)).program
    seen = _frontier(program)
    if not seen:
        return []
    needed = ending_in(program, {str(number): value for number, value in enumerate(seen)})
    tree = {name: array.copy() for name, array in examined.tree.items()}
    with np.errstate(all="ignore"):
        return list(examined.programs.compile(needed).run(tree, sample.named).values())


def see_the_input(examined: Examined) -> bool:
    """Whether the first weights see the input x itself, at most moved to other places."""
    sample = examined.examples.take(slice(2))
    program = examined.programs.step(sample, len(sample)).program
    same = {value for value in program.inputs if value.name == "x"}
    for step in program.part("forward"):
        if step.operation in _MOVING and step.inputs[0] in same:
            same.add(step.output)
    seen = _frontier(program)
    return bool(seen) and all(value in same for value in seen)


def _frontier(program: Program) -> list[Value]:
    """Values that depend on the inputs and on no parameter, where they meet parameters.

    What they meet depends on no input: a mask that leaves out what was computed is not seen by weights.
    """
    of_inputs = {value for value in program.inputs if value.name.partition(".")[0] == "x"}
    free = {*program.inputs, *program.state}  # of parameters
    pure = {*program.parameters}  # of inputs
    seen: dict[Value, None] = {}
    for step in program.part("forward"):
        touched = [value for value in step.inputs if value in of_inputs]
        if all(value in free for value in step.inputs):
            free.add(step.output)
            if touched:
                of_inputs.add(step.output)
        elif all(value in pure for value in step.inputs):
            pure.add(step.output)
        elif step.operation not in _NORMALIZING and all(v in pure or v in free for v in step.inputs):
            seen |= {value: None for value in touched if value.dtype in FLOATS}
    return list(seen)
