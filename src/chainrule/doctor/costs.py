"""What trials cost, in steps of the training that they are for; by what is computed, never by the clock."""

from chainrule.program import Program, count
from chainrule.training.attending import Patient

_OPERATION = 1e4
"""Floating-point operations that take as long as what one operation of a program costs beside its own."""
_READY = 100.0
"""Times that cost: recording, differentiating and planning a program, for each of its operations."""


def cost(program: Program) -> float:
    """Of one call, in floating-point operations."""
    counts = count(program)
    return counts.flops + _OPERATION * counts.steps


def cost_of_example(patient: Patient) -> float:
    """Of training on it, in floating-point operations."""
    rows = patient.data.rows(patient.recipe.batch_size)
    return cost(patient.programs.step(patient.data.sample, rows).program) / rows


def steps_to_get_ready(patient: Patient) -> int:
    """As many steps take as long as it takes to make a copy of the training ready to run.

    About a hundred where the network is small, and next to none where it computes much.
    """
    rows = patient.data.rows(patient.recipe.batch_size)
    program = patient.programs.step(patient.data.sample, rows).program
    return round(_READY * _OPERATION * count(program).steps / cost(program))
