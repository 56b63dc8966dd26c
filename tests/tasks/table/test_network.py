"""The default network and recipe of tables: sizes by the table, and runs on a table of every kind."""

import json

import numpy as np
import pandas as pd
import pytest

from chainrule import nn
from chainrule.data import Feature, Table
from chainrule.nn.tree import from_plain, to_plain
from chainrule.tasks.table.explain import explain_run
from chainrule.tasks.table.network import (
    line_edges,
    table_choices,
    table_features,
    table_network,
    table_recipe,
)
from chainrule.tasks.table.predict import predict_table
from chainrule.tasks.table.run import TRAINER, load_table_run
from chainrule.tasks.table.settings import TableSettings, recipe_for

RANDOM = np.random.default_rng(0)
MATRIX = np.column_stack(
    [
        RANDOM.normal(size=600),
        RANDOM.integers(0, 2, 600),
        RANDOM.integers(0, 7, 600),
        RANDOM.integers(0, 2, 600),
    ]
).astype(np.float32)
FEATURES = (Feature("a", "number"), Feature("b", "flag"), Feature("c", "code", 7), Feature("d", "number"))


def test_numbers_of_more_than_two_values_are_bent_where_rows_suffice():
    layer = table_features(FEATURES, MATRIX, rows=600)
    assert layer.codes == (0, 0, 7, 0)
    assert (layer.numbers, layer.embedded) == ("piecewise", (0,))
    assert layer.edges[0][0] == MATRIX[:, 0].min()
    assert layer.edges[0][-1] == MATRIX[:, 0].max()
    assert 16 < len(layer.edges[0]) <= 34
    few = table_features(FEATURES, MATRIX, rows=499)
    assert (few.numbers, few.embedded, few.edges) == ("plain", (), ())


def test_edges_resolve_rare_values():
    values = np.concatenate([np.zeros(1000), np.arange(1.0, 31.0)])
    edges = line_edges(values)
    assert edges[0] == 0
    assert len(edges) > 15
    assert line_edges(np.array([1.0, 2.0, 1.0])) == (1.0, 2.0)


@pytest.mark.parametrize("rows", [20, 600, 2000, 10_000, 100_000])
def test_larger_tables_get_larger_batches_and_small_ones_more_patience(rows: int):
    now, later = (table_choices(count, "regression") for count in (rows, 10 * rows))
    assert later.batch_size >= now.batch_size
    assert later.patience <= now.patience
    assert now.patience * -(-rows // now.batch_size) >= 90  # steps


def test_the_network_is_stored_as_plain_data_and_small_tables_get_a_narrow_one():
    for rows, width in ((600, 64), (1000, 128)):
        network = table_network(FEATURES, MATRIX, 3, rows=rows)
        assert from_plain(json.loads(json.dumps(to_plain(network))), nn.KINDS) == network
        assert isinstance(network, nn.Sequential)
        assert [layer.units for layer in network.layers if isinstance(layer, nn.Dense)] == [width]


def test_the_settings_of_a_table_make_the_recipe_for_tables():
    network = table_network(FEATURES, MATRIX, 3, rows=600)
    by_settings = recipe_for(TableSettings(seed=5), "classification", 3, 600, network)
    assert by_settings == table_recipe(
        FEATURES, MATRIX, 3, nn.SoftmaxCrossEntropy(), task="classification", rows=600, seed=5
    )
    assert table_choices(600, "regression").dropout == 0
    chosen = recipe_for(TableSettings(epochs=7, batch_size=9, patience=2), "regression", 1, 600, network)
    assert (chosen.epochs, chosen.batch_size, chosen.patience) == (7, 9, 2)
    assert chosen.loss == nn.MeanOfMembers(nn.MeanSquaredError())


@pytest.fixture(scope="module")
def shops() -> Table:
    """Sales by shop, of which there are many, weekday and a saw-tooth of the price; skewed, with gaps."""
    random = np.random.default_rng(1)
    rows = 1500
    shop, price = random.integers(0, 60, rows), random.uniform(0, 5, rows)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 200, rows), unit="D")
    level = np.random.default_rng(2).normal(size=60)[shop] + (price % 1) * 2 + (day.day_of_week == 6)
    frame = pd.DataFrame(
        {
            "shop": [f"shop {number}" for number in shop],
            "price": np.where(random.random(rows) < 0.05, np.nan, price),
            "day": day,
            "sales": np.exp(level + 0.1 * random.normal(size=rows)),
        }
    )
    return Table(frame, "sales", "shops")


def test_a_table_of_every_kind_from_training_to_folder(shops: Table, tmp_path):
    said: list[str] = []
    run = TRAINER.train(shops, TableSettings(epochs=25), progress=False, say=said.append)
    assert run.evaluation["metrics"]["r2"] > 0.75
    assert run.preparation.target_scale is not None
    assert run.preparation.target_scale.transform == "log1p"
    assert any(sentence.startswith("skewed target 'sales': its skewness is") for sentence in said)
    again = load_table_run(run.save(tmp_path / "run"))
    new = shops.frame.head(20).assign(shop=["shop 3", None, "a new shop", "shop 9"] * 5)
    predicted = predict_table(again, new, "new")
    pd.testing.assert_frame_equal(predicted, predict_table(run, new, "new"))
    assert (predicted["prediction"] > -1).all()


def test_rare_classes_count_more(shops: Table):
    noisy = shops.frame["sales"] * np.random.default_rng(3).lognormal(0, 0.5, len(shops))
    frame = shops.frame.assign(rare=(noisy > noisy.quantile(0.95)).astype(int))
    table = Table(frame.drop(columns="sales"), "rare", "shops")
    found = {}
    for class_weight in ("auto", "none"):
        settings = TableSettings(epochs=12, class_weight=class_weight)
        said: list[str] = []
        run = TRAINER.train(table, settings, progress=False, say=said.append)
        assert any(sentence.startswith("class imbalance 'rare'") for sentence in said)
        found[class_weight] = run.evaluation["metrics"]["balanced_accuracy"]
    assert found["auto"] > found["none"] + 0.05


def test_explaining_an_ensemble_shows_a_small_network_and_says_so(shops: Table, tmp_path):
    path = tmp_path / "shops.csv"
    shops.frame.head(200).to_csv(path, index=False)
    from chainrule.tasks.opening import open_table

    run = TRAINER.train(open_table(str(path), "sales"), TableSettings(epochs=1), progress=False)
    page = explain_run(run, row=3)
    assert "a network of 8 units at its start (the run's own is too large to read)" in page.title
    assert page.value("δ_y").shape == (1,)
