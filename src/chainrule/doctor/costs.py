"""What trials cost, in steps of the training that they are for; by what is computed, never by the clock."""

from chainrule.program import Program, count
from chainrule.training.attending import Patient

_OPERATION = 4e4
"""Floating-point operations that take as long as what one operation of a program costs beside its own."""
_READY = 100.0
"""Times that cost: recording, differentiating and planning a program, for each of its operations."""
_CHEAP = 1e10


def cost(program: Program) -> float:
    """Of one call, in floating-point operations."""
    counts = count(program)
    return counts.flops + _OPERATION * counts.steps


def cost_of_example(patient: Patient) -> float:
    """Of training on it, in floating-point operations."""
    return cost(_program(patient)) / patient.data.rows(patient.recipe.batch_size)


def steps_to_get_ready(patient: Patient) -> int:
    """As many steps take as long as it takes to make a copy of the training ready to run.

    About a hundred where the network is small, and next to none where it computes much.
    """
    program = _program(patient)
    return round(_READY * _OPERATION * count(program).steps / cost(program))


def cheap_steps(patient: Patient) -> int:
    """So many steps take about an eighth of a second, which nobody minds."""
    return int(_CHEAP / cost(_program(patient)))


def _program(patient: Patient) -> Program:
    rows = patient.data.rows(patient.recipe.batch_size)
    return patient.programs.step(patient.data.sample, rows).program
