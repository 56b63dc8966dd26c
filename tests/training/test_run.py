"""A run folder gives back the run, bit for bit, is whole or is not there, and says what is wrong with it."""

import copy
import json
import re
import tomllib
import tracemalloc
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from tests.training.helpers import classification, classifier, line, points, regression, same_arrays

from chainrule import Probe, Run, load_run, nn, train
from chainrule.data import as_arrays
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.executors import Compiled
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Tensor
from chainrule.training import Recipe, read_history, train_recipe
from chainrule.training.programs import BLOCK_ROWS


@pytest.fixture(scope="module")
def run() -> Run:
    recipe = classification(patience=5, penalties=(nn.L2(1e-3),), seed=4)
    return train_recipe(recipe, as_arrays(points()), as_arrays(points(20, seed=3)))


def test_what_a_run_holds_is_documented():
    """Every field, and every name that a record may have but those of metrics."""
    text = str(Run.__doc__)
    for each in fields(Run):
        assert re.search(rf"\b{each.name}\b.*?:", text), each.name
    watched = train(
        classifier(),
        points(),
        loss="cross_entropy",
        epochs=1,
        validation=0.2,
        metrics="accuracy",
        watch=("activation", Probe("gradient", every="step")),
        progress=False,
    )
    names = {name for record in watched.history for name in record if name != "validation_accuracy"}
    assert {"watch", "watch_steps", "validation_loss"} <= names
    assert [name for name in names if f"'{name}'" not in text] == []


def test_save_and_load_give_the_same_run(run, tmp_path):
    folder = run.save(tmp_path / "runs" / "one")
    back = load_run(folder)
    assert folder == tmp_path / "runs" / "one"
    assert back.recipe == run.recipe
    assert same_arrays(back.parameters, run.parameters)
    assert back.history == run.history
    assert (back.stopped, back.best_epoch, back.batch) == (run.stopped, run.best_epoch, run.batch)
    x = points(700, seed=9)[0]
    for predict in ("predict", "outputs"):
        assert getattr(back, predict)(x).tobytes() == getattr(run, predict)(x).tobytes()


@pytest.mark.parametrize(
    ("model", "loss", "data"),
    [
        (nn.Dense(1), nn.Huber(), line()),
        (
            nn.Sequential([nn.Dense(4, "relu"), nn.Dense(1)]),
            nn.BinaryCrossEntropy(),
            (points()[0], points()[1] % 2),
        ),
        (
            nn.Sequential([nn.Flatten(), nn.Dense(2)]),
            nn.MeanSquaredError(),
            (np.ones((6, 2, 3)), np.ones((6, 2))),
        ),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_come_back_for_every_kind_of_output(model, loss, data, dtype, tmp_path):
    run = train(model, data, loss=loss, epochs=2, dtype=dtype)
    predictions = load_run(run.save(tmp_path / "run")).predict(data[0])
    assert predictions.dtype == dtype
    assert predictions.tobytes() == run.predict(data[0]).tobytes()


@dataclass(frozen=True)
class Scaled(nn.Layer):
    """Parameters of a user: a scalar and one without elements."""

    width: int

    def __call__(self, x: Tensor) -> Tensor:
        scale = self.param("scale", (), nn.constant(2.0), x.dtype)
        nothing = self.param("nothing", (0, 3), nn.zeros, x.dtype)
        return x * scale + nothing.sum()


def test_layers_and_parameters_of_your_own_come_back(tmp_path):
    model = nn.Sequential([Scaled(3), nn.Dense(3)])
    run = train(model, points(), loss=nn.SoftmaxCrossEntropy(), epochs=2)
    folder = run.save(tmp_path / "run")
    back = load_run(folder, (Scaled,))
    assert same_arrays(back.parameters, run.parameters)
    assert run.parameters["scaled_1.scale"].shape == ()
    assert back.recipe.model == model
    with pytest.raises(
        ConfigError, match=r"Scaled is none of chainrule's classes; it was defined in .*; give Scaled in the"
    ):
        load_run(folder)


def test_predict_gives_probabilities_and_outputs_the_logits(run):
    x = points(9)[0].astype(np.float32)
    p, z = run.predict(x).astype(np.float64), run.outputs(x).astype(np.float64)
    hidden = np.tanh(x @ run.parameters["dense_1.weight"] + run.parameters["dense_1.bias"])
    np.testing.assert_allclose(
        z, hidden @ run.parameters["dense_2.weight"] + run.parameters["dense_2.bias"], rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(1, keepdims=True), rtol=1e-5)


def test_predict_does_not_depend_on_how_the_rows_are_divided(run):
    x = points(1200, seed=2)[0]
    pieces = np.concatenate([run.predict(x[i : i + 7]) for i in range(0, 1200, 7)])
    np.testing.assert_allclose(run.predict(x), pieces, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("x", "kind", "message"),
    [
        (
            np.ones((3, 5)),
            ShapeError,
            r"^predict got examples of shape \(5,\); the model was trained on \(4,\)",
        ),
        (np.ones(4), ShapeError, r"^predict got examples of shape \(\); the model was trained on \(4,\)"),
        (np.full((3, 4), np.nan), DataError, r"^x: 12 values NaN or infinite"),
        (np.full((3, 4), "a"), DataError, r"^x has dtype <U1"),
        (np.ones((0, 4)), DataError, r"^x has no examples"),
    ],
)
def test_predict_refuses_what_is_unlike_the_training_data(run, x, kind, message):
    with pytest.raises(kind, match=message):
        run.predict(x)


def test_what_is_compiled_is_kept_and_belongs_to_the_run_alone(run, named_executor):
    compiled: list[Program] = []

    def counting(program: Program) -> Compiled:
        compiled.append(program)
        return compile_numpy(program)

    of_its_own = replace(run, executor=named_executor(counting))
    for rows in (1, 1, 5, 7, 8, 600, 1):
        of_its_own.predict(points(rows)[0])
    assert [program.inputs[0].shape[0] for program in compiled] == [1, 8, 512, 128]
    expected = run.predict(points(5)[0]).tobytes()
    again = copy.deepcopy(run)
    assert again.programs is not run.programs
    assert again.predict(points(5)[0]).tobytes() == expected
    assert "programs" not in repr(run)


def test_what_is_wrong_in_one_of_many_rows_is_placed_among_all(run):
    x = points(BLOCK_ROWS + 20)[0]
    x[BLOCK_ROWS + 3, 2] = np.nan
    x[BLOCK_ROWS + 5, 1] = np.inf
    place = f"row {BLOCK_ROWS + 3}, column 2"
    with pytest.raises(DataError, match=rf"^x: 2 values NaN or infinite \(first nan at {place}"):
        run.predict(x)


def test_many_rows_take_little_memory_beyond_their_own(run):
    x = points(200_000)[0]
    run.predict(x[:BLOCK_ROWS])
    tracemalloc.start()
    try:
        predicted = run.predict(x)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < predicted.nbytes + 1_000_000  # and x has 6,400,000 bytes


@pytest.mark.parametrize("rows", [1, 20, 700])
def test_evaluate_gives_the_mean_loss_and_the_metrics(run, rows):
    x, y = points(rows, seed=5)
    weight = np.random.default_rng(1).uniform(0.5, 2, rows)
    p = run.predict(x).astype(np.float64)
    losses, right = -np.log(p[np.arange(rows), y]), p.argmax(1) == y
    for data, weights in (((x, y), None), ((x, y, weight), weight)):
        expected = {
            "loss": np.average(losses, weights=weights),
            "accuracy": np.average(right, weights=weights),
        }
        assert run.evaluate(data) == pytest.approx(expected, rel=1e-5)


def test_evaluate_measures_what_training_did(tmp_path):
    held_out = line(20, seed=8)
    run = train(
        nn.Dense(1),
        line(30),
        loss="huber",
        validation=held_out,
        metrics=["r2"],
        epochs=3,
        keep="last",
    )
    evaluated = load_run(run.save(tmp_path / "run")).evaluate(held_out)
    last = run.history[-1]
    assert evaluated == {"loss": last["validation_loss"], "r2": last["validation_r2"]}


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (points(3)[0], DataError, r"^data is a ndarray"),
        ((points(3)[0], None), DataError, r"^the data has no targets; pass a pair"),
        ((points(3)[0], [0, 1, 3]), DataError, r"the target in row 2 is class 3"),
        ((np.ones((3, 5)), [0, 1, 2]), ShapeError, r"^evaluate got examples of shape \(5,\)"),
    ],
)
def test_evaluate_refuses_what_is_unlike_the_training_data(run, data, kind, message):
    with pytest.raises(kind, match=message):
        run.evaluate(data)


def test_the_folder_holds_config_metrics_and_weights(run, tmp_path):
    folder = run.save(tmp_path / "run", report__html="<p>")
    assert sorted(p.name for p in folder.iterdir()) == [
        *("config.toml", "folder.json", "metrics.jsonl", "report.html", "weights.safetensors")
    ]
    assert Recipe.from_plain(tomllib.loads((folder / "config.toml").read_text("utf-8"))) == run.recipe
    lines = (folder / "metrics.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == run.history == read_history(folder)
    assert same_arrays(load_file(folder / "weights.safetensors"), run.parameters)
    assert (folder / "report.html").read_text("utf-8") == "<p>"


def test_the_config_can_be_another(run, tmp_path):
    folder = run.save(tmp_path / "run", {"file": "a.csv"})
    assert tomllib.loads((folder / "config.toml").read_text("utf-8")) == {"file": "a.csv"}
    assert load_run(folder).recipe == run.recipe


def test_a_run_without_an_epoch_can_be_saved(tmp_path):
    run = Run(classification(), {}, [], "interrupted", 0, load_batch())
    assert load_run(run.save(tmp_path / "run")).history == []


def load_batch():
    return train(classifier(), points(), loss=nn.SoftmaxCrossEntropy(), epochs=1).batch


def test_an_existing_folder_is_refused_and_left_alone(run, tmp_path):
    folder = run.save(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ConfigError, match=r"run exists already; choose another folder, or remove it first"):
        run.save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["safetensors.numpy.save", "tomli_w.dumps", "json.dumps"])
def test_a_failure_while_writing_leaves_nothing(run, error, place, tmp_path, monkeypatch):
    def fail(*given: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(place, fail)
    with pytest.raises(type(error)):
        run.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def break_metadata(folder: Path, **metadata: str) -> None:
    weights = folder / "weights.safetensors"
    save_file(load_file(weights), weights, metadata)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda f: (f / "weights.safetensors").unlink(),
            r"the folder of a run, has no weights\.safetensors",
        ),
        (lambda f: (f / "weights.safetensors").write_bytes(b"no"), "is not a whole safetensors file"),
        (lambda f: (f / "metrics.jsonl").unlink(), r"metrics\.jsonl does not exist"),
        (lambda f: (f / "metrics.jsonl").write_text('{"epoch": 1'), r"metrics\.jsonl is damaged"),
        (lambda f: (f / "metrics.jsonl").write_bytes(b"\xff\xfe"), r"metrics\.jsonl is damaged"),
        (lambda f: break_metadata(f), "was not written by chainrule"),
        (lambda f: break_metadata(f, recipe="{}", run="{", batch="{}"), "was not written by chainrule"),
    ],
)
def test_a_damaged_folder_is_refused(run, damage, message, tmp_path):
    folder = run.save(tmp_path / "run")
    damage(folder)
    with pytest.raises((DataError, ConfigError), match=message):
        load_run(folder)


@pytest.mark.parametrize("facts", ["{", "[]", "{}", '{"stopped": "epochs"}', "3"])
def test_facts_that_are_missing_are_refused(run, facts, tmp_path):
    folder = run.save(tmp_path / "run")
    recipe = json.dumps(run.recipe.to_plain())
    break_metadata(folder, recipe=recipe, run=facts, batch='{"x": [[16, 4], "float32"]}')
    with pytest.raises(DataError, match=r"weights\.safetensors was not written by chainrule"):
        load_run(folder)


def test_no_folder_is_said_so(tmp_path):
    with pytest.raises(DataError, match=r"run does not exist; give the folder of a run"):
        load_run(tmp_path / "run")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file is not a folder"):
        load_run(str(tmp_path / "file"))


def test_regression_predicts_the_line():
    x, y = line(40)
    run = train_recipe(regression(nn.sgd(0.1), epochs=60, batch_size=8), as_arrays((x, y), "float64"), None)
    solution = np.linalg.lstsq(np.c_[x, np.ones(40)], y, rcond=None)[0]
    np.testing.assert_allclose(run.predict(x), np.c_[x, np.ones(40)] @ solution, atol=0.1)


def named(examples: int = 50, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    x, y = points(examples, seed)
    return pd.DataFrame(x, columns=["a", "b", "c", "d"]), y


@pytest.fixture(scope="module")
def of_frame() -> Run:
    return train(classifier(), named(), loss=nn.SoftmaxCrossEntropy(), epochs=2)


def test_columns_are_known_by_their_names_also_from_a_folder(of_frame, tmp_path):
    back = load_run(of_frame.save(tmp_path / "run"))
    x, _ = named(9, seed=5)
    expected = of_frame.predict(x).tolist()
    assert of_frame.columns == back.columns == {"x": ("a", "b", "c", "d")}
    for run in (of_frame, back):
        assert run.predict(x[["c", "a", "d", "b"]]).tolist() == expected
        assert run.predict(x.assign(text="extra")[["text", "d", "c", "b", "a"]]).tolist() == expected
        assert run.predict(pl.from_pandas(x[["d", "c", "b", "a"]])).tolist() == expected
        assert run.predict(x.to_numpy()).tolist() == expected
        assert run.outputs(x[["b", "a", "c", "d"]]).tolist() == run.outputs(x).tolist()
        with pytest.raises(DataError, match=r"x lacks the column 'b' \(did you mean 'B'\?\)"):
            run.predict(x.rename(columns={"b": "B"}))


def test_a_folder_without_names_takes_columns_by_position(of_frame, tmp_path):
    """As folders of before, and as those of runs on arrays."""
    folder = of_frame.save(tmp_path / "run")
    weights = folder / "weights.safetensors"
    with safe_open(weights, framework="numpy") as file:
        metadata = {name: text for name, text in file.metadata().items() if name != "columns"}
    save_file(load_file(weights), weights, metadata)
    back = load_run(folder)
    x, _ = named(9, seed=5)
    assert back.columns == {}
    assert (
        back.predict(x[["c", "a", "d", "b"]]).tolist()
        == of_frame.predict(x.to_numpy()[:, [2, 0, 3, 1]]).tolist()
    )
