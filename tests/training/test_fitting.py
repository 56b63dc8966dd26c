"""chainrule.train: repeatable, honest about data, and clear about what it refuses."""

import signal
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.training.helpers import (
    XOR_X,
    XOR_Y,
    Recorder,
    assert_same_run,
    classification,
    classifier,
    line,
    points,
    regression,
    same_arrays,
    stop_after,
    without_seconds,
)

from chainrule import nn, train
from chainrule.data import Arrays, as_arrays, split
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Tensor
from chainrule.training import (
    EpochDone,
    Event,
    Programs,
    Recipe,
    RunState,
    StepsDone,
    Supervised,
    loop,
    split_validation,
    starting_tree,
    train_recipe,
)

SOFTMAX = nn.SoftmaxCrossEntropy()


def fit(data=None, **settings):
    usual = {"model": classifier(), "loss": SOFTMAX, "epochs": 3, "batch_size": 16}
    return train(data=points() if data is None else data, **(usual | settings))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_seed_gives_the_same_bits_twice(dtype):
    recorders = [Recorder(), Recorder()]
    runs = [
        fit(seed=5, validation=0.2, patience=9, optimizer=nn.adam(0.01), dtype=dtype, listeners=[recorder])
        for recorder in recorders
    ]
    assert_same_run(*runs)
    for one, other in zip(recorders[0].trees, recorders[1].trees, strict=True):
        assert same_arrays(one, other)  # optimizer state and random key too
    assert {array.dtype.name for array in runs[0].parameters.values()} == {dtype}


def test_another_seed_gives_another_run():
    one, other = fit(seed=5), fit(seed=6)
    for name in ("dense_1.weight", "dense_2.weight"):
        assert not np.array_equal(one.parameters[name], other.parameters[name])
    assert one.history[0]["loss"] != other.history[0]["loss"]


def test_xor_is_learned_by_two_layers_and_not_by_one():
    two = nn.Sequential([nn.Dense(8, "tanh"), nn.Dense(1)])
    settings = {"loss": nn.BinaryCrossEntropy(), "optimizer": nn.adam(0.05), "epochs": 300, "batch_size": 4}
    run = train(two, (XOR_X, XOR_Y), **settings)
    assert np.abs(run.predict(XOR_X)[:, 0] - XOR_Y).max() < 0.05
    one = train(nn.Dense(1), (XOR_X, XOR_Y), **settings)
    assert ((one.predict(XOR_X)[:, 0] > 0.5) == XOR_Y).sum() <= 3


def test_a_share_for_validation_is_a_stratified_split_and_trains_as_data_of_its_own():
    x, y = points(60)
    rest, part = split(as_arrays((x, y)), 0.25, seed=4, stratify=True)
    shared = fit((x, y), validation=0.25, seed=4)
    own = fit((rest.x, rest.y), validation=(part.x, part.y), seed=4)
    assert len(part) == 15
    assert_same_run(shared, own)


def test_examples_of_weight_zero_are_left_out():
    """With one full batch: with several, the batches would be others. Validation weighs alike."""
    x, y = line(12)
    weight = np.array([1, 0, 2, 1, 0, 0, 3, 1, 1, 0, 1, 1.0])
    kept = weight > 0
    settings: dict[str, Any] = {
        "model": nn.Dense(1),
        "loss": nn.MeanSquaredError(),
        "dtype": "float64",
        "epochs": 5,
    }
    settings |= {"optimizer": nn.sgd(0.1), "batch_size": 12, "watch": False}
    everything, counted = (x, y, weight), (x[kept], y[kept], weight[kept])
    one = train(data=everything, validation=everything, **settings)
    other = train(data=counted, validation=counted, **settings)
    for name, array in one.parameters.items():
        np.testing.assert_allclose(array, other.parameters[name], rtol=1e-10)
    for record, expected in zip(without_seconds(one.history), without_seconds(other.history), strict=True):
        assert record == pytest.approx(expected, rel=1e-10)


def test_whole_number_weights_count_as_repetitions():
    x, y = line(4)
    weight = np.array([1, 3, 2, 1])
    settings = {"model": nn.Dense(1), "loss": nn.MeanSquaredError(), "dtype": "float64", "batch_size": 99}
    one = train(data=(x, y, weight), epochs=4, optimizer=nn.sgd(0.1), **settings)
    again = (np.repeat(x, weight, 0), np.repeat(y, weight, 0))
    other = train(data=again, epochs=4, optimizer=nn.sgd(0.1), **settings)
    for name, array in one.parameters.items():
        np.testing.assert_allclose(array, other.parameters[name], rtol=1e-10)


def test_a_batch_whose_weights_are_all_zero_moves_nothing():
    x, y = line(3)
    recipe = regression(epochs=1, batch_size=1)
    one = train_recipe(recipe, as_arrays((x, y, [0.0, 1.0, 0.0]), "float64"), None)
    other = train_recipe(recipe, as_arrays((x[1:2], y[1:2]), "float64"), None)
    assert same_arrays(one.parameters, other.parameters)


def test_a_run_goes_on_from_a_state_to_the_bits_of_an_unbroken_one():
    recipe, arrays = classification(epochs=5, optimizer=nn.adam(0.01)), as_arrays(points())
    unbroken = train_recipe(recipe, arrays, None, watch=False)
    programs = Programs(recipe, "native")
    state = RunState(starting_tree(recipe, arrays, programs))
    for epochs in (2, 5):
        part = replace(recipe, epochs=epochs)
        run = train_recipe(part, arrays, None, watch=False, state=state, programs=programs)
        assert len(run.history) == state.epoch == epochs
    assert same_arrays(run.parameters, unbroken.parameters)
    assert without_seconds(run.history) == without_seconds(unbroken.history)


def test_programs_are_compiled_once_for_several_runs(named_executor):
    compiled: list[Program] = []

    def executor(program: Program):
        compiled.append(program)
        return compile_numpy(program)

    recipe, arrays = classification(), as_arrays(points())
    programs = Programs(recipe, named_executor(executor))
    for epochs in (1, 2):
        train_recipe(replace(recipe, epochs=epochs), arrays, None, watch=False, programs=programs)
        assert len(compiled) == 2  # full batches, and the last


def test_penalties_change_what_is_learned_but_not_the_first_reported_loss():
    settings = {"batch_size": 50, "optimizer": nn.sgd(0.1), "epochs": 30}
    plain, penalized = fit(**settings), fit(penalties=[nn.L2(0.5)], **settings)
    assert plain.history[0]["loss"] == penalized.history[0]["loss"]
    assert plain.history[1]["loss"] != penalized.history[1]["loss"]

    def size(run):
        return np.sqrt(sum((a**2).sum() for name, a in run.parameters.items() if name.endswith("weight")))

    assert size(penalized) < 0.5 * size(plain)


@pytest.mark.parametrize("examples", [1, 2])
def test_one_example_is_enough(examples):
    run = fit((np.ones((examples, 4)), np.zeros(examples, int)), batch_size=32)
    assert [record["step"] for record in run.history] == [1, 2, 3]
    assert run.batch.inputs["x"] == ((examples, 4), "float32")


def test_data_frames_are_data():
    x, y = points()
    frame = pd.DataFrame(x, columns=list("abcd"))
    assert_same_run(fit((frame, pd.Series(y))), fit((x, y)))
    run = fit((frame, pd.Series(y)))
    assert np.array_equal(run.predict(frame), run.predict(x))


def test_adam_is_the_optimizer_unless_another_is_given():
    assert fit().recipe.optimizer == nn.adam(0.001)
    assert_same_run(fit(), fit(optimizer=nn.adam(0.001)))


@dataclass(frozen=True)
class Gate(nn.Layer):
    """A layer of a user: two fields, one of them held, and a parameter of its own, a scalar."""

    inner: nn.Layer
    start: float = 0.5

    def __call__(self, x: Tensor) -> Tensor:
        gate = self.param("gate", (), nn.constant(self.start), x.dtype)
        return x + gate * self.inner(x)


def test_a_layer_of_your_own_is_trained():
    x, y = points()
    run = fit((x, y), model=nn.Sequential([Gate(nn.Dense(4, "tanh")), nn.Dense(3)]), epochs=5)
    assert run.parameters["gate_1.gate"].shape == ()
    assert run.parameters["gate_1.gate"] != 0.5
    assert set(run.parameters) == {
        *("gate_1.gate", "gate_1.inner.weight", "gate_1.inner.bias", "dense_1.weight", "dense_1.bias")
    }


def test_a_model_without_parameters_runs():
    x, y = line(6, features=1)
    run = train(nn.Sequential([]), (x, y), loss=nn.MeanSquaredError(), epochs=2, dtype="float64")
    assert run.parameters == {}
    assert [r["loss"] for r in run.history] == pytest.approx([((x - y) ** 2).mean()] * 2, rel=1e-12)


def test_the_executor_that_is_given_runs_training_and_prediction(named_executor):
    compiled: list[Program] = []

    def executor(program: Program):
        compiled.append(program)
        return compile_numpy(program)

    run = fit(executor=named_executor(executor), batch_size=20)
    trained = len(compiled)
    assert {program.inputs[0].shape[0] for program in compiled} == {20, 10}
    run.predict(points()[0])
    assert len(compiled) == trained + 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, r"^epochs is 0; give a whole number, at least 1$"),
        ({"epochs": None}, r"^epochs is None"),
        ({"epochs": 2.0}, r"^epochs is 2\.0"),
        ({"epochs": True}, r"^epochs is True"),
        ({"batch_size": 0}, r"^batch_size is 0"),
        ({"batch_size": None}, r"^batch_size is None"),
        ({"batch_size": "32"}, r"^batch_size is '32'"),
        ({"patience": 0, "validation": 0.2}, r"^patience is 0"),
        ({"patience": 3}, r"^patience needs validation data; set validation"),
        ({"seed": -1}, r"^seed is -1; give a whole number from 0"),
        ({"seed": 2**64}, r"^seed is 18446744073709551616"),
        ({"seed": 1.0}, r"^seed is 1\.0"),
        ({"seed": True}, r"^seed is True"),
        ({"dtype": "float16"}, r"^dtype is 'float16'; choose float32 or float64"),
        ({"dtype": np.dtype("float32")}, r"^dtype is dtype\('float32'\)"),
        ({"model": "mlp"}, r"^model is 'mlp'; give a layer"),
        ({"model": nn.Dense}, r"^model is the class Dense; give a layer"),
        ({"loss": "mse"}, r"^loss is 'mse' \(did you mean"),
        ({"loss": 0}, r"^loss is 'int'; give a loss"),
        ({"optimizer": "adm"}, r"^optimizer is 'adm' \(did you mean 'adam'"),
        ({"optimizer": 0}, r"^optimizer is 'int'; give an optimizer"),
        ({"penalties": ("l2",)}, r"^penalties is 'l2'; give a penalty"),
        ({"penalties": "l2"}, r"^penalties is 'l2'; give a penalty"),
        ({"validation": 0.0}, r"^the fraction to split off is 0\.0"),
        ({"validation": 1}, r"^the fraction to split off is 1\.0"),
        ({"validation": -0.2}, r"^the fraction to split off is -0\.2"),
    ],
)
def test_refuses_settings_before_anything_happens(settings, message):
    recorder = Recorder()
    with pytest.raises(ConfigError, match=message):
        fit(listeners=[recorder], **settings)
    assert recorder.events == []


def test_one_penalty_needs_no_tuple():
    assert fit(penalties=nn.L2(0.1)).recipe.penalties == (nn.L2(0.1),)


X, Y = points(12)
BROKEN = X.copy()
BROKEN[7, 2] = np.nan


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        (X, {}, r"^data is a ndarray"),
        ((X, None), {}, r"^the data has no targets; pass a pair \(x, y\)"),
        ((BROKEN, Y), {}, r"^x: 1 value NaN or infinite \(first nan at row 7, column 2\)"),
        ((X * 1e39, Y), {}, r"^x: .* is too large for float32; scale the data or ask for float64"),
        ((X, Y[:-1]), {}, r"^x has 12 examples but y has 11"),
        ((X[:0], Y[:0]), {}, r"^x has no examples"),
        ((X, Y, -np.ones(12)), {}, r"^sample_weight: -1\.0 in row 0 is negative"),
        ((X, Y, np.zeros(12)), {}, r"^sample_weight is zero for every example"),
        ((X, np.array(list("abc" * 4))), {}, r"^y has dtype <U1"),
        ((X, Y.astype(float)), {}, r"^SoftmaxCrossEntropy: class numbers are float32; cast them"),
        (
            (X, np.where(np.arange(12) == 8, 3, Y)),
            {},
            r"^SoftmaxCrossEntropy: the target in row 8 is class 3,",
        ),
        (
            (X, np.where(np.arange(12) == 4, -1, Y)),
            {},
            r"^SoftmaxCrossEntropy: the target in row 4 is class -1",
        ),
        (
            (X, np.full((12, 3), 0.5)),
            {},
            r"^SoftmaxCrossEntropy: the targets in row 0 are \[0\.5 0\.5 0\.5\]",
        ),
        (
            (X, Y),
            {"model": nn.Dense(1)},
            r"^SoftmaxCrossEntropy: the network gives outputs of shape .* at least 2",
        ),
        (
            (X, Y),
            {"loss": nn.BinaryCrossEntropy()},
            r"^BinaryCrossEntropy: targets have shape \(12,\), outputs",
        ),
        (
            (X, Y),
            {"loss": nn.BinaryCrossEntropy(), "model": nn.Dense(1)},
            r"^BinaryCrossEntropy: the target in row \d+ is 2; targets must be 0 or 1",
        ),
        ((X, X[:, :2]), {"loss": nn.Huber()}, r"^Huber: targets have shape \(12, 2\), outputs \(rows, 3\)"),
        ((X, Y), {"validation": X}, r"^data is a ndarray"),
        ((X, Y), {"validation": True}, r"^data is a bool"),
        ((X, Y), {"validation": (X, None)}, r"^validation has no targets; pass a pair \(x, y\)"),
        ((X, Y), {"validation": (X, Y + 1)}, r"^SoftmaxCrossEntropy: the target in row \d+ is class 3"),
        ((X[:1], Y[:1]), {"validation": 0.5}, r"^1 example can't be split in two"),
    ],
)
def test_refuses_data_before_anything_is_trained(data, settings, message):
    recorder = Recorder()
    with pytest.raises(DataError, match=message):
        fit(data, listeners=[recorder], **settings)
    assert recorder.events == []


def test_refuses_a_model_that_does_not_fit_and_names_the_layer():
    recorder = Recorder()
    model = nn.Sequential([nn.Dense(4), nn.Residual([nn.Dense(5)]), nn.Dense(3)])
    with pytest.raises(ShapeError, match=r"^Residual 'residual_1': its layers turn"):
        fit(model=model, listeners=[recorder])
    with pytest.raises(ShapeError, match=r"^Dense 'dense_1' got x of shape"):
        fit((np.arange(12.0), Y), listeners=[recorder])
    assert recorder.events == []


def press_ctrl_c(when: type, epoch: int, at_least: int = 0):
    """Once: the signal of Ctrl-C, from a listener."""
    pressed = []

    def listen(event: Event) -> None:
        number = event.record["epoch"] if isinstance(event, EpochDone) else getattr(event, "epoch", 0)
        if isinstance(event, when) and number == epoch and getattr(event, "step", 99) >= at_least:
            if not pressed:
                signal.raise_signal(signal.SIGINT)
            pressed.append(event)

    return listen


def test_ctrl_c_after_an_epoch_ends_the_run_in_order():
    run = fit(epochs=50, listeners=[press_ctrl_c(EpochDone, 4)])
    expected = fit(epochs=50, listeners=[stop_after(4, "interrupted")])
    assert len(run.history) == 4
    assert_same_run(run, expected)


def test_ctrl_c_within_an_epoch_ends_there_and_keeps_the_steps_done(monkeypatch):
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", 0.0)
    recorder = Recorder()
    run = fit(batch_size=5, epochs=50, listeners=[recorder, press_ctrl_c(StepsDone, 3, at_least=24)])
    assert (run.stopped, len(run.history)) == ("interrupted", 2)
    ended = recorder.events[-1]
    assert (ended.reason, ended.state.step) == ("interrupted", 24)  # type: ignore[union-attr]
    assert same_arrays(run.parameters, {name: ended.state.tree[name] for name in run.parameters})  # type: ignore[union-attr]
    assert not same_arrays(run.parameters, {name: recorder.trees[1][name] for name in run.parameters})
    assert ended.state.seconds > run.history[-1]["seconds"]  # type: ignore[union-attr]


def test_ctrl_c_gives_the_best_weights_so_far():
    recorder = Recorder()
    x, y = points()
    settings = {"validation": (x, (y + 1) % 3), "epochs": 50}  # wrong targets: the first epoch stays the best
    run = fit((x, y), listeners=[recorder, press_ctrl_c(EpochDone, 6)], optimizer=nn.adam(0.05), **settings)
    losses = [record["validation_loss"] for record in run.history]
    assert (run.stopped, len(losses)) == ("interrupted", 6)
    assert run.best_epoch == int(np.argmin(losses)) + 1 < 6
    best = recorder.trees[run.best_epoch - 1]
    assert same_arrays(run.parameters, {name: best[name] for name in run.parameters})


def test_ctrl_c_before_the_first_step_gives_the_first_weights():
    def listen(event: Event) -> None:
        if type(event).__name__ == "Started":
            signal.raise_signal(signal.SIGINT)

    run = fit(listeners=[listen])
    assert (run.stopped, run.history) == ("interrupted", [])
    assert not run.parameters["dense_1.bias"].any()
    assert run.predict(points()[0]).shape == (50, 3)


def test_a_second_ctrl_c_interrupts_at_once_and_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)

    def twice(event: Event) -> None:
        if isinstance(event, StepsDone):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(listeners=[twice])
    assert signal.getsignal(signal.SIGINT) is before
    fit()
    assert signal.getsignal(signal.SIGINT) is before


def test_keep_says_whose_weights_a_run_ends_with():
    """Trained far beyond the best epoch: by a line through noise, whose validation loss soon rises."""
    random = np.random.default_rng(4)
    x, y = random.normal(size=(12, 9)), random.normal(size=(12, 1))
    options: dict[str, Any] = {"loss": nn.MeanSquaredError(), "optimizer": nn.sgd(0.2), "validation": 0.4}
    best = train(nn.Dense(1), (x, y), epochs=7, **options)
    last = train(nn.Dense(1), (x, y), keep="last", epochs=7, **options)
    assert 1 <= best.best_epoch == last.best_epoch < 7
    alone = train(nn.Dense(1), (x, y), keep="last", epochs=best.best_epoch, **options)
    assert same_arrays(best.parameters, alone.parameters)
    assert not same_arrays(best.parameters, last.parameters)
    _, held_out = split_validation(last.recipe, (x, y), 0.4)
    assert isinstance(held_out, Arrays)
    assert held_out.y is not None
    error = ((last.predict(held_out.x) - held_out.y) ** 2).mean()
    assert error == pytest.approx(last.history[-1]["validation_loss"], rel=1e-5)
    with pytest.raises(ConfigError, match=r"train: keep is 'lst' \(did you mean 'last'\?\)"):
        train(nn.Dense(1), (x, y), keep="lst", **options)


def test_without_shuffling_examples_come_as_they_stand_and_the_last_are_held_out():
    """One row per step: gradient descent by hand, in order."""
    x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[1.0], [0.0], [2.0], [5.0]])
    recorded = train(
        nn.Sequential([nn.Dense(1, weight=nn.zeros)]),
        (x, y),
        loss=nn.MeanSquaredError(),
        optimizer=nn.sgd(0.01),
        batch_size=1,
        epochs=2,
        shuffle=False,
        validation=0.25,
        keep="last",
        dtype="float64",
    )
    weight = bias = 0.0
    for row in (0, 1, 2, 0, 1, 2):
        delta = 2 * (weight * x[row, 0] + bias - y[row, 0])
        weight, bias = weight - 0.01 * delta * x[row, 0], bias - 0.01 * delta
    assert float(recorded.parameters["dense_1.weight"][0, 0]) == pytest.approx(weight, rel=1e-12)
    assert recorded.history[-1]["validation_loss"] == pytest.approx((4 * weight + bias - 5) ** 2, rel=1e-12)


def test_one_seed_gives_arrays_of_one_name_the_same_first_weights_in_any_network():
    """Documented at `train`: a layer more elsewhere changes no other's weights."""

    def first(layers: list[nn.Layer], seed: int = 0) -> dict[str, np.ndarray]:
        recipe = Recipe(Supervised(nn.Sequential(layers), nn.SoftmaxCrossEntropy()), seed=seed)
        data = as_arrays((X, Y))
        return starting_tree(recipe, data, Programs(recipe, "numpy"))

    short, long = (
        first([nn.Dense(4), nn.Dense(3)]),
        first([nn.Dense(4), nn.Dense(3), nn.Dense(9), nn.Dense(3)]),
    )
    for name in ("dense_1.weight", "dense_2.weight"):
        np.testing.assert_array_equal(short[name], long[name])
    assert (first([nn.Dense(4), nn.Dense(3)], seed=1)["dense_1.weight"] != short["dense_1.weight"]).all()


def test_validation_in_another_order_of_columns_is_the_same():
    x, y = points()
    frame = pd.DataFrame(x, columns=["a", "b", "c", "d"])
    runs = [fit((frame, y), validation=(held_out, y)) for held_out in (frame, frame[["d", "b", "a", "c"]])]
    assert runs[0].history[-1]["validation_loss"] == runs[1].history[-1]["validation_loss"]
    with pytest.raises(DataError, match="x lacks the column 'd', which the training data had"):
        fit((frame, y), validation=(frame[["a", "b", "c"]], y))


def test_targets_of_validation_in_another_order_of_columns_are_the_same():
    x, y = line()
    targets = pd.DataFrame({"one": y[:, 0], "two": -y[:, 0]})
    usual: dict[str, Any] = {"loss": nn.MeanSquaredError(), "epochs": 2}
    runs = [
        train(nn.Dense(2), (x, targets), validation=(x, held_out), **usual)
        for held_out in (targets, targets[["two", "one"]])
    ]
    assert runs[0].history[-1]["validation_loss"] == runs[1].history[-1]["validation_loss"]


@pytest.mark.parametrize("factor", [2.0**-170, 1e-50, 3.0, 1e15, 2.0**200])
def test_weights_count_in_proportion(factor):
    x, y = points()
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    runs = [fit((x, y, each), validation=(x, y, each)) for each in (weight, factor * weight)]
    losses = [[(r["loss"], r["validation_loss"]) for r in run.history] for run in runs]
    exact = np.frexp(factor)[0] == 0.5  # a power of two: not a bit may differ
    np.testing.assert_allclose(losses[0], losses[1], rtol=0 if exact else 1e-5)
    for name, array in runs[0].parameters.items():
        np.testing.assert_allclose(array, runs[1].parameters[name], rtol=0, atol=0 if exact else 1e-5)
