"""Table runs from file to folder, beside scikit-learn's network on the same split."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.metrics import mean_absolute_error
from sklearn.neural_network import MLPClassifier

from chainrule.data import classes_of, fit_preparation, load_named, split_table
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.opening import open_table
from chainrule.tasks.table.explain import explain_run
from chainrule.tasks.table.predict import predict_table
from chainrule.tasks.table.run import TRAINER, load_table_run
from chainrule.tasks.table.settings import TableSettings
from chainrule.training import training_step

SHIPPED = Path(sklearn.__file__).parent / "datasets" / "data"


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up regression table with numbers, a category, missing values and a boolean."""
    random = np.random.default_rng(0)
    size = random.uniform(40, 200, 300)
    town = random.choice(["Aa", "Bee", "Ce"], 300)
    price = 2000 * size + 50_000 * (town == "Bee") + random.normal(0, 5000, 300)
    frame = pd.DataFrame({"size": size, "town": town, "old": size > 100, "price": price})
    frame.loc[::17, "size"] = np.nan
    frame.loc[5, "town"] = None
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["iris", "wine_data", "breast_cancer"])
def test_at_least_as_good_as_scikit_learns_network(name: str) -> None:
    """Mean over splits, same rows, same layers: within one percentage point of MLPClassifier, or above."""
    table = open_table(str(SHIPPED / f"{name}.csv"), "target")
    classes = classes_of(table.target_values())
    ours, theirs = [], []
    for seed in range(8):
        settings = TableSettings(layers=(128, 64), seed=seed)
        run = TRAINER.train(table, settings, progress=False)
        ours.append(run.evaluation["metrics"]["accuracy"])
        rest, test = split_table(table, settings.test, seed, "classification")
        preparation = fit_preparation(rest.frame, "target", "classification", name, classes)
        x, y = preparation.transform(rest.frame), preparation.transform_target(rest.target_values())
        network = MLPClassifier(settings.layers, random_state=seed, max_iter=500).fit(x, y)
        x, y = preparation.transform(test.frame), preparation.transform_target(test.target_values())
        theirs.append(network.score(x, y))
    assert np.mean(ours) >= np.mean(theirs) - 0.01, (ours, theirs)


def test_digits_by_default() -> None:
    run = TRAINER.train(load_named("digits"), TableSettings(), progress=False)
    assert run.evaluation["metrics"]["accuracy"] >= 0.97
    assert run.evaluation["baseline"]["accuracy"] < 0.12


def test_regression_from_file_to_folder_and_back(houses: Path, tmp_path: Path) -> None:
    said: list[str] = []
    table = open_table(str(houses), "price")
    run = TRAINER.train(table, TableSettings(epochs=150, learning_rate=0.01), progress=False, say=said.append)
    assert run.evaluation["metrics"]["r2"] > 0.9
    assert abs(run.evaluation["baseline"]["r2"]) < 0.1
    assert said[0].startswith("regression of 'price'")
    assert any("300 rows: 195 to train on, 45 to validate, 60 held out" in sentence for sentence in said)

    folder = run.save(tmp_path / "run")
    assert {path.name for path in folder.iterdir()} == {
        "config.toml",
        "folder.json",
        "metrics.jsonl",
        "weights.safetensors",
        "preprocessing.json",
        "evaluation.json",
        "report.html",
    }
    again = load_table_run(folder)
    assert again.settings == run.settings
    predicted = predict_table(run, table.frame, "houses")
    pd.testing.assert_frame_equal(predicted, predict_table(again, table.frame, "houses"))
    error = mean_absolute_error(table.frame["price"], predicted["prediction"])
    assert error < 20_000  # in the target's own unit, not standardized
    with pytest.raises(ConfigError, match="exists already"):
        run.save(folder)


def test_held_out_metrics_are_those_of_the_held_out_rows(houses: Path) -> None:
    table = open_table(str(houses), "price")
    run = TRAINER.train(table, TableSettings(epochs=5), progress=False)
    _, test = split_table(table, 0.2, 0, "regression")
    predicted = predict_table(run, test.frame, "houses")["prediction"]
    expected = mean_absolute_error(test.target_values(), predicted)
    assert run.evaluation["metrics"]["mean_absolute_error"] == pytest.approx(expected, rel=1e-6)


def test_rows_in_the_order_of_time_are_held_out_from_the_end(houses: Path) -> None:
    table = replace(open_table(str(houses), "price"), ordered=True)
    run = TRAINER.train(table, TableSettings(epochs=5), progress=False)
    assert "rows stand in the order of time: those held out are the last" in run.notes
    predicted = predict_table(run, table.frame.iloc[-len(table) // 5 :], "houses")["prediction"]
    expected = mean_absolute_error(table.target_values().iloc[-len(table) // 5 :], predicted)
    assert run.evaluation["metrics"]["mean_absolute_error"] == pytest.approx(expected, rel=1e-6)


def test_class_probabilities_have_the_classes_names() -> None:
    table = open_table(str(SHIPPED / "iris.csv"), "target")
    run = TRAINER.train(table, TableSettings(epochs=30), progress=False)
    predicted = predict_table(run, table.frame, "iris")
    assert list(predicted) == [
        "prediction",
        "probability_setosa",
        "probability_versicolor",
        "probability_virginica",
    ]
    np.testing.assert_allclose(predicted.iloc[:, 1:].sum(axis=1), 1, rtol=1e-5)
    likeliest = predicted.iloc[:, 1:].to_numpy().argmax(axis=1)
    names = np.array(["setosa", "versicolor", "virginica"])
    assert (names[likeliest] == predicted["prediction"]).all()


def test_explain_and_program_of_a_run(tmp_path: Path) -> None:
    table = open_table(str(SHIPPED / "iris.csv"), "target")
    settings = TableSettings(
        epochs=3, layers=(5,), dropout=0.5, l2=0.1, label_smoothing=0.1, learning_rate=0.25
    )
    run = TRAINER.train(table, settings, progress=False)
    page = explain_run(run, row=3)
    weights, x = run.run.parameters["dense_1.weight"].T, page.value("x")
    hidden = np.maximum(weights @ x + run.run.parameters["dense_1.bias"], 0)
    np.testing.assert_allclose(page.value("a_1"), hidden, rtol=1e-5)
    moved = page.value("W_y") - 0.25 * np.outer(page.value("δ_y"), hidden)
    np.testing.assert_allclose(page.value("W_y after"), moved, rtol=1e-4, atol=1e-6)
    with pytest.raises(DataError, match="choose one from 0 to 149"):
        explain_run(run, row=150)
    assert "δdense_1" in str(training_step(run.run.recipe, run.run.batch).program)


def test_a_folder_that_is_no_table_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        load_table_run(tmp_path / "none")
    table = open_table(str(SHIPPED / "iris.csv"), "target")
    folder = TRAINER.train(table, TableSettings(epochs=1), progress=False).save(tmp_path / "run")
    (folder / "preprocessing.json").unlink()
    with pytest.raises(DataError, match=r"is damaged: preprocessing\.json is missing"):
        load_table_run(folder)


def test_evaluation_is_plain_json(houses: Path) -> None:
    run = TRAINER.train(open_table(str(houses), "price"), TableSettings(epochs=1), progress=False)
    assert json.loads(json.dumps(run.evaluation)) == run.evaluation


def test_target_must_be_named(houses: Path) -> None:
    with pytest.raises(DataError, match="name it \\(target=…\\)"):
        open_table(str(houses), None)
