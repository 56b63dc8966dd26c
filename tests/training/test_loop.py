"""The loop against the same run written out in NumPy: order, batches, history, sizes, events, ends."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from tests.training.helpers import (
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

from chainrule import nn
from chainrule.data import as_arrays, epoch_order
from chainrule.executors.contract import HostSession
from chainrule.training import (
    Batch,
    Ended,
    EpochDone,
    Started,
    StepsDone,
    initial_tree,
    loop,
    train_recipe,
    training_step,
)


def size(array: np.ndarray) -> float:
    return float(np.sqrt((array**2).mean()))


def gradient_descent(recipe, x, y, weight, bias, validation, rate):
    """Linear regression by stochastic gradient descent: every epoch's record, and the weights at the end."""
    records = []
    rows = min(recipe.batch_size, len(x))
    step = 0
    for epoch in range(1, recipe.epochs + 1):
        order, losses, sizes = epoch_order(len(x), rows, recipe.seed, epoch), [], {}
        for start in range(0, len(x), rows):
            chosen = order[start : start + rows]
            output = x[chosen] @ weight + bias
            delta = 2 * (output - y[chosen]) / len(chosen)
            slopes = {"dense_1.weight": x[chosen].T @ delta, "dense_1.bias": delta.sum(0)}
            losses += [((output - y[chosen]) ** 2).mean()] * len(chosen)
            weight = weight - rate * slopes["dense_1.weight"]
            bias = bias - rate * slopes["dense_1.bias"]
            if start + rows <= len(x):  # the last full batch stays
                sizes = {"dense_1": {"activation": size(output), "delta": size(delta)}}
                for name, value in (("dense_1.weight", weight), ("dense_1.bias", bias)):
                    slope = size(slopes[name])
                    sizes[name] = {"value": size(value), "gradient": slope, "update": rate * slope}
            step += 1
        record = {
            "epoch": epoch,
            "step": step,
            "learning_rate": rate,
            "loss": np.mean(losses),
            "watch": sizes,
        }
        if validation is not None:
            error = validation[0] @ weight + bias - validation[1]
            record |= {
                "validation_loss": (error**2).mean(),
                "validation_r2": 1 - (error**2).sum() / ((validation[1] - validation[1].mean()) ** 2).sum(),
                "validation_mean_absolute_error": np.abs(error).mean(),
                "validation_root_mean_squared_error": size(error),
            }
        records.append(record)
    return records, weight, bias


def assert_close(got: object, expected: object) -> None:
    if isinstance(expected, dict):
        assert isinstance(got, dict)
        assert set(got) == set(expected)
        for key in expected:
            assert_close(got[key], expected[key])
    else:
        assert got == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("examples", "batch_size"),
    [(12, 4), (10, 4), (10, 1), (3, 50), (1, 1), (1, 7), (5, 5), (5, 4)],
    ids=lambda n: str(n),
)
@pytest.mark.parametrize("validated", [False, True])
def test_a_run_is_stochastic_gradient_descent_and_its_history_says_so(examples, batch_size, validated):
    x, y = line(examples)
    validation = line(7, seed=2) if validated else None
    recipe = regression(nn.sgd(0.05), epochs=4, batch_size=batch_size, seed=3)
    recorder = Recorder()
    held_out = None if validation is None else as_arrays(validation, "float64")
    run = train_recipe(recipe, as_arrays((x, y), "float64"), held_out, listeners=[recorder])

    start = first_weights(recipe, x, y)
    records, weight, bias = gradient_descent(recipe, x, y, *start, validation, 0.05)
    assert len(run.history) == 4
    for got, expected in zip(without_seconds(run.history), records, strict=True):
        assert_close(got, expected)
    np.testing.assert_allclose(recorder.trees[-1]["dense_1.weight"], weight, rtol=1e-10)
    np.testing.assert_allclose(recorder.trees[-1]["dense_1.bias"], bias, rtol=1e-10)
    seconds = [record["seconds"] for record in run.history]
    assert 0 < seconds[0] < seconds[1] < seconds[2] < seconds[3]


def first_weights(recipe, x, y) -> tuple[np.ndarray, np.ndarray]:
    tree = initial_tree(recipe, training_step(recipe, Batch.of(as_arrays((x, y), "float64"), 1)))
    return tree["dense_1.weight"], tree["dense_1.bias"]


def test_without_watching_the_history_has_no_sizes_and_the_same_numbers():
    arrays = as_arrays(points())
    plain = train_recipe(classification(), arrays, None, watch=False)
    watched = train_recipe(classification(), arrays, None)
    assert same_arrays(plain.parameters, watched.parameters)
    records = [{k: v for k, v in r.items() if k != "watch"} for r in without_seconds(watched.history)]
    assert without_seconds(plain.history) == records


def test_sizes_are_named_by_layer_and_by_parameter():
    watch = train_recipe(classification(), as_arrays(points()), None).history[0]["watch"]
    layers = ("dense_1", "dropout_1", "dense_2")
    assert all(set(watch[name]) == {"activation", "delta"} for name in layers)
    parameters = [f"dense_{i}.{name}" for i in (1, 2) for name in ("weight", "bias")]
    assert set(watch) == {*layers, *parameters}
    assert all(set(watch[name]) == {"value", "gradient", "update"} for name in parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_do_not_depend_on_how_many_steps_the_clock_allows_in_a_call(dtype, monkeypatch):
    """Also those of the epoch's loss: early stopping and schedules may hang on it."""
    arrays, held_out = as_arrays(points(201), dtype), as_arrays(points(40, seed=9), dtype)
    recipe = classification(batch_size=2, dtype=dtype)
    runs = []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
        recorder = Recorder()
        runs.append((train_recipe(recipe, arrays, held_out, listeners=[recorder]), recorder))
    assert_same_run(runs[0][0], runs[1][0])
    calls = [len(recorder.of(StepsDone)) for _, recorder in runs]
    assert calls[0] == 3 * 101
    assert calls[1] < 3 * 20


def test_events_come_in_order_with_their_numbers():
    recorder = Recorder()
    recipe = classification(epochs=2, batch_size=20)
    run = train_recipe(recipe, as_arrays(points(50)), None, listeners=[recorder])
    started = recorder.events[0]
    assert isinstance(started, Started)
    assert (started.epochs, started.steps_per_epoch, started.first_epoch) == (2, 3, 1)
    assert (started.examples, started.parameters) == (50, 51)
    assert isinstance(recorder.events[-1], Ended)
    assert recorder.events[-1].reason == "epochs"
    done = recorder.of(EpochDone)
    assert [event.record for event in done] == run.history
    assert [event.record["step"] for event in done] == [3, 6]
    steps = recorder.of(StepsDone)
    assert [event.step for event in steps] == sorted({event.step for event in steps})
    assert [(e.epoch, e.step) for e in steps if e.step in (3, 6)] == [(1, 3), (2, 6)]
    first_done = recorder.events.index(done[0])
    assert all(event.epoch == 1 for event in recorder.events[1:first_done])  # type: ignore[union-attr]
    assert all(0.2 < event.loss < 3 for event in steps)


def test_all_listeners_hear_everything_in_the_order_given():
    heard: list[tuple[str, str]] = []

    def listener(name: str) -> Callable[[object], None]:
        return lambda event: heard.append((name, type(event).__name__))

    train_recipe(
        classification(epochs=1), as_arrays(points()), None, listeners=[listener("a"), listener("b")]
    )
    assert heard[::2] == [("a", kind) for _, kind in heard[1::2]]
    assert {name for name, _ in heard[1::2]} == {"b"}


def test_a_listener_can_stop_the_run_with_a_reason_of_its_own():
    recorder = Recorder()
    listeners = [stop_after(2, "good enough"), recorder]
    run = train_recipe(classification(epochs=50), as_arrays(points()), None, listeners=listeners)
    assert (run.stopped, len(run.history)) == ("good enough", 2)
    assert recorder.events[-1].reason == "good enough"  # type: ignore[union-attr]


def overfitting(**settings):
    """Noise to learn by heart: the validation loss falls a little and then rises."""
    random = np.random.default_rng(3)
    x, y = points(30)
    training = as_arrays((x, np.where(random.random(30) < 0.4, random.integers(0, 3, 30), y)))
    model = nn.Sequential([nn.Dense(40, "tanh"), nn.Dense(3)])
    recipe = classification(model=model, optimizer=nn.adam(0.01), seed=1, **settings)
    return recipe, training, as_arrays(points(30, seed=5))


def test_the_best_weights_come_back_and_not_the_last():
    recorder = Recorder()
    recipe, training, held_out = overfitting(epochs=40)
    run = train_recipe(recipe, training, held_out, listeners=[recorder])
    losses = [record["validation_loss"] for record in run.history]
    best = int(np.argmin(losses))
    assert 0 < best < 39
    assert run.best_epoch == best + 1
    assert same_arrays(run.parameters, {name: recorder.trees[best][name] for name in run.parameters})
    assert not same_arrays(run.parameters, {name: recorder.trees[-1][name] for name in run.parameters})
    logits = run.outputs(held_out.x).astype(np.float64)
    picked = np.exp(logits)[np.arange(30), held_out.y] / np.exp(logits).sum(1)
    assert -np.log(picked).mean() == pytest.approx(losses[best], rel=1e-5)


def test_without_validation_the_last_weights_come_back():
    recorder = Recorder()
    recipe, training, _ = overfitting(epochs=5)
    run = train_recipe(recipe, training, None, listeners=[recorder])
    assert run.best_epoch == 0
    assert same_arrays(run.parameters, {name: recorder.trees[-1][name] for name in run.parameters})


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_is_the_epochs_without_a_lower_validation_loss(patience):
    recipe, training, held_out = overfitting(epochs=60)
    losses = [r["validation_loss"] for r in train_recipe(recipe, training, held_out).history]
    waited, best, last = 0, np.inf, 60
    for epoch, loss in enumerate(losses, start=1):
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited == patience:
            last = epoch
            break
    assert last < 60
    recipe, training, held_out = overfitting(epochs=60, patience=patience)
    run = train_recipe(recipe, training, held_out)
    assert (run.stopped, len(run.history), run.best_epoch) == ("early stopping", last, last - patience)


def test_validation_changes_nothing_of_what_is_learned():
    recorders = [Recorder(), Recorder()]
    for recorder, held_out in zip(recorders, (None, as_arrays(points(20, seed=5))), strict=True):
        train_recipe(classification(), as_arrays(points()), held_out, listeners=[recorder])
    one, other = (recorder.trees[-1] for recorder in recorders)
    assert same_arrays(one, other)


def rates(run) -> list[float]:
    return [record["learning_rate"] for record in run.history]


def test_a_schedule_acts_step_by_step_and_the_history_has_the_rate_last_used():
    recipe = regression(nn.sgd(nn.StepDecay(0.08, every=4, factor=0.5)), epochs=4, batch_size=4)
    run = train_recipe(recipe, as_arrays(line(12), "float64"), None)  # steps 0-2, 3-5, 6-8, 9-11
    assert rates(run) == pytest.approx([0.08, 0.04, 0.02, 0.02], rel=1e-12)


def test_reduce_on_plateau_looks_at_the_validation_loss():
    """The training loss falls all the time; the validation targets are its mirror image, so theirs rises."""
    x, y = line(12)
    recipe = regression(nn.sgd(nn.ReduceOnPlateau(0.01, factor=0.5, patience=2)), epochs=8)
    opposite = as_arrays((x, -y), "float64")
    with_validation = train_recipe(recipe, as_arrays((x, y), "float64"), opposite)
    without = train_recipe(recipe, as_arrays((x, y), "float64"), None)
    losses = [record["loss"] for record in without.history]
    validation = [record["validation_loss"] for record in with_validation.history]
    assert losses == sorted(losses, reverse=True)
    assert validation == sorted(validation)
    assert rates(without) == pytest.approx([0.01] * 8)
    # The first epoch sets the best; two that wait, then half from the next epoch on.
    assert rates(with_validation) == pytest.approx([0.01] * 3 + [0.005] * 2 + [0.0025] * 2 + [0.00125])


def test_a_clipped_chain_trains_and_tells_its_rate():
    recipe = classification(optimizer=nn.chain(nn.ClipByGlobalNorm(0.5), nn.adam(0.03)), epochs=1)
    assert rates(train_recipe(recipe, as_arrays(points()), None)) == pytest.approx([0.03])


@dataclass(frozen=True)
class TenthOfTheGradient(nn.Transform):
    """An optimizer without a schedule."""

    def update(self, updates, state, parameters):
        return {name: g * -0.1 for name, g in updates.items()}, {}


def test_an_optimizer_without_a_rate_tells_none_and_trains():
    recipe = regression(TenthOfTheGradient())
    run = train_recipe(recipe, as_arrays(line(), "float64"), None)
    same = train_recipe(regression(nn.sgd(0.1)), as_arrays(line(), "float64"), None)
    assert "learning_rate" not in run.history[0]
    assert same_arrays(run.parameters, same.parameters)


def test_an_error_in_a_listener_comes_through():
    def fail(event: object) -> None:
        raise RuntimeError("the listener's own")

    with pytest.raises(RuntimeError, match="the listener's own"):
        train_recipe(classification(), as_arrays(points()), None, listeners=[fail])


def test_the_usual_classifier_learns():
    x, y = points(300)
    run = train_recipe(
        classification(model=classifier(0.0), optimizer=nn.adam(0.01), epochs=30), as_arrays((x, y)), None
    )
    assert run.history[-1]["loss"] < 0.7 * run.history[0]["loss"]
    assert (run.predict(x).argmax(1) == y).mean() > 0.7


def fail_at(kind: type, error: BaseException) -> Callable[[object], None]:
    def listen(event: object) -> None:
        if isinstance(event, kind):
            raise error

    return listen


@pytest.mark.parametrize("kind", [Started, StepsDone, EpochDone])
@pytest.mark.parametrize(
    ("error", "reason"), [(ZeroDivisionError("no"), "error"), (KeyboardInterrupt(), "interrupted")]
)
def test_whatever_ends_training_everyone_is_told_of_the_end_once(kind, error, reason):
    before, after = Recorder(), Recorder()
    with pytest.raises(type(error)) as caught:
        train_recipe(regression(), as_arrays(line()), None, listeners=[before, fail_at(kind, error), after])
    assert caught.value is error
    for recorder in (before, after):
        (ended,) = recorder.of(Ended)
        assert recorder.events[-1] is ended
        assert (ended.reason, ended.error) == (reason, error)


def test_an_executor_that_fails_ends_training_in_order(named_executor):
    class Failing:
        def __init__(self, program):
            self.program = program

        def bind(self, tree):
            return HostSession(tree, self.run_many)

        def run_many(self, tree, chunk, order):
            raise MemoryError("no room")

    recorder, failing = Recorder(), named_executor(Failing)
    with pytest.raises(MemoryError):
        train_recipe(regression(), as_arrays(line()), None, listeners=[recorder], executor=failing)
    assert [type(event) for event in recorder.events] == [Started, Ended]
    assert recorder.events[-1].reason == "error"  # type: ignore[union-attr]


def test_a_listener_that_fails_at_the_end_keeps_no_other_from_hearing_of_it():
    recorder = Recorder()
    fails = fail_at(Ended, ZeroDivisionError("no"))
    with pytest.raises(ZeroDivisionError):
        train_recipe(regression(), as_arrays(line()), None, listeners=[fails, recorder])
    assert [event.reason for event in recorder.of(Ended)] == ["epochs"]
    first = fail_at(EpochDone, ValueError("the cause"))
    with pytest.raises(ValueError, match="the cause") as caught:
        train_recipe(regression(), as_arrays(line()), None, listeners=[first, fails, recorder])
    assert caught.value.__notes__ == [
        "and a listener failed when it was told of the end: ZeroDivisionError('no')"
    ]
    assert len(recorder.of(Ended)) == 2
