"""Every operation of the table is whole: derivative, executors, function, cases and meaning."""

import pytest
from tests.contracts.completeness import guide, lacking, unlisted

from chainrule.backprop import RULES
from chainrule.executors.native import available
from chainrule.program import EXPANSIONS, NOT_DIFFERENTIABLE, OPERATIONS, Operation
from chainrule.program import functions as f
from chainrule.program.tracing import Trace


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_whole(name: str):
    missing = guide(OPERATIONS[name])
    assert not missing, missing


def test_nothing_is_written_for_an_operation_that_the_table_does_not_have():
    assert not unlisted()
    assert not set(RULES) & NOT_DIFFERENTIABLE
    assert set(EXPANSIONS) == {name for name, operation in OPERATIONS.items() if operation.composite}


CASES_AND_MEANING = ("tests/contracts/cases/core.py", "tests/contracts/oracle/core.py")
TOLD = {
    "elementwise": (
        {"elementwise": True},
        *("backprop/rules/elementwise.py", "numpy_/kernels.py"),
        *("CUBE in native/micro_ops.hpp", "functions/elementwise.py", *CASES_AND_MEANING),
    ),
    "composite": (
        {"composite": True, "differentiable": False},
        *("program/composites/__init__.py", *CASES_AND_MEANING),
    ),
    "other": (
        {"differentiable": True},
        *("its family's file in src/chainrule/backprop/rules/", "numpy_/kernels.py"),
        *("native/operations.py", *CASES_AND_MEANING),
    ),
}


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
@pytest.mark.parametrize("kind", TOLD)
def test_who_writes_the_table_line_alone_is_told_every_file(kind: str):
    options, *files = TOLD[kind]
    told = lacking(Operation("cube", 1, OPERATIONS["exp"].infer, "y = x³", **options))
    assert len(told) == len(files)
    for line, file in zip(told, files, strict=True):
        assert file in line


ONE_INPUT = [name for name in f.__all__ if name in OPERATIONS and OPERATIONS[name].elementwise]


@pytest.mark.parametrize("name", [name for name in ONE_INPUT if OPERATIONS[name].arity == 1])
def test_a_function_of_one_tensor_records_the_operation_of_its_name(name: str):
    trace = Trace()
    x = trace.input("x", (2, 3), "bool" if name == "logical_not" else "float32")
    (step,) = trace.program({"y": getattr(f, name)(x)}).steps
    assert step.operation == name
    assert step.inputs == (x.value,)
