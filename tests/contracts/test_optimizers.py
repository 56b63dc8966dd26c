"""What every optimizer promises: the path of its paper, a state that keeps its form, and pure functions.

The references are written from the papers in plain NumPy and know nothing of the code under test.
"""

import json

import numpy as np
import pytest
from tests.contracts.classic_walks import reference_quickprop, reference_rprop
from tests.contracts.large_walks import (
    reference_adafactor,
    reference_adamax,
    reference_lamb,
    reference_lars,
    reference_prodigy,
    reference_radam,
    reference_schedule_free_adamw,
    reference_schedule_free_sgd,
)
from tests.contracts.valley import NAMES, STEPS, Trained, assert_same_path, each, gradient, start
from tests.contracts.walks import (
    reference_adadelta,
    reference_adagrad,
    reference_adamw,
    reference_amsgrad,
    reference_lion,
    reference_momentum,
    reference_muon,
    reference_nadam,
    reference_nesterov,
    reference_rmsprop,
    reference_sgd,
)

from chainrule.errors import ConfigError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import KINDS
from chainrule.nn.optimizers import PRESETS, ClipByGlobalNorm, ClipByValue, adam, chain, sgd
from chainrule.nn.schedules import CosineDecay, ReduceOnPlateau, StepDecay
from chainrule.nn.tree import from_plain, to_plain
from chainrule.program import Trace
from chainrule.program import functions as f

# Settings given explicitly differ from the defaults, so that a setting that is not passed on is noticed. They
# are tame: where an optimizer overshoots a valley it multiplies rounding errors tenfold a step.
CASES = {
    "sgd": ({"learning_rate": 0.02}, lambda p: reference_sgd(p, rate=0.02)),
    "momentum": (
        {"learning_rate": 0.01, "momentum": 0.8},
        lambda p: reference_momentum(p, rate=0.01, decay=0.8),
    ),
    "nesterov": (
        {"learning_rate": 0.01, "momentum": 0.8},
        lambda p: reference_nesterov(p, rate=0.01, decay=0.8),
    ),
    "adagrad": (
        {"learning_rate": 0.1, "epsilon": 1e-3},
        lambda p: reference_adagrad(p, rate=0.1, epsilon=1e-3),
    ),
    "rmsprop": (
        {"learning_rate": 0.01, "rho": 0.7, "epsilon": 0.1},
        lambda p: reference_rmsprop(p, rate=0.01, decay=0.7, epsilon=0.1),
    ),
    "adam": (
        {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3},
        lambda p: reference_adamw(p, rate=0.05, beta1=0.8, beta2=0.99, epsilon=1e-3),
    ),
    "adamw": (
        {"learning_rate": 0.05, "weight_decay": 0.2, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3},
        lambda p: reference_adamw(p, rate=0.05, beta1=0.8, beta2=0.99, epsilon=1e-3, decay=0.2),
    ),
    "adadelta": (
        {"learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-3},
        lambda p: reference_adadelta(p, rate=0.5, decay=0.8, epsilon=1e-3),
    ),
    "nadam": (
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3, "momentum_decay": 0.1},
        lambda p: reference_nadam(p, rate=0.02, beta1=0.8, beta2=0.99, epsilon=1e-3, momentum_decay=0.1),
    ),
    "amsgrad": (
        {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3},
        lambda p: reference_amsgrad(p, rate=0.05, beta1=0.8, beta2=0.9, epsilon=1e-3),
    ),
    "lion": (
        {"learning_rate": 0.01, "weight_decay": 0.2, "beta1": 0.8, "beta2": 0.9},
        lambda p: reference_lion(p, rate=0.01, decay=0.2, beta1=0.8, beta2=0.9),
    ),
    "rprop": (
        {"learning_rate": 0.02, "grow": 1.3, "shrink": 0.4, "smallest": 0.1, "largest": 4.0},
        lambda p: reference_rprop(p, first=0.02, grow=1.3, shrink=0.4, least=0.002, most=0.08),
    ),
    "quickprop": (
        {"learning_rate": 0.01, "growth": 0.8},
        lambda p: reference_quickprop(p, rate=0.01, growth=0.8),
    ),
    "adamax": (
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3},
        lambda p: reference_adamax(p, rate=0.02, beta1=0.8, beta2=0.99, epsilon=1e-3),
    ),
    "radam": (
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3},
        lambda p: reference_radam(p, rate=0.02, beta1=0.8, beta2=0.99, epsilon=1e-3),
    ),
    "adafactor": (
        {"learning_rate": 0.02, "decay": 0.6, "threshold": 0.9, "epsilon": 1e-12, "least": 0.8},
        lambda p: reference_adafactor(p, rate=0.02, decay=0.6, threshold=0.9, least=0.8),
    ),
    "lars": (
        {"learning_rate": 0.01, "weight_decay": 0.2, "momentum": 0.8, "trust": 0.3},
        lambda p: reference_lars(p, rate=0.01, decay=0.2, momentum=0.8, trust=0.3),
    ),
    "lamb": (
        {"learning_rate": 0.02, "weight_decay": 0.2, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3},
        lambda p: reference_lamb(p, rate=0.02, decay=0.2, beta1=0.8, beta2=0.99, epsilon=1e-3),
    ),
    "schedule_free_sgd": (
        {"learning_rate": 0.02, "momentum": 0.8},
        lambda p: reference_schedule_free_sgd(p, rate=0.02, momentum=0.8),
    ),
    "schedule_free_adamw": (
        {"learning_rate": 0.02, "weight_decay": 0.2, "momentum": 0.8, "beta2": 0.99, "epsilon": 1e-3},
        lambda p: reference_schedule_free_adamw(
            p, rate=0.02, decay=0.2, momentum=0.8, beta2=0.99, epsilon=1e-3
        ),
    ),
    "prodigy": (
        {"learning_rate": 0.5, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3, "distance": 0.01},
        lambda p: reference_prodigy(p, rate=0.5, beta1=0.8, beta2=0.99, epsilon=1e-3, distance=0.01),
    ),
    "muon": (
        {"learning_rate": 0.01, "weight_decay": 0.2, "momentum": 0.8, "steps": 4, "adam_share": 0.1},
        lambda p: reference_muon(p, rate=0.01, momentum=0.8, steps=4, decay=0.2, adam_share=0.1),
    ),
}
DEFAULTS = {
    "sgd": lambda p: reference_sgd(p, rate=0.01),
    "momentum": lambda p: reference_momentum(p, rate=0.01, decay=0.9),
    "nesterov": lambda p: reference_nesterov(p, rate=0.01, decay=0.9),
    "adagrad": lambda p: reference_adagrad(p, rate=0.01, epsilon=1e-10),
    "rmsprop": lambda p: reference_rmsprop(p, rate=0.001, decay=0.9, epsilon=1e-8),
    "adam": lambda p: reference_adamw(p, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8),
    "adamw": lambda p: reference_adamw(p, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, decay=0.01),
    "adadelta": lambda p: reference_adadelta(p, rate=1.0, decay=0.9, epsilon=1e-6),
    "nadam": lambda p: reference_nadam(
        p, rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-8, momentum_decay=0.004
    ),
    "amsgrad": lambda p: reference_amsgrad(p, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8),
    "lion": lambda p: reference_lion(p, rate=0.0001, decay=0.0, beta1=0.9, beta2=0.99),
    "rprop": lambda p: reference_rprop(p, first=0.01, grow=1.2, shrink=0.5, least=1e-6, most=50.0),
    "quickprop": lambda p: reference_quickprop(p, rate=0.01, growth=1.75),
    "adamax": lambda p: reference_adamax(p, rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-8),
    "radam": lambda p: reference_radam(p, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8),
    "adafactor": lambda p: reference_adafactor(p, rate=0.01, decay=0.8, threshold=1.0, least=1e-3),
    "lars": lambda p: reference_lars(p, rate=0.01, decay=1e-4, momentum=0.9, trust=0.1),
    "lamb": lambda p: reference_lamb(p, rate=0.001, decay=0.01, beta1=0.9, beta2=0.999, epsilon=1e-6),
    "schedule_free_sgd": lambda p: reference_schedule_free_sgd(p, rate=0.05, momentum=0.9),
    "schedule_free_adamw": lambda p: reference_schedule_free_adamw(
        p, rate=0.0025, decay=0.0, momentum=0.9, beta2=0.999, epsilon=1e-8
    ),
    "prodigy": lambda p: reference_prodigy(p, rate=1.0, beta1=0.9, beta2=0.999, epsilon=1e-8, distance=1e-6),
    "muon": lambda p: reference_muon(p, rate=0.02, momentum=0.95, steps=5, decay=0.0, adam_share=0.015),
}


def test_every_preset_has_a_reference():
    assert set(PRESETS) == set(CASES) == set(DEFAULTS)


def test_the_closed_gradient_is_that_of_the_program():
    trained = Trained(sgd(1.0), start())
    (after,) = trained.steps(1)
    for name, slope in gradient(start()).items():
        np.testing.assert_allclose(start()[name] - after[name], slope, rtol=1e-13)


@pytest.mark.parametrize("name", PRESETS)
def test_path_is_that_of_the_paper(name):
    settings, reference = CASES[name]
    assert_same_path(Trained(PRESETS[name](**settings), start()), reference(start()))


@pytest.mark.parametrize("name", PRESETS)
def test_path_with_the_default_settings(name):
    # Near the minimum the slopes of Quickprop's secants nearly cancel, which multiplies rounding errors.
    relative = 1e-7 if name == "quickprop" else 1e-12
    assert_same_path(Trained(PRESETS[name](), start()), DEFAULTS[name](start()), relative)


def clipped_by_norm(limit):
    def clip(g):
        norm = np.linalg.norm(np.concatenate([g[n].ravel() for n in NAMES]))
        return each(g, lambda n: g[n] * min(1.0, limit / norm))

    return clip


def clipped_by_value(limit):
    return lambda g: each(g, lambda n: np.clip(g[n], -limit, limit))


@pytest.mark.parametrize(
    ("first", "clip"),
    [(ClipByGlobalNorm(0.5), clipped_by_norm(0.5)), (ClipByValue(0.3), clipped_by_value(0.3))],
)
def test_path_with_clipped_gradients(first, clip):
    settings = {"rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    assert_same_path(Trained(chain(first, sgd(0.05)), start()), reference_sgd(start(), rate=0.05, clip=clip))
    assert_same_path(
        Trained(chain(first, adam(0.05)), start()), reference_adamw(start(), **settings, clip=clip)
    )


@pytest.mark.parametrize("name", PRESETS)
def test_state_keeps_names_shapes_and_dtypes(name):
    for dtype in ("float32", "float64"):
        trained = Trained(PRESETS[name](0.01), start(dtype))
        before = {n: (a.shape, a.dtype.name) for n, a in trained.state.items()}
        forms = {((), "int32"), ((), dtype), ((2, 3), dtype), ((2,), dtype)}
        assert set(before.values()) <= forms | ({((3,), dtype)} if name == "adafactor" else set())
        for _ in trained.steps(3):
            pass
        assert {n: (a.shape, a.dtype.name) for n, a in trained.state.items()} == before
        # One step's count and the rate just used are there for the loop to show.
        steps = [a for n, a in trained.state.items() if n.endswith(".step")]
        rates = [a for n, a in trained.state.items() if n.endswith(".learning_rate")]
        assert steps
        assert all(int(a) == 3 for a in steps)
        assert [float(a) for a in rates] == [pytest.approx(0.01)]


@pytest.mark.parametrize("name", PRESETS)
def test_float32_follows_float64(name):
    settings, _ = CASES[name]
    single = list(Trained(PRESETS[name](**settings), start("float32")).steps(STEPS))[-1]
    double = list(Trained(PRESETS[name](**settings), start()).steps(STEPS))[-1]
    for each_name in NAMES:
        assert single[each_name].dtype == np.float32
        np.testing.assert_allclose(single[each_name], double[each_name], rtol=1e-3, atol=1e-4)


RATES = {"adadelta": 10.0, "prodigy": 1.0}
"""Those without a rate to choose."""


@pytest.mark.parametrize("name", PRESETS)
def test_the_loss_falls(name):
    trained = Trained(PRESETS[name](RATES.get(name, 0.01)), start())
    losses = [trained.loss for _ in trained.steps(STEPS)]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", PRESETS)
def test_recording_and_running_twice_gives_the_same_bits(name):
    optimizer = PRESETS[name](0.01)
    first, second = (list(Trained(optimizer, start()).steps(5))[-1] for _ in range(2))
    assert all(first[n].tobytes() == second[n].tobytes() for n in NAMES)
    assert optimizer == PRESETS[name](0.01)
    assert hash(optimizer) == hash(PRESETS[name](0.01))


@pytest.mark.parametrize("name", PRESETS)
def test_a_run_cut_in_two_goes_on_with_the_same_bits(name):
    optimizer = PRESETS[name](StepDecay(0.01, every=3))
    whole = list(Trained(optimizer, start()).steps(8))[-1]
    half = Trained(optimizer, start())
    list(half.steps(4))
    resumed = Trained(optimizer, start())
    for key, array in half.tree.items():
        resumed.tree[key][...] = array
    after = list(resumed.steps(4))[-1]
    assert all(after[n].tobytes() == whole[n].tobytes() for n in NAMES)


@pytest.mark.parametrize("name", PRESETS)
def test_a_zero_gradient_moves_nothing_but_by_decay(name):
    trace = Trace()
    optimizer = PRESETS[name](0.1)
    state = optimizer.init({"layer.bias": np.ones(2)})
    tensors = {n: trace.state(n, a.shape, a.dtype.name) for n, a in state.items()}
    bias = trace.parameter("layer.bias", (2,), "float64")
    updates, _ = optimizer.update({"layer.bias": f.zeros_like(bias)}, tensors, {"layer.bias": bias})
    compiled = compile_numpy(trace.program({"update": updates["layer.bias"]}))
    assert (compiled.run({**state, "layer.bias": np.ones(2)}, {})["update"] == 0).all()


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_without_elements_are_no_trouble(name):
    trace = Trace()
    optimizer = chain(ClipByGlobalNorm(1.0), PRESETS[name](0.1))
    parameters = {"a.weight": np.zeros((0, 3), np.float32), "b.weight": np.ones((2, 2), np.float32)}
    state = optimizer.init(parameters)
    recorded = {n: trace.parameter(n, a.shape, a.dtype.name) for n, a in parameters.items()}
    tensors = {n: trace.state(n, a.shape, a.dtype.name) for n, a in state.items()}
    updates, fresh = optimizer.update(recorded, tensors, recorded)
    compiled = compile_numpy(trace.program(updates, {tensors[n]: fresh[n] for n in tensors}))
    outputs = compiled.run({**parameters, **state}, {})
    assert outputs["a.weight"].shape == (0, 3)
    assert (outputs["b.weight"] < 0).all()


@pytest.mark.parametrize("name", PRESETS)
def test_a_schedule_sets_the_rate_of_every_step(name):
    trained = Trained(PRESETS[name](CosineDecay(0.02, steps=8, warmup_steps=2)), start("float32"))
    seen = []
    for _ in trained.steps(5):
        (rate,) = [a for n, a in trained.state.items() if n.endswith(".learning_rate")]
        seen.append(float(rate))
    expected = [0.02 / 3, 0.04 / 3, *(0.01 * (1 + np.cos(np.pi * t / 8)) for t in range(3))]
    assert seen == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", PRESETS)
def test_it_says_whether_it_observes(name):
    assert PRESETS[name](ReduceOnPlateau(0.02)).observes()
    optimizer = PRESETS[name](CosineDecay(0.02, steps=8))
    assert not optimizer.observes()
    trained = Trained(optimizer, start())
    observed = optimizer.observe(trained.state, 1.0)
    assert all(observed[key] is array for key, array in trained.state.items())


@pytest.mark.parametrize("name", PRESETS)
def test_a_plateau_lowers_the_rate(name):
    optimizer = PRESETS[name](ReduceOnPlateau(0.02, factor=0.5, patience=1))
    trained = Trained(optimizer, start())
    for monitored in (1.0, 2.0, 3.0):
        list(trained.steps(1))
        observed = optimizer.observe(trained.state, monitored)
        assert set(observed) == set(trained.state)
        for key, array in observed.items():
            assert (array.shape, array.dtype) == (trained.state[key].shape, trained.state[key].dtype)
            trained.state[key][...] = array
    list(trained.steps(1))
    (rate,) = [a for n, a in trained.state.items() if n.endswith(".learning_rate")]
    assert float(rate) == 0.005


@pytest.mark.parametrize("name", PRESETS)
def test_as_plain_data_and_back(name):
    for rate in (0.02, CosineDecay(0.02, steps=8, restarts=2)):
        optimizer = PRESETS[name](rate)
        assert from_plain(json.loads(json.dumps(to_plain(optimizer))), KINDS) == optimizer


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), "fast", None, True])
@pytest.mark.parametrize("name", PRESETS)
def test_a_learning_rate_out_of_range_names_the_preset(name, rate):
    wanted = "it must be above 0" if rate in (0, -0.1) else "it must be a finite number above 0"
    with pytest.raises(ConfigError) as caught:
        PRESETS[name](rate)
    assert str(caught.value) == f"{name}: learning_rate is {rate!r}; {wanted}"
