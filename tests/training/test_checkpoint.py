"""A run that was stopped and continues ends in the bits of the unbroken one, or says why it can't."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tests.training.helpers import (
    Recorder,
    assert_same_run,
    changed,
    classification,
    line,
    points,
    regression,
    same_arrays,
    stop_after,
    without_seconds,
)

from chainrule import nn
from chainrule.data import Arrays, as_arrays
from chainrule.errors import ConfigError, DataError, TrainingError
from chainrule.training import (
    Batch,
    Checkpoint,
    Ended,
    EpochDone,
    Event,
    RunState,
    StepsDone,
    fitting,
    folder,
    initial_tree,
    load_state,
    loop,
    save_state,
    train_recipe,
    training_step,
)
from chainrule.training.listeners import checkpoint as checkpoint_module

SLOW = nn.sgd(nn.ReduceOnPlateau(0.3, factor=0.5, patience=1, threshold=0.05))
RECIPES = {
    "adam and dropout": classification(optimizer=nn.adam(0.02), epochs=7),
    "plateau": classification(optimizer=SLOW, epochs=7),
    "clipped momentum in float64": classification(
        optimizer=nn.chain(nn.ClipByGlobalNorm(0.5), nn.momentum(nn.CosineDecay(0.2, 20, 3))),
        dtype="float64",
        penalties=(nn.L2(0.01),),
        epochs=7,
    ),
    "patience": classification(optimizer=nn.adam(0.1), patience=3, epochs=30),
}


def run_recipe(recipe, path: Path | None = None, *listeners, validated: bool = True):
    training = as_arrays(points(), recipe.dtype)
    held_out = as_arrays(points(30, seed=7), recipe.dtype) if validated else None
    return train_recipe(recipe, training, held_out, checkpoint=path, listeners=listeners)


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize("stopped", [1, 4])
@pytest.mark.parametrize("name", ["adam and dropout", "plateau", "clipped momentum in float64"])
def test_a_run_goes_on_to_the_bits_of_the_unbroken_one(name, stopped, validated, tmp_path):
    path, recipe = tmp_path / "state", RECIPES[name]
    whole, rest = Recorder(), Recorder()
    unbroken = run_recipe(recipe, None, whole, validated=validated)
    first = run_recipe(recipe, path, stop_after(stopped), validated=validated)
    assert (first.stopped, len(first.history)) == ("enough", stopped)
    resumed = run_recipe(recipe, path, rest, validated=validated)
    assert_same_run(resumed, unbroken)
    assert len(rest.trees) == 7 - stopped
    assert rest.events[0].first_epoch == stopped + 1  # type: ignore[union-attr]
    for tree, expected in zip(rest.trees, whole.trees[stopped:], strict=True):
        assert same_arrays(tree, expected)
    seconds = [record["seconds"] for record in resumed.history]
    assert seconds == sorted(seconds)


def test_best_weights_and_patience_go_on(tmp_path):
    """The best epoch is before the stop, and patience runs out after it."""
    path, recipe = tmp_path / "state", RECIPES["patience"]
    unbroken = run_recipe(recipe)
    assert unbroken.stopped == "early stopping"
    run_recipe(recipe, path, stop_after(unbroken.best_epoch + 1))
    assert_same_run(run_recipe(recipe, path), unbroken)


def test_a_run_that_stopped_early_or_is_done_has_nothing_left_to_do(tmp_path):
    for name in ("patience", "adam and dropout"):
        path = tmp_path / name
        first, recorder = run_recipe(RECIPES[name], path), Recorder()
        again = run_recipe(RECIPES[name], path, recorder)
        assert_same_run(again, first)
        assert recorder.trees == []


@pytest.mark.parametrize("step", [1, 7, 10, 12, 20])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_interrupted_within_an_epoch_goes_on_from_there(step, dtype, tmp_path, monkeypatch):
    """Ten full batches an epoch and one of three examples; step 10 is before it."""
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", 0.0)
    path = tmp_path / "state"
    recipe = classification(optimizer=nn.adam(0.02), batch_size=5, epochs=3, dtype=dtype)
    training = as_arrays(points(53), dtype)
    unbroken = train_recipe(recipe, training, None)
    steps: list[int] = []

    def press(event: Event) -> None:
        if isinstance(event, StepsDone):
            steps.append(event.step)
            if event.step == step and steps.count(step) == 1:
                signal.raise_signal(signal.SIGINT)

    first = train_recipe(recipe, training, None, checkpoint=path, listeners=[press])
    assert first.stopped == "interrupted"
    assert_same_run(train_recipe(recipe, training, None, checkpoint=path, listeners=[press]), unbroken)
    assert steps == list(range(1, 34))


def test_a_run_can_be_made_longer(tmp_path):
    path, recipe = tmp_path / "state", RECIPES["adam and dropout"]
    run_recipe(replace(recipe, epochs=3), path)
    longer = run_recipe(replace(recipe, patience=50), path)
    expected = run_recipe(recipe)
    assert same_arrays(longer.parameters, expected.parameters)
    assert without_seconds(longer.history) == without_seconds(expected.history)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"batch_size": 8}, "batch_size"),
        ({"optimizer": nn.adam(0.03)}, "optimizer"),
        ({"model": nn.Dense(3)}, "model"),
        ({"loss": nn.SoftmaxCrossEntropy(0.1), "dtype": "float64"}, "dtype and loss"),
        ({"penalties": (nn.L2(0.1),)}, "penalties"),
        ({"mixing": nn.MixUp()}, "mixing"),
    ],
)
def test_another_recipe_is_refused(settings, named, tmp_path):
    path, recipe = tmp_path / "state", RECIPES["adam and dropout"]
    run_recipe(recipe, path, stop_after(1))
    content = path.read_bytes()
    with pytest.raises(DataError, match=rf"state belongs to a run with another {named}; resume with"):
        run_recipe(changed(recipe, **settings), path)
    assert path.read_bytes() == content


def test_data_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "state"
    train_recipe(regression(), as_arrays(line(features=3), "float64"), None, checkpoint=path)
    with pytest.raises(
        DataError, match="state belongs to a run on data of another shape; resume with the data"
    ):
        train_recipe(regression(), as_arrays(line(features=4), "float64"), None, checkpoint=path)


def given(changed: str, change) -> tuple[Arrays, Arrays | None]:
    """Weighted training and validation data, of which one array is another."""
    parts = {}
    for part, (x, y) in (("training", points()), ("validation", points(30, seed=7))):
        arrays = {"x": x, "y": y, "weight": np.ones(len(x))}
        if changed.startswith(part):
            name = changed.removeprefix(f"{part} ")
            arrays[name] = change(arrays[name])
        parts[part] = as_arrays((arrays["x"], arrays["y"], arrays["weight"]))
    return parts["training"], parts["validation"]


def last_bit(array: np.ndarray) -> np.ndarray:
    """The same but for the last number, by as little as it can be another."""
    other = array.astype(np.float32)
    other.flat[-1] = np.nextafter(other.flat[-1], np.float32(9))
    return other


def other_class(labels: np.ndarray) -> np.ndarray:
    return np.concatenate([labels[:-1], [(labels[-1] + 1) % 3]])


@pytest.mark.parametrize("done", [1, 3])
@pytest.mark.parametrize(
    ("changed", "change", "named"),
    [
        ("training x", last_bit, "training examples"),
        ("training x", lambda x: x[::-1], "training examples"),
        ("training y", other_class, "training targets"),
        ("training weight", last_bit, "training sample weights"),
        ("validation x", last_bit, "validation examples"),
        ("validation y", other_class, "validation targets"),
        ("validation weight", last_bit, "validation sample weights"),
    ],
)
def test_other_data_are_refused_whether_the_run_is_done_or_not(changed, change, named, done, tmp_path):
    path, recipe = tmp_path / "state", classification(epochs=3)
    first = train_recipe(recipe, *given("", None), checkpoint=path, listeners=[stop_after(done)])
    content = path.read_bytes()
    with pytest.raises(
        DataError,
        match=rf"state belongs to a run on other data: with other {named}; resume with the data it was "
        "started with, or remove it to start afresh$",
    ):
        train_recipe(recipe, *given(changed, change), checkpoint=path)
    assert path.read_bytes() == content
    assert names(tmp_path) == ["state"]
    again = train_recipe(recipe, *given("", None), checkpoint=path, listeners=[stop_after(3)])
    assert len(again.history) == 3
    if done == 3:
        assert_same_run(again, replace(first, stopped="epochs"))


def test_what_was_and_what_is_are_told_where_they_have_other_shapes(tmp_path):
    path, recipe = tmp_path / "state", classification(epochs=1)
    (x, y), held_out = points(), as_arrays(points(30, seed=7))
    train_recipe(recipe, as_arrays((x, y)), held_out, checkpoint=path)
    with pytest.raises(DataError) as caught:
        train_recipe(recipe, as_arrays((x[:49], y[:49])), None, checkpoint=path)
    assert caught.value.what == (
        f"{path} belongs to a run on other data: with other training examples (float32 (50, 4) then, float32 "
        "(49, 4) now) and training targets (int32 (50,) then, int32 (49,) now) and validation examples "
        "(float32 (30, 4) then, none now) and validation targets (int32 (30,) then, none now)"
    )


def test_a_state_that_does_not_know_its_data_goes_on_and_knows_them_then(tmp_path):
    """As the format before this one has it."""
    path, recipe = tmp_path / "state", RECIPES["adam and dropout"]
    unbroken = run_recipe(recipe)
    run_recipe(recipe, path, stop_after(2))
    tensors, metadata = folder.read_safetensors(path)
    state = json.loads(metadata["state"])
    assert set(state.pop("data")) == {
        f"{a} {b}" for a in ("training", "validation") for b in ("examples", "targets")
    }
    save_file(tensors, path, metadata | {"state": json.dumps(state)})
    assert_same_run(run_recipe(recipe, path), unbroken)
    with pytest.raises(DataError, match="on other data"):
        run_recipe(recipe, path, validated=False)


def test_data_are_fingerprinted_only_for_a_checkpoint(tmp_path, monkeypatch):
    def refuse(*given: object) -> None:
        raise AssertionError

    monkeypatch.setattr(fitting, "fingerprint", refuse)
    run_recipe(classification(epochs=1))
    with pytest.raises(AssertionError):
        run_recipe(classification(epochs=1), tmp_path / "state")


def test_a_run_whose_state_another_keeps_is_refused_before_a_step(tmp_path):
    path, recipe, inner = tmp_path / "new" / "state", classification(epochs=2), Recorder()

    def start_another(event: Event) -> None:
        if isinstance(event, EpochDone) and event.record["epoch"] == 1:
            with pytest.raises(ConfigError) as caught:
                run_recipe(recipe, path, inner)
            start = f"{path} is in use: the run whose state it keeps is being trained by process "
            assert caught.value.what.startswith(f"{start}{os.getpid()} on ")
            assert caught.value.remedy == "wait until that run has ended, or choose another file"

    run = run_recipe(recipe, path, start_another)
    assert (len(run.history), inner.events) == (2, [])
    assert names(path.parent) == ["state"]


def test_a_run_that_fails_gives_the_file_back(tmp_path):
    path, recipe = tmp_path / "state", classification(epochs=2)

    def fail(event: Event) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        run_recipe(recipe, path, fail)
    assert names(tmp_path) == []
    run_recipe(recipe, path)
    assert names(tmp_path) == ["state"]


@pytest.mark.parametrize("place", ["file/state", "file/deeper/state"])
def test_a_place_that_can_not_be_written_is_named_before_a_step(place, tmp_path):
    (tmp_path / "file").touch()
    recorder = Recorder()
    with pytest.raises(OSError, match=f"{tmp_path / place}'$"):
        run_recipe(classification(epochs=1), tmp_path / place, recorder)
    assert recorder.events == []


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_equal_states_are_equal_bytes(tmp_path):
    """The library alone orders the metadata anew every time."""
    recipe, contents = RECIPES["adam and dropout"], set()
    state = RunState(
        {"w": np.arange(3.0), "step": np.array(7, np.int32)}, 3, 44, 1.25, data={"a": "1", "b": "2"}
    )
    for number in range(8):
        save_state(tmp_path / str(number), state, recipe)
        contents.add((tmp_path / str(number)).read_bytes())
    assert len(contents) == 1


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"a": np.arange(5, dtype=np.int8), "b": np.array(1.5), "ä": np.zeros((0, 3), np.float32)},
        {name: np.arange(n, dtype=kind) for n, (name, kind) in enumerate(zip("edcba", "bfdIH", strict=True))},
        {"turned": np.arange(6.0).reshape(2, 3).T},
    ],
)
@pytest.mark.parametrize("metadata", [{"a": ""}, {"b": 'ü " { } \n', "a": ""}])
def test_what_is_written_is_a_safetensors_file(arrays, metadata, tmp_path):
    """Read by the library: arrays and metadata as given, its own bytes behind the header, aligned."""
    from safetensors.numpy import load, save

    content = folder.safetensors_bytes(arrays, metadata)
    assert same_arrays(load(content), arrays)
    (tmp_path / "it").write_bytes(content)
    back, facts = folder.read_safetensors(tmp_path / "it")
    assert same_arrays(back, arrays)
    assert facts == metadata
    ours, theirs = (
        content,
        save({k: np.ascontiguousarray(v).reshape(v.shape) for k, v in arrays.items()}, metadata),
    )
    starts = [8 + int.from_bytes(each[:8], "little") for each in (ours, theirs)]
    assert starts[0] % 8 == 0
    assert ours[starts[0] :] == theirs[starts[1] :]


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"\xff" * 99])
def test_a_damaged_checkpoint_is_refused(damage, tmp_path):
    path = tmp_path / "state"
    run_recipe(RECIPES["plateau"], path, stop_after(1))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="state is not a whole safetensors file"):
        run_recipe(RECIPES["plateau"], path)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "holds no training state; give the checkpoint"),
        ({"state": "{}"}, "was not written by chainrule"),
        ({"state": "{", "recipe": "{}"}, "was not written by chainrule"),
        ({"state": '{"unheard_of": 1}', "recipe": "{}"}, "was not written by chainrule"),
    ],
)
def test_a_file_of_another_kind_is_refused(metadata, message, tmp_path):
    save_file({"x": np.ones(3)}, tmp_path / "state", metadata or None)
    with pytest.raises(DataError, match=message):
        load_state(tmp_path / "state", RECIPES["plateau"])


def test_the_weights_of_a_run_are_no_checkpoint(tmp_path):
    run_recipe(RECIPES["plateau"]).save(tmp_path / "run")
    with pytest.raises(DataError, match="holds no training state"):
        run_recipe(RECIPES["plateau"], tmp_path / "run" / "weights.safetensors")


def test_no_checkpoint_is_said_so(tmp_path):
    with pytest.raises(DataError, match=r"state does not exist; check the path"):
        load_state(tmp_path / "state", RECIPES["plateau"])


def test_a_state_comes_back_whole(tmp_path):
    """Also scalars, empty arrays, arrays in another memory order, and an infinite best loss."""
    recipe = RECIPES["adam and dropout"]
    tree = {
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 3)),
        "turned": np.arange(6.0).reshape(2, 3).T,
        "random.key": np.array([1, 2], np.uint32),
        "optimizer.scale_by_learning_rate.step": np.array(7, np.int32),
    }
    history = [{"epoch": 1, "loss": 0.1 + 0.2, "watch": {"dense_1": {"delta": 1e-300}}}]
    state = RunState(tree, 3, 44, 1.25, history, best={"w": np.arange(4.0)[::2]}, batch=2, loss_sum=1 / 3)
    save_state(tmp_path / "state", state, recipe)
    back = load_state(tmp_path / "state", recipe)
    assert same_arrays(back.tree, tree)
    assert same_arrays(back.best, state.best)
    for name in ("epoch", "step", "seconds", "history", "best_epoch", "best_loss", "batch", "loss_sum"):
        assert getattr(back, name) == getattr(state, name)


def test_what_is_loaded_can_be_trained_on(tmp_path):
    """Arrays that view the file would be read-only."""
    recipe = RECIPES["plateau"]
    tree = initial_tree(recipe, training_step(recipe, Batch.of(as_arrays(points()), 16)))
    save_state(tmp_path / "state", RunState(tree), recipe)
    assert all(array.flags.writeable for array in load_state(tmp_path / "state", recipe).tree.values())


def events(state: RunState) -> tuple[EpochDone, Ended]:
    done = EpochDone(
        {"epoch": 1}, state, lambda reason: None, dict, lambda: None, lambda recipe, state: None, str
    )
    return done, Ended("epochs", state)


def test_a_checkpoint_is_written_when_it_is_time_and_at_the_end(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(checkpoint_module.time, "monotonic", lambda: clock[0])
    path, recipe = tmp_path / "inner" / "state", RECIPES["plateau"]
    listener = Checkpoint(path, recipe, every_seconds=10)
    done, ended = events(RunState({"w": np.ones(3)}))
    listener(StepsDone(1, 1, 0.5))
    clock[0] = 109.9
    listener(done)
    assert not path.exists()
    clock[0] = 110.0
    listener(done)
    assert path.exists()
    path.unlink()
    clock[0] = 119.0
    listener(done)
    assert not path.exists()
    listener(ended)
    assert [each.name for each in path.parent.iterdir()] == ["state"]


def test_the_recipe_is_in_the_file_as_plain_data(tmp_path):
    from safetensors import safe_open

    run_recipe(RECIPES["plateau"], tmp_path / "state", stop_after(1))
    with safe_open(tmp_path / "state", framework="numpy") as file:
        assert json.loads(file.metadata()["recipe"]) == RECIPES["plateau"].to_plain()


def test_a_checkpoint_of_a_recipe_without_newer_settings_goes_on(tmp_path):
    """Written before `keep` and `shuffle` existed: it was trained as their defaults say."""
    path, recipe = tmp_path / "state.safetensors", regression()
    train_recipe(recipe, as_arrays(line()), None, checkpoint=path)
    arrays, metadata = folder.read_safetensors(path)
    old = json.loads(metadata["recipe"])
    del old["keep"], old["shuffle"]
    save_file(arrays, path, metadata | {"recipe": json.dumps(old)})
    assert load_state(path, recipe).epoch == recipe.epochs
    with pytest.raises(DataError, match="another shuffle"):
        load_state(path, replace(recipe, shuffle=False))


def test_a_training_that_breaks_down_leaves_the_checkpoint_as_it_was(tmp_path):
    path = tmp_path / "state.safetensors"
    recipe = regression(nn.sgd(2.0), dtype="float32", epochs=99)
    listener, written = Checkpoint(path, recipe, every_seconds=0.0), []

    def look(event: Event) -> None:
        if isinstance(event, EpochDone):
            written.append(path.stat().st_mtime_ns)

    with pytest.raises(TrainingError) as caught:
        train_recipe(recipe, as_arrays(line()), None, listeners=[listener, look])
    assert path.stat().st_mtime_ns == written[-1]
    saved = load_state(path, recipe)
    assert saved.epoch == caught.value.epoch - 1
    assert all(np.isfinite(array).all() for array in saved.tree.values())
