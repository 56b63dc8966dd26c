"""Every operation in every dtype: the core runs it to NumPy's numbers, or a warning says that NumPy does."""

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tests.contracts.cases import CASES, Case

from chainrule.errors import ChainruleWarning, DTypeError
from chainrule.executors.fallback import warn_of_numpy
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.program import Program, Trace
from chainrule.program.value import ITEM_BYTES

pytestmark = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")

REDUCTIONS = ("sum", "max", "min", "scatter_add")
CALCULATIONS = (
    *("absolute", "add", "subtract", "multiply", "negative", "sign", "maximum", "minimum", "where"),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("arg_top_k", "argmax", "argsort", "cumsum"),
)
OF_FLOAT32_ALONE = (
    *("convolution", "convolution_input_adjoint", "convolution_weight_adjoint"),
    *("max_pool", "max_pool_positions", "max_pool_adjoint", "average_pool", "average_pool_adjoint"),
    *("resize", "resize_adjoint", "arg_top_k", "argmax", "argsort", "cumsum"),
)
LACKING = {
    *(f"{name} of float64" for name in OF_FLOAT32_ALONE),
    *(f"{name} of {dtype}" for name in REDUCTIONS for dtype in ("int32", "uint32", "int64")),
    *(f"{name} of int64" for name in CALCULATIONS),
    *(f"{name} of int64" for name in ("put", "factorize")),
    *(f"cast of {dtype} to int64" for dtype in ("float32", "float64", "int32", "uint32", "uint8", "bool")),
    *(f"cast of int64 to {dtype}" for dtype in ("uint32", "uint8")),
    *(f"one_hot as {dtype}" for dtype in ("bool", "uint8", "int32", "uint32", "int64")),
}
"""All that the core has not got, of what the language has. What is added to the core goes from here."""


def variants(case: Case) -> Iterator[Case]:
    """The case with its floats, then its whole numbers, and with its attribute dtype, in every dtype."""
    cases = [case]
    if "dtype" in case.attributes:
        # Where a number does not fit a whole one, C leaves open what its cast gives.
        small = tuple(np.abs(a) if np.issubdtype(a.dtype, np.number) else a for a in case.arguments)
        chosen = [{**case.attributes, "dtype": dtype} for dtype in ITEM_BYTES]
        cases = [replace(case, arguments=small, attributes=each) for each in chosen]
    for each in cases:
        yield each
        for dtype in ITEM_BYTES:
            for kind in {a.dtype.name for a in each.arguments} & {"float64", "int32"}:
                with np.errstate(invalid="ignore"):  # infinities become some whole number
                    arrays = [a.astype(dtype) if a.dtype.name == kind else a for a in each.arguments]
                if dtype != "float64":
                    arrays = [a.astype("f4") if a.dtype == np.float64 else a for a in arrays]
                yield replace(each, arguments=tuple(arrays))


def programs(case: Case) -> Iterator[tuple[Program, dict[str, np.ndarray]]]:
    """A program for each variant that the language has, and its inputs."""
    for variant in variants(case):
        trace = Trace()
        tensors = [trace.input(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(variant.arguments)]
        try:
            program = trace.program({"y": variant.record(trace, tensors)})
        except DTypeError:
            continue
        yield program, {t.value.name: a for t, a in zip(tensors, variant.arguments, strict=True)}


def lacking(program: Program, inputs: dict[str, np.ndarray]) -> str:
    """What the core lacks, as the warning says.

    '' where it runs the program, to NumPy's numbers.
    """
    warn_of_numpy.cache_clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        compiled = compile_native(program)
    if isinstance(compiled, NumpyProgram):
        (warning,) = told
        assert isinstance(warning.message, ChainruleWarning)
        assert warning.message.remedy
        what, _, rest = str(warning.message).partition(", so this program runs in NumPy")
        assert rest
        return what.removeprefix("the compiled core has no ")
    assert not told
    found, expected = (each.run({}, inputs)["y"] for each in (compiled, compile_numpy(program)))
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if expected.dtype == np.float64:
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    elif expected.dtype == np.float32:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
    else:
        np.testing.assert_array_equal(found, expected)
    return ""


def test_the_core_runs_an_operation_in_a_dtype_or_a_warning_says_what_it_lacks():
    found = {lacking(*each) for cases in CASES.values() for case in cases for each in programs(case)}
    assert found - {""} == LACKING


def test_a_reason_is_warned_of_once(recwarn: pytest.WarningsRecorder):
    warnings.simplefilter("always")
    warn_of_numpy.cache_clear()
    for name in ("x", "another"):
        trace = Trace()
        x = trace.input(name, (2,), "int64")
        compile_native(trace.program({"y": trace.record("equal", x, x)}))
    (warning,) = recwarn
    assert str(warning.message) == (
        "the compiled core has no equal of int64, so this program runs in NumPy, several times slower; "
        "cast to int32 before, or choose the executor numpy"
    )
    assert warning.filename == __file__
