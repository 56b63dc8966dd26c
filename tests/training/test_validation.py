"""A validation loss that is infinite or NaN: said once, never the best, and stored as valid JSON."""

import json
import math
import warnings

import numpy as np
import pytest
from safetensors import safe_open
from tests.training.helpers import line, regression, without_seconds

from chainrule import ChainruleWarning, nn
from chainrule.data import Arrays, as_arrays
from chainrule.training import Run, load_run, load_state, train_recipe


def refuse(word: str) -> float:
    raise AssertionError(f"{word} is not JSON")


def validation(*, row: int = 4, x: float | None = None, y: float | None = None) -> Arrays:
    """Ten rows, one of which may hold something extreme."""
    data = as_arrays(line(10, seed=3), "float32")
    assert data.y is not None
    if x is not None:
        data.x[row, 1] = x
    if y is not None:
        data.y[row, 0] = y
    return data


def trained(held_out: Arrays, **settings) -> tuple[Run, list[str]]:
    recipe = regression(dtype="float32", **settings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = train_recipe(recipe, as_arrays(line(), "float32"), held_out)
    assert all(each.category is ChainruleWarning for each in caught)
    assert all(each.filename == __file__ for each in caught)
    return run, [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("extreme", "cause"),
    [({"x": 3e38}, "x is 3e+38 in row 4, column 1"), ({"y": -2e38}, "y is -2e+38 in row 4, column 0")],
)
def test_no_finite_epoch_is_said_once_and_the_last_weights_are_kept(extreme, cause):
    run, told = trained(validation(**extreme))
    assert told == [
        f"the validation loss of epoch 1 is infinite: {cause} (of the validation data), too large for the "
        "arithmetic of float32; scale that row or leave it out; an epoch without a finite loss is never "
        "taken for the best"
    ]
    assert (run.stopped, run.best_epoch, len(run.history)) == ("epochs", 0, 3)
    alone = train_recipe(run.recipe, as_arrays(line(), "float32"), None)
    for name, array in alone.parameters.items():
        np.testing.assert_array_equal(run.parameters[name], array)


def test_a_prediction_that_is_not_finite_is_named_by_its_row():
    """1e25 times 1e17 is beyond float32, and neither is by itself."""
    model = nn.Sequential([nn.Dense(1, weight=nn.constant(1e25))])
    recipe = regression(nn.sgd(1e-30), model=model, dtype="float32", epochs=1)
    data = Arrays.of(np.full((2, 1), 1e-25, np.float32), np.ones((2, 1), np.float32))
    held_out = Arrays.of(np.array([[0.0], [1e17], [0.0]], np.float32), np.zeros((3, 1), np.float32))
    with pytest.warns(
        ChainruleWarning, match=r"is infinite: what is predicted for row 1 \(of the validation"
    ):
        train_recipe(recipe, data, held_out)


def test_the_best_epoch_is_one_of_those_that_are_finite():
    """w climbs to 1000 · ½; times 1e17, from w = 184 on, its square is beyond float32."""
    data = Arrays.of(np.ones((4, 1), np.float32), np.full((4, 1), 1000.0, np.float32))
    held_out = Arrays.of(np.full((3, 1), 1e17, np.float32), np.zeros((3, 1), np.float32))
    recipe = regression(nn.sgd(0.01), model=nn.Dense(1, weight=nn.zeros), dtype="float32", epochs=30)
    with pytest.warns(ChainruleWarning) as caught:
        run = train_recipe(recipe, data, held_out)
    finite = [record["epoch"] for record in run.history if math.isfinite(record["validation_loss"])]
    assert finite == list(range(1, len(finite) + 1))
    assert 3 < len(finite) < 30
    assert (run.best_epoch, len(caught)) == (1, 1)
    assert f"the validation loss of epoch {len(finite) + 1} is infinite" in str(caught[0].message)


def test_patience_runs_out_where_no_epoch_is_finite():
    run, _ = trained(validation(x=3e38), epochs=50, patience=2)
    assert (run.stopped, len(run.history), run.best_epoch) == ("early stopping", 2, 0)


def test_the_files_are_json_and_nan_comes_back(tmp_path):
    run, _ = trained(validation(x=3e38))
    folder = run.save(tmp_path / "run")
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(each, parse_constant=refuse)["validation_loss"] for each in lines] == [None] * 3
    back = load_run(folder)
    assert all(math.isnan(record.pop("validation_loss")) for record in back.history)
    for record in run.history:
        del record["validation_loss"]
    assert without_seconds(back.history) == without_seconds(run.history)


def test_files_of_before_with_infinity_are_read(tmp_path):
    run, _ = trained(validation(x=3e38))
    folder = run.save(tmp_path / "run")
    (folder / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in run.history))
    assert "Infinity" in (folder / "metrics.jsonl").read_text()
    assert load_run(folder).history == run.history


def test_the_checkpoint_is_json_and_goes_on(tmp_path):
    path, recipe = tmp_path / "state.safetensors", regression(dtype="float32")
    with pytest.warns(ChainruleWarning):
        train_recipe(recipe, as_arrays(line(), "float32"), validation(x=3e38), checkpoint=path)
    with safe_open(path, framework="numpy") as file:
        stored = json.loads(file.metadata()["state"], parse_constant=refuse)
    assert (stored["best_loss"], stored["history"][0]["validation_loss"]) == (None, None)
    state = load_state(path, recipe)
    assert state.best_loss == math.inf
    assert math.isnan(state.history[0]["validation_loss"])
