import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from chainrule.training import loop

RUN_FILES = {
    "config.toml", "evaluation.json", "folder.json", "metrics.jsonl", "preprocessing.json", "report.html",
    "weights.safetensors",
}  # fmt: skip
FINDINGS = {"doctor.json"}  # where the doctor found something


def test_a_csv_file_becomes_a_run_and_the_figures_a_table(here, table, chainrule):
    finished = chainrule("train", table, "--target", "kind", "--set", "epochs=30")
    assert finished.code == 0
    run = here / "runs" / "people-001"
    assert {path.name for path in run.iterdir()} - FINDINGS == RUN_FILES
    assert [path.name for path in (here / "runs").iterdir()] == ["people-001"]
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["metrics"]["accuracy"] >= 0.9
    for value in (evaluation["metrics"]["accuracy"], evaluation["baseline"]["accuracy"]):
        assert f"{100 * value:.2f} %" in finished.out
    assert "most frequent class" in finished.out
    assert "runs/people-001/report.html" in finished.out
    assert "classification of 'kind'" in finished.err
    assert "120 rows: 78 to train on, 18 to validate, 24 held out" in finished.err
    assert "epoch 30/30" in finished.err


def test_a_parquet_file_and_values(here, people, chainrule):
    people.drop(columns="kind").to_parquet(here / "people.parquet")
    finished = chainrule(
        "train", "people.parquet", "-t", "value", "-s", "epochs=60", "-s", "learning_rate=0.01"
    )
    assert finished.code == 0
    assert "regression of 'value'" in finished.err
    assert "baseline:" in finished.out
    assert "mean" in finished.out
    assert json.loads((here / "runs/people-001/evaluation.json").read_text())["metrics"]["r2"] > 0.9


def test_json_is_exactly_one_object_on_standard_output(here, table, chainrule):
    finished = chainrule("train", table, "-t", "kind", "-s", "epochs=3", "--out", "it", "--json")
    assert finished.code == 0
    assert finished.out.count("\n") == 1
    printed = json.loads(finished.out)
    evaluation = json.loads((here / "it/evaluation.json").read_text())
    assert printed["metrics"] == evaluation["metrics"]
    assert printed["baseline"] == evaluation["baseline"]
    assert printed["rows"] == {"train": 78, "validation": 18, "test": 24}
    assert (printed["task"], printed["problem"], printed["target"]) == ("table", "classification", "kind")
    assert (printed["run"], printed["report"]) == ("it", "it/report.html")
    assert (printed["stopped"], printed["epochs"]) == ("epochs", 3)
    assert printed["seconds"] > 0
    assert "epoch 3/3" in finished.err


def test_a_file_that_scikit_learn_ships(here, chainrule):
    iris = Path(sklearn.datasets.__file__).parent / "data" / "iris.csv"
    finished = chainrule("train", iris, "--target", "target", "-s", "learning_rate=0.01", "--json")
    assert json.loads(finished.out)["metrics"]["accuracy"] >= 0.9


def test_the_digits_need_no_file(here, chainrule):
    finished = chainrule("train", "digits", "--set", "epochs=2", "--json")
    printed = json.loads(finished.out)
    assert printed["run"] == "runs/digits-001"
    assert printed["rows"] == {"train": 1168, "validation": 270, "test": 359}
    assert printed["metrics"]["accuracy"] > 0.8
    assert printed["baseline"]["accuracy"] < 0.12


def test_the_config_of_a_run_repeats_it(here, table, chainrule, assert_same_weights):
    chosen = (
        "-s",
        "epochs=4",
        "-s",
        "layers=[9, 5]",
        "-s",
        "dropout=0.2",
        "-s",
        "seed=3",
        "-s",
        "schedule=cosine",
    )
    assert chainrule("train", table, "-t", "kind", *chosen, "--out", "first").code == 0
    assert chainrule("train", "--config", "first/config.toml", "--out", "second").code == 0
    assert_same_weights(here / "first", here / "second")
    assert (here / "first/config.toml").read_text() == (here / "second/config.toml").read_text()


def test_the_same_seed_gives_the_same_bits_and_another_does_not(
    here, table, chainrule, weights, assert_same_weights
):
    arguments = ("train", table, "-t", "kind", "-s", "epochs=2", "-s", "dropout=0.1")
    for out, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert chainrule(*arguments, "-s", f"seed={seed}", "--out", out).code == 0
    assert_same_weights(here / "a", here / "b")
    assert not np.array_equal(weights(here / "a")["dense_1.weight"], weights(here / "c")["dense_1.weight"])


def test_equal_runs_are_equal_bytes_but_for_the_seconds_that_were_measured(
    here, table, chainrule, monkeypatch
):
    arguments = ("train", table, "-t", "kind", "-s", "epochs=3", "--out")
    assert chainrule(*arguments, "measured/it").code == 0
    for out in ("one/it", "two/it"):
        monkeypatch.setattr(loop.time, "perf_counter", lambda: 0.0)
        assert chainrule(*arguments, out).code == 0
    one, two, measured = (contents(here / name / "it") for name in ("one", "two", "measured"))
    assert one == two
    assert {name for name in one if one[name] != measured[name]} == {
        "metrics.jsonl", "evaluation.json", "report.html",
    }  # fmt: skip
    seconds = re.compile(rb'"seconds": [0-9.e-]+')
    for name in ("metrics.jsonl", "evaluation.json"):
        assert seconds.sub(b"", one[name]) == seconds.sub(b"", measured[name])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_options_win_over_the_file_and_the_file_over_defaults(here, table, chainrule):
    (here / "run.toml").write_text('target = "value"\nepochs = 2\nbatch_size = 16\nlayers = [4]\n')
    arguments = (
        "-t",
        "kind",
        "-c",
        "run.toml",
        "-s",
        "batch-size=8",
        "-s",
        "batch_size=10",
        "-s",
        "patience=3",
    )
    assert chainrule("train", table, *arguments, "--out", "it").code == 0
    config = tomllib.loads((here / "it/config.toml").read_text())
    expected = {
        "file": table, "target": "kind", "epochs": 2, "batch_size": 10, "layers": [4], "patience": 3,
        "validation": 0.15,
    }  # fmt: skip
    assert {key: config[key] for key in expected} == expected


def test_runs_are_numbered_and_unfinished_ones_keep_their_name(here, table, chainrule):
    (here / "runs/people-001.checkpoint").mkdir(parents=True)
    for expected in ("people-002", "people-003"):
        finished = chainrule("train", table, "-t", "kind", "-s", "epochs=1", "--json")
        assert json.loads(finished.out)["run"] == f"runs/{expected}"


def test_an_empty_out_folder_is_filled_in_place(here, table, chainrule):
    (here / "it").mkdir()
    assert chainrule("train", table, "-t", "kind", "-s", "epochs=1", "--out", "it").code == 0
    assert {path.name for path in (here / "it").iterdir()} - FINDINGS == RUN_FILES


@pytest.mark.parametrize("broken", ["preprocessing", "report"])
def test_a_run_folder_is_whole_or_not_there(here, table, chainrule, monkeypatch, broken):
    def fail(*arguments: object, **others: object) -> None:
        raise OSError(28, "No space left on device", str(here / "it" / broken))

    names = {"preprocessing": "table.run.write_json", "report": "storing.run_page"}
    monkeypatch.setattr(f"chainrule.tasks.{names[broken]}", fail)
    finished = chainrule("train", table, "-t", "kind", "-s", "epochs=1", "--out", "it")
    assert finished.code == 2
    assert re.search(r"chainrule: .*No space left on device", finished.err)
    # What was learned is kept: with room on the disk, --resume writes the run without training again.
    assert {path.name for path in here.iterdir()} == {table, "it.checkpoint"}
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert chainrule("train", "--out", "it", "--resume").code == 0
    assert {path.name for path in here.iterdir()} == {table, "it"}
