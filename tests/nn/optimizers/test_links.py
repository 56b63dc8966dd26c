"""Links of a chain one by one: numbers worked by hand, what they leave alone, and what they refuse."""

from typing import Any, cast

import numpy as np
import pytest
from tests.nn.optimizers.test_transforms import one, updates_of

from chainrule.errors import ConfigError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import (
    Accumulate,
    AdaptiveClip,
    ExponentialMovingAverage,
    Lookahead,
    MaxNorm,
    Orthogonalize,
    Partition,
    ReduceOnPlateau,
    Scale,
    SharpnessAware,
    StochasticWeightAverage,
    adadelta,
    adam,
    amsgrad,
    chain,
    lion,
    muon,
    nadam,
    sgd,
)
from chainrule.program import Trace

RANDOM = np.random.default_rng(4)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (3, 3, 2, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_orthogonalized_matrices_have_singular_values_near_1(shape, dtype):
    g = {"weight": RANDOM.normal(size=shape).astype(dtype)}
    update = updates_of(Orthogonalize(), g)[0]["weight"].reshape(-1, shape[-1])
    assert update.dtype == dtype
    rows, columns = update.shape
    values = np.linalg.svd(update, compute_uv=False) / np.sqrt(max(1, columns / rows))
    assert values.min() > 0.5
    assert values.max() < 1.3
    # The polar factor U Vᵀ of G, whose product with G is positive.
    u, _, v = np.linalg.svd(g["weight"].reshape(rows, columns).astype(np.float64), full_matrices=False)
    assert (update * (u @ v)).sum() / np.linalg.norm(update) / np.linalg.norm(u @ v) > 0.97


def test_orthogonalizing_zeros_gives_zeros_and_a_vector_is_refused():
    assert not updates_of(Orthogonalize(), {"weight": np.zeros((3, 2))})[0]["weight"].any()
    with pytest.raises(
        ShapeError, match=r"^Orthogonalize got 'weight' of shape \(2,\), which is not a matrix; "
    ):
        updates_of(Orthogonalize(), one(1.0, 2.0))


def test_scale_of_0_freezes():
    frozen = chain(Partition((("a.*", Scale(0.0)),)), sgd(0.5))
    updates, _ = updates_of(frozen, {"a.weight": np.ones(2), "b.weight": np.ones(2)})
    assert updates["a.weight"].tolist() == [0, 0]
    assert updates["b.weight"].tolist() == [-0.5, -0.5]


def test_a_group_without_parameters_keeps_no_state():
    grouped = Partition((("none.*", adam(ReduceOnPlateau(0.1))), ("*", sgd(0.5))))
    state = grouped.init(one(1.0))
    assert set(state) == {"[*].scale_by_learning_rate.step", "[*].scale_by_learning_rate.learning_rate"}
    assert set(grouped.observe(state, 1.0)) == set(state)


def test_accumulation_counts_and_starts_again():
    accumulate = Accumulate(sgd(1.0), 2)
    once, state = updates_of(accumulate, one(3.0))
    assert (once["weight"].tolist(), int(state["count"]), state["sum.weight"].tolist()) == ([0], 1, [3])
    twice, state = updates_of(accumulate, one(3.0), calls=2)
    assert (twice["weight"].tolist(), int(state["count"]), state["sum.weight"].tolist()) == ([-3], 0, [0])
    assert int(state["optimizer.scale_by_learning_rate.step"]) == 1


def test_a_plateau_reaches_the_schedule_within_an_accumulation():
    accumulate = Accumulate(sgd(ReduceOnPlateau(0.1, patience=1)), 2)
    state = accumulate.observe(accumulate.init(one(1.0)), 1.0)
    state = accumulate.observe(state, 2.0)
    assert float(state["optimizer.scale_by_learning_rate.schedule.factor"]) == pytest.approx(0.1)


def test_max_norm_looks_at_where_the_step_leads():
    # Columns (3, 4) and (0, 1); the update moves the second to (0, 2).
    weight = np.array([[3.0, 0.0], [4.0, 1.0]])
    step = np.array([[0.0, 0.0], [0.0, 1.0]])
    updates, _ = updates_of(MaxNorm(2.5), {"weight": step}, {"weight": weight})
    np.testing.assert_allclose(weight + updates["weight"], [[1.5, 0], [2, 2]], rtol=1e-15)
    assert updates["weight"][1, 1] == 1
    bias = updates_of(MaxNorm(2.5), {"bias": np.array([9.0])}, {"bias": np.array([1.0])})[0]["bias"]
    assert bias.tolist() == [9]


def test_adaptive_clipping_by_hand():
    # Unit lengths: weights 5 and 0 (so ε), gradients 10 and 0.3.
    parameters = {"weight": np.array([[3.0, 0.0], [4.0, 0.0]])}
    gradients = {"weight": np.array([[6.0, 0.0], [8.0, 0.3]])}
    updates, _ = updates_of(AdaptiveClip(0.2, 0.5), gradients, parameters)
    np.testing.assert_allclose(updates["weight"], [[0.6, 0], [0.8, 0.1]], rtol=1e-15)
    vector = updates_of(AdaptiveClip(0.2, 0.5), one(3.0, 4.0), one(0.0, 1.0))[0]["weight"]
    np.testing.assert_allclose(vector, [0.12, 0.16], rtol=1e-15)
    assert updates_of(AdaptiveClip(on="*bias"), one(9.0), one(0.0))[0]["weight"].tolist() == [9]
    number = {"scale": np.array(7.0)}
    assert updates_of(AdaptiveClip(0.5), number, {"scale": np.array(2.0)})[0]["scale"] == 1


def test_gradients_whose_squares_overflow_are_clipped_all_the_same():
    huge = one(3e30, -4e30, dtype="float32")
    small = one(0.0, 1.0, dtype="float32")
    np.testing.assert_allclose(
        updates_of(AdaptiveClip(0.5), huge, small)[0]["weight"], [0.3, -0.4], rtol=1e-6
    )
    np.testing.assert_allclose(updates_of(MaxNorm(0.5), huge, small)[0]["weight"], [0.3, -1.4], rtol=1e-6)
    matrix = {"weight": np.diag(huge["weight"])}
    u = updates_of(Orthogonalize(), matrix)[0]["weight"]
    np.testing.assert_allclose(np.abs(u.diagonal()), [1, 1], atol=0.35)
    nothing = {"weight": np.zeros((0, 3), np.float32)}
    assert updates_of(AdaptiveClip(), nothing)[0]["weight"].shape == (0, 3)
    assert updates_of(MaxNorm(1.0), nothing)[0]["weight"].shape == (0, 3)


def test_a_gradient_of_zero_has_its_own_point():
    trace = Trace()
    weight, slope = trace.parameter("weight", (2,), "float64"), trace.input("slope", (2,), "float64")
    assert sgd().gradient_point({"weight": slope}, {"weight": weight}) is None
    point = SharpnessAware(0.1).gradient_point({"weight": slope}, {"weight": weight})
    assert point is not None

    compiled = compile_numpy(trace.program(point))
    there = compiled.run({"weight": np.ones(2)}, {"slope": np.zeros(2)})["weight"]
    assert there.tolist() == [1, 1]
    assert SharpnessAware(0.1).gradient_point({}, {}) is None


def test_a_group_may_be_sharpness_aware_by_itself():
    trace = Trace()
    held = {n: trace.parameter(n, (1,), "float64") for n in ("a.weight", "a.bias")}
    slopes = {n: trace.input(f"slope.{n}", (1,), "float64") for n in held}
    grouped = chain(Partition((("*weight", SharpnessAware(0.1)),)), sgd())
    point = grouped.gradient_point(slopes, held)
    assert point is not None
    assert point["a.bias"] is held["a.bias"]
    compiled = compile_numpy(trace.program({"weight": point["a.weight"]}))
    ones = {n: np.ones(1) for n in held}
    there = compiled.run(ones, {f"slope.{n}": np.array([-3.0]) for n in held})["weight"]
    assert there == pytest.approx([0.9])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: adadelta(rho=1), "ScaleByAdadelta: rho is 1; it must be at least 0 and below 1"),
        (lambda: adadelta(epsilon=0), "ScaleByAdadelta: epsilon is 0; it must be above 0"),
        (lambda: nadam(beta1=1), "ScaleByNadam: beta1 is 1; it must be at least 0 and below 1"),
        (lambda: nadam(momentum_decay=-1), "ScaleByNadam: momentum_decay is -1; it must be at least 0"),
        (lambda: amsgrad(beta2=1), "ScaleByAmsgrad: beta2 is 1; it must be at least 0 and below 1"),
        (lambda: lion(beta2=-1), "ScaleByLion: beta2 is -1; it must be at least 0 and below 1"),
        (lambda: muon(momentum=1), "Momentum: momentum is 1; it must be at least 0 and below 1"),
        (lambda: muon(steps=0), "Orthogonalize: steps is 0; it must be a whole number, at least 1"),
        (lambda: muon(adam_share=-1), "Scale: factor is -1; it must be at least 0"),
        (lambda: muon(on=""), "AddWeightDecay: on is ''; it must be a text that is not empty"),
        (lambda: AdaptiveClip(0), "AdaptiveClip: limit is 0; it must be above 0"),
        (lambda: AdaptiveClip(epsilon=0), "AdaptiveClip: epsilon is 0; it must be above 0"),
        (lambda: MaxNorm(0), "MaxNorm: limit is 0; it must be above 0"),
        (lambda: SharpnessAware(0), "SharpnessAware: radius is 0; it must be above 0"),
        (
            lambda: ExponentialMovingAverage(1),
            "ExponentialMovingAverage: decay is 1; it must be at least 0 and",
        ),
        (
            lambda: StochasticWeightAverage(-1),
            "StochasticWeightAverage: start is -1; it must be a whole number",
        ),
        (lambda: StochasticWeightAverage(0, 0), "StochasticWeightAverage: every is 0; it must be a whole"),
        (lambda: Lookahead(0), "Lookahead: every is 0; it must be a whole number, at least 1"),
        (lambda: Lookahead(5, 2), "Lookahead: share is 2; it must be above 0 and at most 1"),
        (lambda: Accumulate(sgd(), 0), "Accumulate: every is 0; it must be a whole number, at least 1"),
        (
            lambda: Accumulate(cast(Any, "sgd"), 2),
            "Accumulate: optimizer is 'sgd'; it must be a transform, such as adam()",
        ),
        (
            lambda: Partition(cast(Any, ("*", Scale(1.0)))),
            "Partition: a group is '*'; it must be a pattern and a transform, such as ('encoder.*', "
            "Scale(0.1))",
        ),
        (
            lambda: Partition((("", Scale(1.0)),)),
            "Partition: a pattern is ''; it must be a text that is not empty",
        ),
        (lambda: Partition((), cast(Any, 3)), "Partition: otherwise is 3; it must be a transform or None"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(message)
