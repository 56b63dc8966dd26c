"""Training on sources: the same bits for any number of readers, and wherever a run is cut off."""

import os
import signal
import threading
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.contracts.sources import CASES

from chainrule import load_run, nn, train
from chainrule.data import examples, mapped, npy_shards, ragged
from chainrule.errors import ConfigError, DataError
from chainrule.program import functions as f
from chainrule.training import EpochDone, StepsDone, train_recipe

ROWS = 403


@dataclass(frozen=True)
class SideBySide(nn.Layer):
    """All inputs, such as numbers and an image, as one row of numbers for each example."""

    classes: int

    def __call__(self, x):
        inputs = [x["left"], x["right"]] if isinstance(x, dict) else [x]
        rows = [each.reshape(each.shape[0], -1) for each in inputs]
        return nn.Dense(self.classes)(nn.LayerNorm()(f.concatenate(rows)))


@dataclass(frozen=True)
class OverTime(nn.Layer):
    """What a recurrent layer makes of sequences of any length."""

    def __call__(self, x):
        return nn.Dense(2)(nn.GRU(8, reverse=True)(x["values"], x["mask"]))


def shards(folder: Path, count: int = ROWS, readers: int = 1, dtype="float32", **settings):
    draw = np.random.default_rng(1)
    x, y = draw.integers(0, 200, (count, 6)).astype(dtype), np.arange(count) % 3
    x[:, 0] = y * 50
    for number, rows in enumerate(np.array_split(np.arange(count), 3)):
        shard = folder / f"{number:02}"
        shard.mkdir(parents=True, exist_ok=True)
        np.save(shard / "x.npy", x[rows])
        np.save(shard / "y.npy", y[rows])
    return npy_shards(folder, chunk_bytes=60 * (6 * x.itemsize + y.itemsize), readers=readers, **settings)


def trained(source, **settings):
    usual = {"loss": "cross_entropy", "optimizer": "adam", "epochs": 3, "batch_size": 16, "progress": False}
    return train(
        nn.Sequential([nn.Dense(8, "tanh"), nn.Dropout(0.1), nn.Dense(3)]), source, **(usual | settings)
    )


def bits(run) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in run.parameters.items()}


def test_any_number_of_readers_trains_to_the_same_bits(tmp_path):
    one = bits(trained(shards(tmp_path, readers=1)))
    assert bits(trained(shards(tmp_path, readers=2))) == one
    assert bits(trained(shards(tmp_path, readers=4))) == one


@pytest.mark.parametrize("readers", [1, 2, 4])
def test_a_run_that_is_cut_off_anywhere_goes_on_to_the_bits_of_the_unbroken_one(tmp_path, readers):
    unbroken = trained(shards(tmp_path / "data", readers=readers))
    for at in (1, 4, 11, 26, 40, 51):
        path = tmp_path / f"{readers}-{at}.state"

        first = trained(shards(tmp_path / "data"), checkpoint=path, listeners=[interrupting(at)])
        assert first.stopped == "interrupted"
        again = trained(shards(tmp_path / "data", readers=readers), checkpoint=path)
        assert bits(again) == bits(unbroken)
        assert [r["loss"] for r in again.history] == [r["loss"] for r in unbroken.history]


def interrupting(at: int):
    """A listener that presses Ctrl-C after so many steps."""
    pressed = []

    def listen(event):
        if isinstance(event, StepsDone) and event.step >= at and not pressed:
            pressed.append(event.step)
            os.kill(os.getpid(), signal.SIGINT)

    return listen


def test_every_state_within_an_epoch_goes_on_to_the_bits_of_the_unbroken_run(tmp_path):
    source, kept = shards(tmp_path), []

    def keep(event):
        if isinstance(event, StepsDone) and event.state is not None and event.step % 7 == 0:
            state = event.state()
            kept.append(deepcopy(replace(state, history=list(state.history))))

    unbroken = trained(source, listeners=[keep])
    assert len(kept) > 5
    for state in kept:
        again = train_recipe(unbroken.recipe, source, None, state=state, progress=False)
        assert bits(again) == bits(unbroken)
        assert [r["loss"] for r in again.history] == [r["loss"] for r in unbroken.history]
        assert [r["watch"] for r in again.history] == [r["watch"] for r in unbroken.history]


def test_bytes_train_as_the_same_numbers_in_floats(tmp_path):
    """They are cast within the program, so the arithmetic is the same."""
    as_bytes = trained(shards(tmp_path / "u", dtype="uint8"))
    assert as_bytes.batch.inputs["x"][1] == "uint8"
    assert bits(as_bytes) == bits(trained(shards(tmp_path / "f", dtype="float32")))


def test_one_chunk_from_a_source_is_what_arrays_in_memory_are_but_for_its_order(tmp_path):
    """Without shuffling, the same examples in the same batches: the same bits."""
    source = shards(tmp_path)
    chunk = next(source.chunks(None, 0))
    assert len(chunk) < ROWS
    x = np.concatenate([c.arrays["x"][c.order] for c in source.chunks(None, 0)])
    y = np.concatenate([c.arrays["y"][c.order] for c in source.chunks(None, 0)])
    assert bits(trained(source, shuffle=False)) == bits(trained((x, y), shuffle=False))


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_source_trains(name, tmp_path):
    case = CASES[name]
    arrays = case.known()
    source, classes = case.make(tmp_path, arrays, 2), int(arrays["y"].max()) + 1

    run = train(SideBySide(classes), source, loss="cross_entropy", epochs=2, batch_size=32, progress=False)
    assert len(run.history) == 2
    assert run.predict(source).shape == (len(arrays["y"]), classes)
    assert set(run.evaluate(source)) >= {"loss", "accuracy"}


def test_predicting_and_evaluating_a_source_is_as_of_arrays(tmp_path):
    source = shards(tmp_path)
    run = trained(source, validation=source)
    x = np.concatenate([c.arrays["x"][c.order] for c in source.chunks(None, 0)])
    y = np.concatenate([c.arrays["y"][c.order] for c in source.chunks(None, 0)])
    assert np.allclose(run.predict(source), run.predict(x), rtol=1e-5, atol=1e-6)
    assert run.evaluate(source) == pytest.approx(run.evaluate((x, y)), rel=1e-5)
    best = min(record["validation_loss"] for record in run.history)
    assert run.evaluate(source)["loss"] == pytest.approx(best, rel=1e-6)


def test_a_source_of_unknown_length_trains_as_one_that_knows(tmp_path):
    draw = np.random.default_rng(0)
    listed = [(draw.normal(size=4).astype(np.float32), number % 3) for number in range(101)]
    knows = trained(examples(listed, length=101, chunk_bytes=1000))
    assert bits(trained(examples(lambda: iter(listed), chunk_bytes=1000))) == bits(knows)
    assert knows.history[-1]["step"] == 3 * 7


def test_other_files_are_told_when_a_run_is_resumed(tmp_path):
    path = tmp_path / "state"
    trained(shards(tmp_path / "a"), checkpoint=path, epochs=1)
    np.save(tmp_path / "a" / "00" / "y.npy", np.zeros(135, np.int64))
    with pytest.raises(DataError, match="training source"):
        trained(npy_shards(tmp_path / "a", chunk_bytes=60 * 32), checkpoint=path)


def test_a_file_that_is_cut_off_while_training_is_named_and_no_thread_stays(tmp_path):
    source = shards(tmp_path, readers=4)

    def truncate(event):
        if isinstance(event, EpochDone):
            file = tmp_path / "01" / "x.npy"
            file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(DataError, match=r"01/x\.npy is cut off"):
        trained(source, listeners=[truncate])
    assert [thread for thread in threading.enumerate() if thread.name == "chainrule reader"] == []


def test_numbers_that_are_none_are_found_in_later_chunks(tmp_path):
    x, y = np.ones((100, 4), np.float32), np.zeros(100, np.int64)
    x[90, 2] = np.nan
    with pytest.raises(DataError, match=r"chunk .: x: 1 value NaN"):
        trained(mapped(x, y, chunk_bytes=400), loss="cross_entropy")
    with pytest.raises(DataError, match=r"chunk .*class"):
        trained(mapped(np.ones((100, 4), np.float32), np.where(np.arange(100) == 90, 7, 0), chunk_bytes=400))


def test_a_share_for_validation_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="a source is not split"):
        trained(shards(tmp_path), validation=0.2)


class TestRagged:
    """Sequences of different lengths."""

    def data(self, count=300):
        draw = np.random.default_rng(2)
        y = draw.integers(0, 2, count)
        listed = [
            np.concatenate([np.full((1, 1), 2 * label - 1), draw.normal(size=(length, 1))])
            for label, length in zip(y, draw.integers(1, 40, count), strict=True)
        ]
        return ragged([each.astype(np.float32) for each in listed]), y

    def trained(self, data, **settings):
        usual = {"loss": "cross_entropy", "optimizer": nn.adam(0.02), "epochs": 12, "progress": False}
        return train(OverTime(), data, **(usual | settings))

    def test_what_stands_at_the_beginning_is_learned(self):
        x, y = self.data()
        run = self.trained((x, y), validation=0.2)
        assert run.history[-1]["validation_accuracy"] > 0.95
        assert run.evaluate((x, y))["accuracy"] > 0.95

    def test_a_prediction_does_not_hang_on_what_is_padded(self):
        x, y = self.data()
        run = self.trained((x, y), epochs=1)
        whole = run.predict(x)
        for row in (0, 5, 17):
            assert np.allclose(run.predict(x[[row]]), whole[row], atol=1e-5)

    def test_a_run_that_is_cut_off_goes_on_to_the_same_bits(self, tmp_path):
        unbroken = self.trained(self.data(), epochs=2)

        settings = {"epochs": 2, "checkpoint": tmp_path / "s"}
        assert self.trained(self.data(), listeners=[interrupting(13)], **settings).stopped == "interrupted"
        assert bits(self.trained(self.data(), **settings)) == bits(unbroken)

    def test_few_programs_are_made_and_the_share_of_padding_is_told(self):
        x, y = self.data()
        run = self.trained((x, y), epochs=2)
        assert 0 <= run.history[-1]["padding"] < 0.3

    def test_it_loads_and_predicts_the_same(self, tmp_path):
        x, y = self.data()
        run = self.trained((x, y), epochs=1)
        run.save(tmp_path / "run")
        assert np.array_equal(load_run(tmp_path / "run", classes=(OverTime,)).predict(x), run.predict(x))
