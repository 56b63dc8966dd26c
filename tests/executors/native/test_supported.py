"""What the core lacks is known before a plan is made."""

import numpy as np
import pytest

from chainrule.executors.native import _core
from chainrule.executors.native.supported import NotSupportedError, refuse_unsupported
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f


def test_what_the_core_lacks_is_told_before_a_plan_is_made():
    cases: list[Tensor] = []
    trace = Trace()
    whole = trace.input("whole", (3,), "int32")
    cases.append(whole.sum())
    cases.append(f.argmax(trace.input("wide", (3,), "float64")))
    cases.append(whole.cast("int64"))
    cases.append(f.scatter_add(whole, trace.constant(np.array([0]), "int32"), whole[:1]))
    cases.append(f.one_hot(whole, 3, "int32"))
    long = trace.input("long", (3,), "int64")
    cases += [
        long + 1,
        f.equal(long, 0),
        long.cast("uint32"),
        f.cumsum(long),
        f.where(long.cast("bool"), long, 0),
    ]
    window = trace.input("window", (_core.MOST_TAPS // 8 + 1, 8, 1))
    cases.append(f.convolution(trace.input("signal", (1, _core.MOST_TAPS // 8 + 1, 8)), window))
    for case in cases:
        trace = case.trace
        with pytest.raises(NotSupportedError):
            refuse_unsupported(trace.program({"y": case}))
