"""A program repeated over rows gives what it gives row by row: every operation, any varying inputs."""

from itertools import product

import numpy as np
import pytest
from tests.contracts.cases import CASES, Case

from chainrule.errors import ChainruleError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import EXPANSIONS, OPERATIONS, Trace
from chainrule.program import functions as f
from chainrule.program.over_rows import RULES, over_rows

ROWS = 3
REPEATED = [*RULES, *(name for name, each in OPERATIONS.items() if each.elementwise)]
WHOLE = [case for name in REPEATED for case in CASES.get(name, ()) if case.arguments]
NEVER = {("gather", (True, True)), ("recompute", (False, True))}


def varied(argument: np.ndarray, row: int) -> np.ndarray:
    """Another argument for each row, of the same kind: whole numbers stay in their range."""
    return np.roll(argument.ravel(), row).reshape(argument.shape)


@pytest.mark.parametrize("case", WHOLE, ids=str)
def test_each_row_is_that_of_the_row_alone(case: Case):
    given = [np.asarray(each) for each in case.arguments]
    for varies in product((False, True), repeat=len(given)):
        never = (case.operation, varies) in NEVER or (case.operation == "scatter_add" and varies[1])
        if not any(varies) or never:
            continue
        one = Trace()
        tensors = [
            (one.input if varying else one.state)(f"x{i}", each.shape, each.dtype.name)
            for i, (each, varying) in enumerate(zip(given, varies, strict=True))
        ]
        program = one.program({"y": case.record(one, tensors)})
        arrays = {
            f"x{i}": np.stack([varied(each, row) for row in range(ROWS)]) if varying else each
            for i, (each, varying) in enumerate(zip(given, varies, strict=True))
        }
        trace = Trace()
        inputs = [trace.input(v.name, (ROWS, *v.shape), v.dtype) for v in program.inputs]
        held = {v.name: trace.state(v.name, v.shape, v.dtype) for v in program.state}
        (y,) = over_rows(program, inputs, held, ROWS)
        state = {v.name: arrays[v.name] for v in program.state}
        repeated = compile_numpy(trace.program({"y": y}))
        ours = repeated.run(state, {v.name: arrays[v.name] for v in program.inputs})
        alone = compile_numpy(program)
        for row in range(ROWS):
            theirs = alone.run(state, {v.name: arrays[v.name][row] for v in program.inputs})["y"]
            np.testing.assert_allclose(ours["y"][row], theirs, rtol=1e-5, atol=1e-6, err_msg=str(varies))


def test_every_rule_is_of_a_primitive_and_has_a_case():
    assert set(RULES) <= set(OPERATIONS) - set(EXPANSIONS)
    assert {case.operation for case in WHOLE} == set(REPEATED)


def test_what_is_not_repeated_is_named_with_its_layer():
    one = Trace()
    with one.at(layer="sorted_1"):
        y = f.sort(one.input("x", (1, 4)))
    trace = Trace()
    with pytest.raises(ChainruleError) as caught:
        over_rows(one.program({"y": y}), [trace.input("x", (2, 1, 4))], {}, 2)
    assert str(caught.value).startswith("sorted_1: ")
    assert "is not repeated over rows" in str(caught.value)
    assert "nn.ScaledConjugateGradient()" in str(caught.value)
