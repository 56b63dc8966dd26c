"""Run folders say what they are; those of earlier formats are still read."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from tests.training.helpers import classification, points

from chainrule.data import as_arrays
from chainrule.errors import DataError
from chainrule.training import formats, load_run, train_recipe
from chainrule.training.folder import (
    FOLDER,
    FORMAT,
    Kind,
    check_kind,
    kind_of,
    read_safetensors,
    safetensors_bytes,
    write_kind,
)


@pytest.fixture
def saved(tmp_path):
    recipe = classification(epochs=2)
    run = train_recipe(recipe, as_arrays(points(), recipe.dtype), None)
    return run, run.save(tmp_path / "it")


def test_a_folder_says_its_kind_and_format(saved):
    _, folder = saved
    assert json.loads((folder / FOLDER).read_text()) == {"kind": "run", "format": FORMAT}
    assert kind_of(folder) == Kind("run", FORMAT)


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["weights.safetensors"], "run"),
        (["weights.safetensors", "preprocessing.json"], "table"),
        (["weights.safetensors", "estimator.json"], "estimator"),
        (["weights.safetensors", "forecaster.json"], "forecaster"),
        (["study.toml"], "study"),
    ],
)
def test_a_folder_of_the_first_format_is_known_by_its_files(tmp_path, files, kind):
    for name in files:
        (tmp_path / name).touch()
    assert kind_of(tmp_path) == Kind(kind, 1)


def test_what_is_no_folder_of_ours_is_refused(tmp_path):
    with pytest.raises(DataError, match="nowhere does not exist; give the folder of a run"):
        kind_of(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"not a run folder: it has neither folder\.json nor weights"):
        kind_of(tmp_path)
    (tmp_path / FOLDER).write_text('{"kind": "run"')
    with pytest.raises(DataError, match=r"folder\.json is damaged"):
        kind_of(tmp_path)


def test_another_kind_is_refused(saved):
    _, folder = saved
    with pytest.raises(
        DataError, match="is a folder of the kind 'run', not 'study'; give the folder of a study"
    ):
        check_kind(folder, "study", "give the folder of a study")


def test_a_later_format_is_refused(saved):
    _, folder = saved
    (folder / FOLDER).write_text(json.dumps({"kind": "run", "format": FORMAT + 1}))
    what = f"has format {FORMAT + 1}, and this chainrule reads formats up to {FORMAT}"
    with pytest.raises(DataError, match=re.escape(what)):
        load_run(folder)


def test_equal_runs_are_equal_bytes_but_for_the_seconds(saved, tmp_path):
    run, folder = saved
    again = run.save(tmp_path / "again")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["config.toml", "folder.json", "metrics.jsonl", "weights.safetensors"]
    assert all((folder / name).read_bytes() == (again / name).read_bytes() for name in names)


def test_a_folder_of_the_first_format_predicts_the_same(saved, monkeypatch):
    run, folder = saved
    (folder / FOLDER).unlink()
    path = folder / "weights.safetensors"
    arrays, metadata = read_safetensors(path)
    del metadata["format"]
    plain = json.loads(metadata["recipe"])
    objective = plain.pop("objective")
    del objective["type"]
    as_it_was = json.dumps(plain | objective)
    recipe = as_it_was.replace('"type": "Dense"', '"type": "Thick"').replace('"units"', '"width"')
    assert recipe != as_it_was
    path.write_bytes(safetensors_bytes(arrays, metadata | {"recipe": recipe}))
    monkeypatch.setattr(formats, "CLASSES_OF_1", {"Thick": "Dense"})
    monkeypatch.setattr(formats, "SETTINGS_OF_1", {("Dense", "width"): "units"})
    x = points()[0]
    np.testing.assert_array_equal(load_run(folder).predict(x), run.predict(x))


def test_a_folder_that_is_missing_names_the_nearest_run_beside_it(tmp_path):
    for name in ("digits-001", "sales-001"):
        (tmp_path / name).mkdir()
        write_kind(tmp_path / name, "run")
    near = re.escape(f"digits-01 does not exist (did you mean '{tmp_path / 'digits-001'}'?)")
    with pytest.raises(DataError, match=near):
        kind_of(tmp_path / "digits-01")
    with pytest.raises(DataError, match="does not exist; give the folder of a run"):
        kind_of(tmp_path / "nowhere" / "digits-01")


def test_a_run_in_runs_is_named_without_it_and_a_folder_of_runs_names_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("sales-001", "sales-002"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        write_kind(tmp_path / "runs" / name, "run")
    near = re.escape(f"sales-001 does not exist (did you mean '{Path('runs') / 'sales-001'}'?)")
    with pytest.raises(DataError, match=near):
        kind_of(Path("sales-001"))
    with pytest.raises(DataError, match=re.escape(f"give a folder in it, such as {Path('runs/sales-001')}")):
        kind_of(Path("runs"))
