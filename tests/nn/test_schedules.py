"""Schedules against hand formulas, step by step."""

import math
from typing import Any, cast

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.piecewise_schedules import JoinedSchedules, LinearRamp, MultiStepDecay
from chainrule.nn.schedules import (
    Constant,
    CosineDecay,
    Cyclical,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    PolynomialDecay,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    as_schedule,
)
from chainrule.program import Trace


def rates(schedule, steps, dtype="float64", state=None):
    """The rates at these steps."""
    state = schedule.init(dtype) if state is None else state
    trace = Trace()
    step = trace.input("step", (), dtype)
    tensors = {name: trace.state(name, array.shape, array.dtype.name) for name, array in state.items()}
    rate = schedule(step, tensors)
    assert (rate.shape, rate.dtype) == ((), dtype)
    compiled = compile_numpy(trace.program({"rate": rate}))
    return np.array([compiled.run(dict(state), {"step": np.array(n, dtype)})["rate"] for n in steps])


def restarted_cosine(peak, steps, warmup, multiplier, floor, count):
    """The paper's algorithm, counting steps: T_cur grows by 1, and at T_i it starts again with T_i m."""
    listed = [peak * (n + 1) / (warmup + 1) for n in range(warmup)]
    now, length = 0.0, float(steps)
    while len(listed) < count:
        listed.append(floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * now / length)))
        now += 1
        if now >= length:
            now, length = now - length, length * multiplier
    return listed[:count]


def test_constant():
    assert rates(Constant(0.3), [0, 1, 1000]).tolist() == [0.3, 0.3, 0.3]


def test_step_decay():
    expected = [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]
    np.testing.assert_allclose(rates(StepDecay(0.8, every=3, factor=0.5), range(7)), expected, rtol=1e-15)


def test_inverse_time_decay():
    expected = [0.8 / (1 + 0.5 * n / 10) for n in (0, 1, 10, 20, 1000)]
    np.testing.assert_allclose(
        rates(InverseTimeDecay(0.8, 10, 0.5), [0, 1, 10, 20, 1000]), expected, rtol=1e-14
    )
    assert rates(InverseTimeDecay(1.0, 4), [0, 4, 8, 12]).tolist() == [1, 1 / 2, 1 / 3, 1 / 4]


def test_step_decay_drops_on_time_in_float32():
    schedule = StepDecay(1.0, every=7, factor=0.5)
    drops = np.arange(7, 7 * 20, 7)
    np.testing.assert_allclose(rates(schedule, drops, "float32"), 0.5 ** (drops / 7), rtol=1e-6)
    np.testing.assert_allclose(rates(schedule, drops - 1, "float32"), 0.5 ** (drops / 7 - 1), rtol=1e-6)


def test_exponential_decay():
    expected = [0.8 * math.exp(math.log(0.25) * n / 10) for n in range(31)]
    np.testing.assert_allclose(
        rates(ExponentialDecay(0.8, every=10, factor=0.25), range(31)), expected, rtol=1e-14
    )


def test_cosine_decay_goes_to_the_floor_and_stays():
    schedule = CosineDecay(0.5, steps=10, floor=0.1)
    expected = [0.1 + 0.2 * (1 + math.cos(math.pi * min(n, 10) / 10)) for n in range(15)]
    np.testing.assert_allclose(rates(schedule, range(15)), expected, rtol=1e-14)
    assert rates(schedule, [0, 5, 10, 100]) == pytest.approx([0.5, 0.3, 0.1, 0.1])


def test_cosine_decay_warms_up_to_the_peak():
    climbing = rates(CosineDecay(1.0, steps=10, warmup_steps=4), range(16))
    assert climbing[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0], rel=1e-14)
    assert (np.diff(climbing[4:15]) < 0).all()
    assert climbing[14:] == pytest.approx([0, 0], abs=1e-16)


@pytest.mark.parametrize("multiplier", [1, 1.5, 2, 3])
@pytest.mark.parametrize("warmup", [0, 3])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_cosine_restarts_follow_the_paper(multiplier, warmup, dtype, tolerance):
    schedule = CosineDecay(0.4, 8, warmup, multiplier, 0.01)
    expected = restarted_cosine(0.4, 8, warmup, multiplier, 0.01, 200)
    np.testing.assert_allclose(rates(schedule, range(200), dtype), expected, rtol=tolerance, atol=tolerance)


def test_long_runs_restart_on_the_very_step_in_float32():
    schedule = CosineDecay(1.0, 10, restarts=2)
    beginnings = [10 * (2**i - 1) for i in range(1, 19)]
    np.testing.assert_allclose(rates(schedule, beginnings, "float32"), 1, rtol=1e-6)
    assert (rates(schedule, [n - 1 for n in beginnings], "float32") < 0.03).all()
    for steps in (3, 10, 1000):
        regular = CosineDecay(1.0, steps, restarts=1)
        np.testing.assert_allclose(
            rates(regular, [steps * n for n in range(1, 500)], "float32"), 1, rtol=1e-6
        )


def test_reduce_on_plateau_waits_and_reduces():
    schedule = ReduceOnPlateau(1.0, factor=0.5, patience=2, threshold=0.1, minimum=0.2)
    state, seen = schedule.init("float64"), []
    #         best 10  needs < 9: no, no  yes  needs < 8.01: no, no  no, no      best again
    for loss in (10.0, 9.5, 9.0, 8.9, 8.5, float("nan"), 8.1, 8.2, 1.0, 0.99, 0.98, 0.97, 0.96):
        state = schedule.observe(state, loss)
        seen.append(float(rates(schedule, [0], state=state)[0]))
    assert seen == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
    assert float(state["best"]) == 1.0


def test_reduce_on_plateau_with_negative_losses():
    schedule = ReduceOnPlateau(1.0, patience=1, threshold=0.1)
    state = schedule.observe(schedule.init("float64"), -10.0)
    assert float(schedule.observe(state, -11.5)["best"]) == -11.5
    assert float(schedule.observe(state, -10.5)["best"]) == -10.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_reduce_on_plateau_keeps_names_and_dtypes_and_is_pure(dtype):
    schedule = ReduceOnPlateau(0.1)
    first = schedule.init(dtype)
    before = {name: array.copy() for name, array in first.items()}
    fresh = schedule.observe(first, 0.7)
    assert {name: array.dtype.name for name, array in fresh.items()} == {
        "factor": dtype,
        "best": dtype,
        "waited": "int32",
    }
    assert all(array.shape == () for array in fresh.values())
    assert first == before


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-6)])
@pytest.mark.parametrize("power", [0.5, 1.0, 0.9, 2.0])
def test_polynomial_decay_reaches_the_floor_and_stays(power, dtype, tolerance):
    expected = [0.1 + 0.7 * (1 - min(n, 10) / 10) ** power for n in range(15)]
    schedule = PolynomialDecay(0.8, 10, power, 0.1)
    np.testing.assert_allclose(rates(schedule, range(15), dtype), expected, rtol=tolerance, atol=tolerance)


def one_cycle(peak, steps, rise, start, end, n):
    """The two phases of the half cosine, each from its own first to its own last step."""
    top, last = max(rise * steps - 1, 0), steps - 1
    if n < top:
        first, final, done = peak / start, peak, n / top
    else:
        first, final, done = peak, peak / start / end, min((n - top) / (last - top), 1)
    return final + (first - final) / 2 * (1 + math.cos(math.pi * done))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-6)])
@pytest.mark.parametrize(("steps", "rise"), [(20, 0.3), (7, 0.5), (100, 0.01), (50, 0.9)])
def test_one_cycle_climbs_to_the_peak_and_falls_to_the_end(steps, rise, dtype, tolerance):
    got = rates(OneCycle(0.4, steps, rise, 10, 100), range(steps + 3), dtype)
    expected = [one_cycle(0.4, steps, rise, 10, 100, n) for n in range(steps + 3)]
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
    assert got[steps - 1 :] == pytest.approx([0.4 / 1000] * 4, rel=1e-4)
    assert abs(got.argmax() - max(rise * steps - 1, 0)) <= 0.5


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shrink", [1.0, 0.5, 0.9])
def test_cyclical_rates_are_those_of_the_paper(shrink, dtype):
    expected = []
    for n in range(60):
        cycle = math.floor(1 + n / 14)
        x = abs(n / 7 - 2 * cycle + 1)
        expected.append(0.1 + 0.4 * max(0, 1 - x) * shrink ** (cycle - 1))
    got = rates(Cyclical(0.1, 0.5, 7, shrink), range(60), dtype)
    np.testing.assert_allclose(got, expected, rtol=1e-13 if dtype == "float64" else 1e-5)


def test_other_schedules_observe_nothing():
    climbing = (OneCycle(0.1, 5), Cyclical(0.0, 0.1, 5), PolynomialDecay(0.1, 5))
    falling = (StepDecay(0.1, 5), ExponentialDecay(0.1, 5), CosineDecay(0.1, 5))
    for schedule in (Constant(0.1), *climbing, *falling):
        assert schedule.init("float32") == {}
        assert schedule.observe({}, 1.0) == {}


def test_as_schedule():
    assert as_schedule(0.1) == Constant(0.1)
    schedule = StepDecay(0.1, 5)
    assert as_schedule(schedule) is schedule
    assert isinstance(as_schedule(1), Schedule)
    with pytest.raises(ConfigError, match=r"^Constant: learning_rate is 0; it must be above 0$"):
        as_schedule(0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Constant(cast(Any, "fast")),
            "Constant: learning_rate is 'fast'; it must be a finite number above 0",
        ),
        (lambda: Constant(True), "Constant: learning_rate is True; it must be a finite number above 0"),
        (lambda: StepDecay(0, 5), "StepDecay: initial is 0; it must be above 0"),
        (lambda: StepDecay(1, 0), "StepDecay: every is 0; it must be a whole number, at least 1"),
        (lambda: StepDecay(1, 5, 1.5), "StepDecay: factor is 1.5; it must be above 0 and at most 1"),
        (lambda: ExponentialDecay(-1, 5), "ExponentialDecay: initial is -1; it must be above 0"),
        (
            lambda: ExponentialDecay(1, cast(Any, 2.5)),
            "ExponentialDecay: every is 2.5; it must be a whole number, at least 1",
        ),
        (
            lambda: ExponentialDecay(1, 5, 0),
            "ExponentialDecay: factor is 0; it must be above 0 and at most 1",
        ),
        (lambda: CosineDecay(0, 5), "CosineDecay: peak is 0; it must be above 0"),
        (lambda: CosineDecay(1, 0), "CosineDecay: steps is 0; it must be a whole number, at least 1"),
        (
            lambda: CosineDecay(1, 5, -1),
            "CosineDecay: warmup_steps is -1; it must be a whole number, at least 0",
        ),
        (lambda: CosineDecay(1, 5, 0, 0.5), "CosineDecay: restarts is 0.5; it must be at least 1"),
        (lambda: CosineDecay(1, 5, floor=2), "CosineDecay: floor is 2; it must be at least 0 and at most 1"),
        (lambda: InverseTimeDecay(0, 5), "InverseTimeDecay: initial is 0; it must be above 0"),
        (
            lambda: InverseTimeDecay(1, 0),
            "InverseTimeDecay: every is 0; it must be a whole number, at least 1",
        ),
        (lambda: InverseTimeDecay(1, 5, 0), "InverseTimeDecay: factor is 0; it must be above 0"),
        (lambda: PolynomialDecay(0, 5), "PolynomialDecay: initial is 0; it must be above 0"),
        (lambda: PolynomialDecay(1, 0), "PolynomialDecay: steps is 0; it must be a whole number, at least 1"),
        (lambda: PolynomialDecay(1, 5, 0), "PolynomialDecay: power is 0; it must be above 0"),
        (
            lambda: PolynomialDecay(1, 5, floor=2),
            "PolynomialDecay: floor is 2; it must be at least 0 and at most 1",
        ),
        (lambda: OneCycle(0, 5), "OneCycle: peak is 0; it must be above 0"),
        (lambda: OneCycle(1, 1), "OneCycle: steps is 1; it must be a whole number, at least 2"),
        (lambda: OneCycle(1, 5, 1), "OneCycle: rise is 1; it must be above 0 and below 1"),
        (lambda: OneCycle(1, 5, start_factor=0.5), "OneCycle: start_factor is 0.5; it must be at least 1"),
        (lambda: OneCycle(1, 5, end_factor=0), "OneCycle: end_factor is 0; it must be at least 1"),
        (lambda: Cyclical(-1, 1, 5), "Cyclical: floor is -1; it must be at least 0"),
        (lambda: Cyclical(1, 1, 5), "Cyclical: peak is 1; it must be above 1"),
        (lambda: Cyclical(0, 1, 0), "Cyclical: steps is 0; it must be a whole number, at least 1"),
        (lambda: Cyclical(0, 1, 5, 2), "Cyclical: shrink is 2; it must be above 0 and at most 1"),
        (lambda: ReduceOnPlateau(0), "ReduceOnPlateau: initial is 0; it must be above 0"),
        (lambda: ReduceOnPlateau(1, 1), "ReduceOnPlateau: factor is 1; it must be above 0 and below 1"),
        (
            lambda: ReduceOnPlateau(1, patience=0),
            "ReduceOnPlateau: patience is 0; it must be a whole number, at least 1",
        ),
        (lambda: ReduceOnPlateau(1, threshold=-1), "ReduceOnPlateau: threshold is -1; it must be at least 0"),
        (
            lambda: ReduceOnPlateau(1, minimum=2),
            "ReduceOnPlateau: minimum is 2; it must be at least 0 and at most 1",
        ),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message


def test_multi_step_decay_drops_at_its_milestones():
    found = rates(MultiStepDecay(0.8, (2, 3, 6), 0.5), range(8))
    np.testing.assert_allclose(found, [0.8, 0.8, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1], rtol=1e-15)


def test_a_linear_ramp_ends_at_its_end():
    found = rates(LinearRamp(0.1, 0.5, 4), [0, 1, 2, 4, 9])
    np.testing.assert_allclose(found, [0.1, 0.2, 0.3, 0.5, 0.5], rtol=1e-15)
    assert rates(LinearRamp(0.5, 0.0, 4), [3, 4, 5]).tolist() == [0.125, 0.0, 0.0]


def test_joined_schedules_count_their_own_steps():
    joined = JoinedSchedules((LinearRamp(0.0, 0.4, 4), 0.4, InverseTimeDecay(0.4, 1)), (4, 6))
    found = rates(joined, range(9))
    np.testing.assert_allclose(found, [0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.2, 0.4 / 3], rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiStepDecay(0.1, (3, 3)), "MultiStepDecay: milestones is 3; it must be a whole number"),
        (lambda: LinearRamp(0.0, 0.0, 3), "LinearRamp: start and end are 0; one of them must be above 0"),
        (lambda: JoinedSchedules((0.1, 0.2), ()), "JoinedSchedules: 2 schedules have 0 boundaries; give one"),
        (
            lambda: JoinedSchedules((0.1, ReduceOnPlateau(0.1)), (5,)),
            "JoinedSchedules: ReduceOnPlateau looks at the validation loss of every epoch; use it by itself",
        ),
        (
            lambda: JoinedSchedules(("a",), ()),  # type: ignore[arg-type]
            "Constant: learning_rate is 'a'",
        ),
    ],
)
def test_pieces_that_do_not_fit(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(message)
