import io
import json

import numpy as np
import pandas as pd
import pytest


def test_a_probability_for_every_class_on_standard_output(chainrule, people, here, table, run_of_classes):
    finished = chainrule("predict", run_of_classes, table)
    assert finished.code == 0
    assert finished.err == ""
    predictions = pd.read_csv(io.StringIO(finished.out))
    assert list(predictions.columns) == ["prediction", "probability_small", "probability_tall"]
    assert len(predictions) == len(people)
    probabilities = predictions[["probability_small", "probability_tall"]]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    likelier = np.where(predictions["probability_tall"] > 0.5, "tall", "small")
    assert list(predictions["prediction"]) == list(likelier)
    assert (predictions["prediction"] == people["kind"]).mean() > 0.9


def test_values(chainrule, people, here, run_of_values):
    people.drop(columns=["value", "kind"]).to_parquet(here / "new.parquet")
    finished = chainrule("predict", run_of_values, "new.parquet")
    predictions = pd.read_csv(io.StringIO(finished.out))
    assert list(predictions.columns) == ["prediction"]
    assert np.corrcoef(predictions["prediction"], people["value"])[0, 1] > 0.5


@pytest.mark.parametrize("name", ["it.csv", "it.tsv", "it.parquet"])
def test_out_gets_what_standard_output_would(chainrule, here, table, run_of_classes, name):
    (here / name).write_text("old")
    finished = chainrule("predict", run_of_classes, table, "--out", name)
    assert finished.code == 0
    assert finished.out == ""
    assert name in finished.err
    assert {path.name for path in here.iterdir()} == {table, name}
    if name.endswith("parquet"):
        written = pd.read_parquet(here / name)
    else:
        written = pd.read_csv(here / name, sep="\t" if name.endswith("tsv") else ",")
    shown = pd.read_csv(io.StringIO(chainrule("predict", run_of_classes, table).out))
    pd.testing.assert_frame_equal(written, shown, check_dtype=False)


def test_json_is_one_object(chainrule, here, table, run_of_classes):
    finished = chainrule("predict", run_of_classes, table, "--out", "it.csv", "--json")
    printed = json.loads(finished.out)
    assert (printed["rows"], printed["out"]) == (120, "it.csv")
    written = pd.read_csv(here / "it.csv")
    assert [each["prediction"] for each in printed["predictions"]] == list(written["prediction"])
    last = printed["predictions"][-1]
    assert last["probability_tall"] == pytest.approx(written["probability_tall"].iloc[-1])


def test_the_digits_need_no_file(chainrule, here):
    assert chainrule("train", "digits", "-s", "epochs=1", "-s", "layers=16", "--out", "it").code == 0
    predictions = pd.read_csv(io.StringIO(chainrule("predict", "it", "digits").out))
    assert len(predictions) == 1797
    assert set(predictions["prediction"]) <= set(range(10))


def test_a_reader_that_leaves_is_told_nothing(started, table, people, here, run_of_classes):
    pd.concat([people] * 100).to_csv(here / table, index=False)  # more than a pipe holds
    process = started("predict", run_of_classes, table)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("prediction,")
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(30) != 0
