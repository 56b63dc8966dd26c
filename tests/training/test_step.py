"""One training step against backpropagation written out in NumPy, and what the step is assembled from."""

from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from tests.training.helpers import changed, classification, line, points, regression

from chainrule.data import Arrays, as_arrays
from chainrule.errors import ConfigError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import (
    L1,
    L2,
    Activity,
    Dense,
    Dropout,
    MixUp,
    Sequential,
    SharpnessAware,
    SoftmaxCrossEntropy,
    adam,
    chain,
    constant,
    momentum,
    sgd,
)
from chainrule.program import Trace
from chainrule.program import functions as f
from chainrule.training import (
    Batch,
    Probe,
    Recipe,
    Supervised,
    initial_tree,
    prediction_program,
    training_step,
)
from chainrule.training.probes import USUAL

RATE, DECAY = 0.3, 0.02


def two_layers(mixing: Any = None, **settings) -> Recipe:
    model = Sequential([Dense(5, "tanh", bias=constant(0.1)), Dense(3)])
    return Recipe(
        Supervised(model, SoftmaxCrossEntropy(), mixing), optimizer=sgd(RATE), dtype="float64", **settings
    )


def step_once(recipe: Recipe, arrays: Arrays, *, watch: tuple[Probe, ...] = ()):
    """(tree before, tree after, outputs) of one step on all rows."""
    step = training_step(recipe, Batch.of(arrays, len(arrays)), watch=watch)
    before = initial_tree(recipe, step)
    after = {name: array.copy() for name, array in before.items()}
    return before, after, compile_numpy(step.program).run(after, arrays.named)


def backpropagation(tree, x, classes, weight, decay):
    """The textbook's equations for two layers: loss, gradients, activations and deltas."""
    w1, b1, w2, b2 = (tree[f"dense_{i}.{name}"] for i in (1, 2) for name in ("weight", "bias"))
    share = weight / weight.sum()
    h = np.tanh(x @ w1 + b1)
    z = h @ w2 + b2
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    loss = -(share * np.log(p[np.arange(len(x)), classes])).sum()
    delta_z = share[:, None] * (p - np.eye(3)[classes])
    delta_h = delta_z @ w2.T
    delta_1 = delta_h * (1 - h**2)
    gradients = {
        "dense_1.weight": x.T @ delta_1 + decay * w1,
        "dense_1.bias": delta_1.sum(0),
        "dense_2.weight": h.T @ delta_z + decay * w2,
        "dense_2.bias": delta_z.sum(0),
    }
    return loss, gradients, {"dense_1": h, "dense_2": z}, {"dense_1": delta_h, "dense_2": delta_z}


@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_step_is_textbook_backpropagation(decay, weighted):
    x, classes = points(12)
    weight = np.random.default_rng(4).uniform(0, 2, size=12) if weighted else None
    recipe = two_layers(penalties=(L2(decay),) if decay else ())
    arrays = as_arrays((x, classes, weight), "float64")
    before, after, outputs = step_once(recipe, arrays, watch=USUAL)
    counted = np.ones(12) if weight is None else weight
    loss, gradients, activations, deltas = backpropagation(before, x, classes, counted, decay)

    assert outputs["loss"] == pytest.approx(loss, rel=1e-12)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(after[name], before[name] - RATE * gradient, rtol=1e-12, atol=1e-14)

    def size(array: np.ndarray) -> float:
        return float(np.sqrt((array**2).mean()))

    expected = {f"activation {path}": size(array) for path, array in activations.items()}
    expected |= {f"delta {path}": size(array) for path, array in deltas.items()}
    expected |= {f"gradient {name}": size(array) for name, array in gradients.items()}
    expected |= {f"update {name}": RATE * size(array) for name, array in gradients.items()}
    expected |= {f"value {name}": size(after[name]) for name in gradients}
    assert set(outputs) == {"loss", *expected}
    for name, value in expected.items():
        assert outputs[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize(
    ("penalty", "slope"), [(L2(0.7), lambda w: 0.7 * w), (L1(0.7), lambda w: 0.7 * np.sign(w))]
)
def test_penalties_add_their_slope_to_the_gradient_and_nothing_to_the_loss(penalty, slope):
    arrays = as_arrays(line(8), "float64")
    before, plain, outputs = step_once(regression(sgd(1.0)), arrays)
    _, penalized, penalized_outputs = step_once(regression(sgd(1.0), penalties=(penalty,)), arrays)
    assert outputs["loss"] == penalized_outputs["loss"]
    weight = before["dense_1.weight"]
    np.testing.assert_allclose(
        plain["dense_1.weight"] - penalized["dense_1.weight"], slope(weight), rtol=1e-9, atol=1e-12
    )
    assert np.array_equal(plain["dense_1.bias"], penalized["dense_1.bias"])


def test_several_penalties_add_up_and_one_that_matches_nothing_is_none():
    arrays = as_arrays(line(8), "float64")
    before, plain, _ = step_once(regression(sgd(1.0)), arrays)
    penalties = (L2(0.3), L2(0.4, on="dense_1.*"), L2(9.0, on="head.*"))
    _, penalized, _ = step_once(regression(sgd(1.0), penalties=penalties), arrays)
    moved = plain["dense_1.weight"] - penalized["dense_1.weight"]
    np.testing.assert_allclose(moved, 0.7 * before["dense_1.weight"], rtol=1e-9)


def test_watching_changes_no_bit_of_what_is_learned():
    recipe, arrays = classification(optimizer=adam()), as_arrays(points(20))
    _, plain, _ = step_once(recipe, arrays)
    _, watched, _ = step_once(recipe, arrays, watch=USUAL)
    assert all(np.array_equal(plain[name], watched[name]) for name in plain)


def test_every_parameter_starts_from_a_generator_of_its_own():
    """Keyed by (seed, CRC-32 of the name), so the weights of a layer do not depend on other layers."""
    recipe = classification(seed=6, model=Sequential([Dense(6), Dense(3)]))
    tree = initial_tree(recipe, training_step(recipe, Batch.of(as_arrays(points()), 8)))
    for name, inputs, units in (("dense_1.weight", 4, 6), ("dense_2.weight", 6, 3)):
        key = np.array([6, crc32(name.encode())], np.uint64)
        random = np.random.Generator(np.random.Philox(key=key))
        he = random.standard_normal((inputs, units), dtype=np.float32) * np.float32(np.sqrt(2 / inputs))
        np.testing.assert_allclose(tree[name], he, rtol=1e-6)
    assert not tree["dense_1.bias"].any()


def test_adding_a_layer_leaves_the_weights_of_the_others():
    batch = Batch.of(as_arrays(points()), 8)
    small = classification(model=Sequential([Dense(4), Dense(3)]))
    large = classification(model=Sequential([Dense(4), Dropout(0.5), Dense(3), Dense(3)]))
    one, other = (initial_tree(r, training_step(r, batch)) for r in (small, large))
    for name in ("dense_1.weight", "dense_2.weight"):
        assert np.array_equal(one[name], other[name])


def test_the_tree_holds_parameters_optimizer_state_and_the_random_key():
    seed = 3 * 2**32 + 5
    recipe = classification(optimizer=momentum(0.1), seed=seed)
    step = training_step(recipe, Batch.of(as_arrays(points()), 8))
    tree = initial_tree(recipe, step)
    assert set(tree) == {value.name for value in (*step.program.parameters, *step.program.state)}
    assert {(tree[v.name].shape, tree[v.name].dtype.name) for v in step.program.state} == {
        (v.shape, v.dtype) for v in step.program.state
    }
    assert "optimizer.momentum.velocity.dense_1.weight" in tree
    assert tree["random.key"].tolist() == [3 ^ 5, 0]


def test_a_step_updates_parameters_optimizer_and_random_key():
    before, after, _ = step_once(classification(optimizer=adam()), as_arrays(points(16)))
    assert {name for name in before if np.array_equal(before[name], after[name])} == set()


def test_dropout_differs_between_steps():
    recipe, arrays = classification(model=Sequential([Dropout(0.5), Dense(3)])), as_arrays(points(16))
    step = training_step(recipe, Batch.of(arrays, 16))
    tree, start = (initial_tree(recipe, step) for _ in range(2))
    compiled = compile_numpy(step.program)
    losses = []
    for _ in range(3):
        losses.append(float(compiled.run(tree, arrays.named)["loss"]))
        tree |= {name: array.copy() for name, array in start.items() if name != "random.key"}
    assert len(set(losses)) == 3
    tree["random.key"][...] = start["random.key"]
    assert float(compiled.run(tree, arrays.named)["loss"]) == losses[0]


def test_a_batch_is_shapes_and_dtypes():
    arrays = as_arrays((np.ones((9, 2, 3)), np.arange(9) % 2, np.ones(9)), "float64")
    assert Batch.of(arrays, 4).inputs == {
        "x": ((4, 2, 3), "float64"),
        "y": ((4,), "int32"),
        "weight": ((4,), "float64"),
    }
    assert set(Batch.of(Arrays.of(arrays.x), 4).inputs) == {"x"}


def test_prediction_is_the_forward_pass_alone():
    recipe, arrays = classification(), as_arrays(points(16))
    program = prediction_program(recipe, Batch.of(arrays, 16), measured=True)
    assert set(program.outputs) == {"prediction", "loss"}
    assert not program.updates
    assert not program.state  # no dropout, no optimizer
    assert {step.part for step in program.steps} == {"forward"}
    without = prediction_program(recipe, Batch.of(Arrays.of(arrays.x), 16))
    assert set(without.outputs) == {"prediction"}


def test_prediction_gives_probabilities_and_raw_the_logits():
    recipe, arrays = classification(dtype="float64"), as_arrays(points(16), "float64")
    tree = initial_tree(recipe, training_step(recipe, Batch.of(arrays, 16)))
    p, z = (
        compile_numpy(prediction_program(recipe, Batch.of(Arrays.of(arrays.x), 16), raw=raw)).run(
            dict(tree), {"x": arrays.x}
        )["prediction"]
        for raw in (False, True)
    )
    hidden = np.tanh(arrays.x @ tree["dense_1.weight"] + tree["dense_1.bias"])
    np.testing.assert_allclose(z, hidden @ tree["dense_2.weight"] + tree["dense_2.bias"], rtol=1e-12)
    np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(1, keepdims=True), rtol=1e-12)


def test_shape_errors_name_the_layer_or_the_loss():
    batch = Batch({"x": ((8,), "float32"), "y": ((8,), "int32")})
    with pytest.raises(ShapeError, match=r"^Dense 'dense_1' got x of shape \(8,\)"):
        training_step(classification(), batch)
    with pytest.raises(ShapeError, match=r"^SoftmaxCrossEntropy got outputs of shape \(8, 3\) and targets"):
        training_step(classification(), Batch({"x": ((8, 4), "float32"), "y": ((8, 2), "int32")}))


def test_steps_belong_to_a_part_and_watching_is_one_of_them_only_where_asked():
    batch = Batch.of(as_arrays(points()), 8)
    for watch, parts in (
        (USUAL, {"forward", "backward", "update", "watch"}),
        ((), {"forward", "backward", "update"}),
    ):
        program = training_step(classification(), batch, watch=watch).program
        assert {step.part for step in program.steps} == parts


@pytest.mark.parametrize("scale", [1e-30, 1e25, 0.0])
def test_sizes_neither_overflow_nor_vanish_in_float32(scale):
    """Squared as they are, sizes of 1e-30 would be 0 and of 1e25 infinite."""
    arrays = as_arrays((np.ones((4, 2)), np.zeros((4, 1))))
    recipe = regression(sgd(1e-9), model=Dense(1, weight=constant(scale)), dtype="float32")
    step = training_step(recipe, Batch.of(arrays, 4), watch=USUAL)
    sizes = compile_numpy(step.program).run(initial_tree(recipe, step), arrays.named)
    assert sizes["activation dense_1"] == pytest.approx(2 * scale, rel=1e-6)
    assert sizes["delta dense_1"] == pytest.approx(2 * 2 * scale / 4, rel=1e-6)
    assert sizes["update dense_1.bias"] == pytest.approx(1e-9 * sizes["gradient dense_1.bias"], rel=1e-6)


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_sharpness_aware_steps_take_the_gradient_uphill_with_the_same_dropout(rate):
    """As a plain step from the point uphill, with the random numbers of the step from here."""
    arrays = as_arrays(points(12), "float64")
    model = Sequential([Dense(6, "tanh"), Dropout(rate), Dense(3)])
    penalties = (L2(0.3),)
    plain = classification(model=model, optimizer=sgd(1.0), penalties=penalties, dtype="float64")
    sharp = replace(plain, optimizer=chain(SharpnessAware(0.1), sgd(1.0)))
    before, moved, first = step_once(plain, arrays)
    names = [name for name in before if name.startswith("dense")]
    slopes = {name: before[name] - moved[name] for name in names}
    length = np.sqrt(sum((slope**2).sum() for slope in slopes.values()))

    compiled = compile_numpy(training_step(plain, Batch.of(arrays, 12)).program)
    uphill = before | {name: before[name] + 0.1 * slopes[name] / length for name in names}
    after = {name: array.copy() for name, array in uphill.items()}
    compiled.run(after, arrays.named)
    _, ours, outputs = step_once(sharp, arrays)
    assert outputs["loss"] == first["loss"]
    for name in names:
        expected = before[name] - (uphill[name] - after[name])
        np.testing.assert_allclose(ours[name], expected, rtol=1e-10, atol=1e-12)


def test_an_activity_penalty_adds_the_slope_of_the_outputs():
    arrays = as_arrays(line(8), "float64")
    before, plain, _ = step_once(regression(sgd(1.0)), arrays)
    _, penalized, _ = step_once(regression(sgd(1.0), penalties=(Activity(0.7, power=2),)), arrays)
    outputs = arrays.x @ before["dense_1.weight"] + before["dense_1.bias"]
    slope = 0.7 * arrays.x.T @ outputs / 8
    moved = plain["dense_1.weight"] - penalized["dense_1.weight"]
    np.testing.assert_allclose(moved, slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sharp", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_mixed_step_is_a_plain_step_on_mixed_examples_with_mixed_targets(weighted, sharp):
    x, classes = points(12)
    weight = np.full(12, 2.0) if weighted else None
    arrays = as_arrays((x, classes, weight), "float64")
    links = (SharpnessAware(0.1), sgd(RATE)) if sharp else (sgd(RATE),)
    recipe = replace(two_layers(mixing=MixUp(1.0)), optimizer=chain(*links))
    before, after, outputs = step_once(recipe, arrays)
    # The draws of the step, made once more.
    trace = Trace()
    key, given = trace.input("key", (2,), "uint32"), trace.input("x", (12, 4), "float64")
    streams = iter(range(9))
    drawn = MixUp(1.0)(given, lambda shape: f.random_bits(key, shape, next(streams)))
    compiled = compile_numpy(trace.program(dict(zip(("x", "partners", "share"), drawn, strict=True))))
    mixed = compiled.run({}, {"key": before["random.key"], "x": arrays.x})
    likely = np.eye(3)[classes]
    targets = mixed["share"] * likely + (1 - mixed["share"]) * likely[mixed["partners"]]
    plain = changed(recipe, mixing=None)
    _, expected, plain_outputs = step_once(plain, as_arrays((mixed["x"], targets), "float64"))
    assert outputs["loss"] == pytest.approx(plain_outputs["loss"], rel=1e-12)
    for name in expected:
        np.testing.assert_allclose(after[name], expected[name], rtol=1e-10, atol=1e-13)
    assert after["random.key"].tolist() == [0, 1]


def test_prediction_mixes_nothing():
    recipe = two_layers(mixing=MixUp())
    batch = Batch.of(as_arrays(points(12), "float64"), 12)
    assert not prediction_program(recipe, batch).state


def test_a_mixing_of_the_wrong_kind_is_refused():
    with pytest.raises(ConfigError, match="mixing is 'mixup'; give a mixing, such as MixUp"):
        two_layers(mixing="mixup")
