"""The transforms one by one, on numbers worked by hand, and their settings."""

from typing import Any, cast

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.optimizers import (
    AddWeightDecay,
    ClipByGlobalNorm,
    ClipByValue,
    Momentum,
    ScaleByAdagrad,
    ScaleByAdam,
    ScaleByLearningRate,
    ScaleByRms,
    adagrad,
    adam,
    adamw,
    momentum,
    nesterov,
    rmsprop,
)
from chainrule.program import Trace


def updates_of(transform, gradients, parameters=None, calls=1):
    """What the transform makes of the same gradients, again and again: the last updates and state."""
    parameters = gradients if parameters is None else parameters
    trace = Trace()
    state = transform.init(parameters)
    given = {n: trace.input(f"gradient.{n}", a.shape, a.dtype.name) for n, a in gradients.items()}
    held = {n: trace.parameter(n, a.shape, a.dtype.name) for n, a in parameters.items()}
    kept = {n: trace.state(f"state.{n}", a.shape, a.dtype.name) for n, a in state.items()}
    updates, fresh = transform.update(given, kept, held)
    assert set(fresh) == set(state)
    compiled = compile_numpy(trace.program(updates, {kept[n]: fresh[n] for n in kept}))
    tree = {**parameters, **{f"state.{n}": a for n, a in state.items()}}
    results = {}
    for _ in range(calls):
        results = compiled.run(tree, {f"gradient.{n}": a for n, a in gradients.items()})
    return results, state


def one(*numbers, dtype="float64"):
    return {"weight": np.array(numbers, dtype)}


def test_momentum_by_hand():
    # v: 1, 1.5, 1.75; looked ahead: 1 + 0.5 v.
    assert updates_of(Momentum(0.5), one(1.0), calls=3)[0]["weight"] == 1.75
    assert updates_of(Momentum(0.5, nesterov=True), one(1.0), calls=3)[0]["weight"] == 1.875
    assert updates_of(Momentum(0.0), one(1.0), calls=3)[0]["weight"] == 1.0


def test_adagrad_starts_at_the_initial_sum():
    assert updates_of(ScaleByAdagrad(initial=7.0, epsilon=1.0), one(3.0))[0]["weight"] == 3 / 5
    assert updates_of(ScaleByAdagrad(initial=7.0, epsilon=1.0), one(3.0), calls=2)[0]["weight"] == 3 / 6


def test_rms_by_hand():
    # s = ½ · 16 = 8, then 12: 4 / (√12 + 1).
    update = updates_of(ScaleByRms(rho=0.5, epsilon=1.0), one(4.0), calls=2)[0]["weight"]
    assert update == pytest.approx(4 / (np.sqrt(12) + 1), rel=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("calls", [1, 2, 1000])
def test_adam_of_a_constant_gradient_is_its_sign(calls, dtype):
    """m̂ = g and v̂ = g² exactly, so a correction that lost digits would show."""
    update = updates_of(ScaleByAdam(epsilon=1e-12), one(3.0, -0.25, dtype=dtype), calls=calls)[0]["weight"]
    np.testing.assert_allclose(update, [1, -1], rtol=2e-5 if dtype == "float32" else 1e-11)


def test_the_first_correction_keeps_its_digits_in_float32():
    # 1 - 0.9999 in float32 is wrong by 3 in 10⁴; v̂ is g² to rounding all the same.
    update = updates_of(ScaleByAdam(beta2=0.9999, epsilon=1e-12), one(1.0, dtype="float32"))[0]["weight"]
    np.testing.assert_allclose(update, 1, rtol=5e-7)


def test_adam_without_memory_is_the_sign():
    update = updates_of(ScaleByAdam(0, 0, epsilon=1e-12), one(3.0, -0.25), calls=3)[0]["weight"]
    np.testing.assert_allclose(update, [1, -1], rtol=1e-11)


def test_decay_only_where_the_name_fits():
    gradients = {"a.weight": np.zeros(2), "a.bias": np.zeros(2)}
    parameters = {"a.weight": np.array([1.0, -2.0]), "a.bias": np.array([3.0, 4.0])}
    updates, _ = updates_of(AddWeightDecay(0.1), gradients, parameters)
    assert updates["a.weight"] == pytest.approx([0.1, -0.2])
    assert updates["a.bias"].tolist() == [0, 0]
    updates, _ = updates_of(AddWeightDecay(0.1, on="*"), gradients, parameters)
    assert updates["a.bias"] == pytest.approx([0.3, 0.4])


def test_clip_by_value():
    assert updates_of(ClipByValue(1.5), one(-9.0, -1.0, 0.0, 1.5, 2.0))[0]["weight"].tolist() == [
        -1.5,
        -1,
        0,
        1.5,
        1.5,
    ]


def test_clip_by_global_norm_counts_all_parameters():
    gradients = {"a": np.array([3.0]), "b": np.array([[0.0, 4.0]])}
    updates, _ = updates_of(ClipByGlobalNorm(1.0), gradients)
    assert updates["a"] == pytest.approx([0.6], rel=1e-15)
    assert updates["b"] == pytest.approx(np.array([[0, 0.8]]), rel=1e-15)
    updates, _ = updates_of(ClipByGlobalNorm(5.5), gradients)
    assert updates["a"].tolist() == [3.0]


def test_clip_by_global_norm_of_nothing_and_of_zeros():
    assert updates_of(ClipByGlobalNorm(1.0), one(0.0, 0.0))[0]["weight"].tolist() == [0, 0]
    assert updates_of(ClipByGlobalNorm(1.0), {"weight": np.zeros((0, 2))})[0]["weight"].shape == (0, 2)


def test_clip_by_global_norm_of_gradients_whose_squares_overflow():
    huge = one(3e30, -4e30, dtype="float32")
    np.testing.assert_allclose(updates_of(ClipByGlobalNorm(1.0), huge)[0]["weight"], [0.6, -0.8], rtol=1e-6)
    tiny = one(3e-30, 4e-30, dtype="float32")
    np.testing.assert_allclose(
        updates_of(ClipByGlobalNorm(1e-30), tiny)[0]["weight"], [6e-31, 8e-31], rtol=1e-6
    )


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_clip_by_global_norm_does_not_hide_what_is_not_finite(bad):
    updates, _ = updates_of(ClipByGlobalNorm(1.0), {"a": np.array([bad, 1.0]), "b": np.ones(2)})
    assert np.isnan(updates["a"]).all()
    assert np.isnan(updates["b"]).all()


def test_descend():
    updates, state = updates_of(ScaleByLearningRate(0.5), one(2.0, -4.0), calls=3)
    assert updates["weight"].tolist() == [-1, 2]
    assert int(state["step"]) == 3
    assert float(state["learning_rate"]) == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ScaleByLearningRate(0), "ScaleByLearningRate: learning_rate is 0; it must be above 0"),
        (
            lambda: ScaleByLearningRate(cast(Any, "x")),
            "ScaleByLearningRate: learning_rate is 'x'; it must be a finite number above 0",
        ),
        (lambda: AddWeightDecay(-1), "AddWeightDecay: weight_decay is -1; it must be at least 0"),
        (lambda: AddWeightDecay(1, ""), "AddWeightDecay: on is ''; it must be a text that is not empty"),
        (lambda: ClipByValue(0), "ClipByValue: limit is 0; it must be above 0"),
        (lambda: ClipByGlobalNorm(-1), "ClipByGlobalNorm: limit is -1; it must be above 0"),
        (lambda: momentum(0.1, 1), "Momentum: momentum is 1; it must be at least 0 and below 1"),
        (lambda: nesterov(0.1, -1), "Momentum: momentum is -1; it must be at least 0 and below 1"),
        (lambda: adagrad(0.1, -1), "ScaleByAdagrad: initial is -1; it must be at least 0"),
        (lambda: adagrad(0.1, 0, 0), "ScaleByAdagrad: epsilon is 0; it must be above 0"),
        (lambda: rmsprop(0.1, 1), "ScaleByRms: rho is 1; it must be at least 0 and below 1"),
        (lambda: rmsprop(0.1, 0.9, 0), "ScaleByRms: epsilon is 0; it must be above 0"),
        (lambda: adam(0.1, 1), "ScaleByAdam: beta1 is 1; it must be at least 0 and below 1"),
        (lambda: adam(0.1, 0.9, 1), "ScaleByAdam: beta2 is 1; it must be at least 0 and below 1"),
        (lambda: adam(0.1, 0.9, 0.999, 0), "ScaleByAdam: epsilon is 0; it must be above 0"),
        (lambda: adamw(0.1, -0.1), "AddWeightDecay: weight_decay is -0.1; it must be at least 0"),
        (lambda: adamw(0.1, on=cast(Any, 3)), "AddWeightDecay: on is 3; it must be a text that is not empty"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message
