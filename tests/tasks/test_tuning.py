"""Tuning a table: what a trial trains, what the study leaves, and who may continue with it."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
import tomli_w

from chainrule.data import Table, split_table
from chainrule.errors import ConfigError, DataError, TrainingError
from chainrule.nn import MeanOfMembers
from chainrule.tasks.forecast import FORECAST
from chainrule.tasks.forecast.settings import ForecastTaskSettings
from chainrule.tasks.table import TABLE
from chainrule.tasks.table.predict import predict_table
from chainrule.tasks.table.prepare import prepare_table
from chainrule.tasks.table.run import TRAINER, load_table_run
from chainrule.tasks.table.settings import TableSettings, recipe_for
from chainrule.tasks.table.space import ENSEMBLE_SPACE, LAYERS_SPACE, SEARCH
from chainrule.tasks.trainer import PreparedTrials
from chainrule.tasks.tuning import find_study, space_of, study_name, tune_task
from chainrule.tune import Asha, Categorical, Float, Space
from chainrule.tune.storage import open_storage
from chainrule.tune.study import SUBJECT

SETTINGS = TableSettings(layers=(128, 64), epochs=6, test=0.25)
SMALL = Space({"learning_rate": Float(1e-3, 0.1, log=True, first=1e-3), "batch_size": Categorical((16, 32))})


@pytest.fixture(scope="module")
def table() -> Table:
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"a": random.normal(size=120), "b": random.choice(["x", "y"], 120)})
    frame["kind"] = np.where(frame["a"] + (frame["b"] == "x") > 0.5, "up", "down")
    return Table(frame, "kind", "made.csv")


def tune(table: Table, folder: Path, trials: int, **others):
    arguments = {"space": SMALL, "pruning": None} | others
    return tune_task(TABLE, table, SETTINGS, trials=trials, folder=folder, **arguments)


def test_the_first_trial_is_the_default_but_for_a_trace_of_decay() -> None:
    settings = SEARCH.settings(LAYERS_SPACE.first(), TableSettings())
    assert set(LAYERS_SPACE.first()) == set(LAYERS_SPACE.parameters)
    assert (settings.l2, settings.weight_decay) == (1e-7, 1e-6)
    plain = replace(TableSettings(layers=(128, 64)), l2=1e-7, weight_decay=1e-6)
    assert settings.layers == plain.layers
    assert settings.choices("regression", 100) == plain.choices("regression", 100)
    assert recipe_for(settings, "regression", 1, 100) == recipe_for(plain, "regression", 1, 100)


def test_every_draw_makes_a_recipe(table: Table) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    prepared = prepare_table(table, TableSettings(layers=(1,)))
    for _ in range(60):
        prepared.recipe(SEARCH.settings(LAYERS_SPACE.draw(study.ask()), TableSettings()))


def test_depth_width_and_taper_make_the_layers() -> None:
    values = {"depth": 3, "width": 100, "taper": "half", "dropout": 0.1}
    settings = SEARCH.settings(values, TableSettings(epochs=7))
    assert settings.layers == (100, 50, 25)
    assert (settings.dropout, settings.epochs) == (0.1, 7)
    assert SEARCH.settings(values | {"taper": "none", "depth": 2}, TableSettings()).layers == (100, 100)
    assert SEARCH.settings({"depth": 4, "width": 4, "taper": "half"}, TableSettings()).layers == (4, 2, 1, 1)


def test_what_is_set_is_not_searched() -> None:
    layers, plain = set(LAYERS_SPACE.parameters), TableSettings(layers=(8,))
    assert space_of(TABLE, TableSettings()) == ENSEMBLE_SPACE  # what train trains
    assert space_of(TABLE, TableSettings(), name="layers") == space_of(TABLE, plain) == LAYERS_SPACE
    assert set(space_of(TABLE, plain, ["layers", "optimizer", "epochs"]).parameters) == layers - {
        "depth", "width", "taper", "optimizer",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="empty"):
        space_of(TABLE, plain, [*layers, "layers"])
    with pytest.raises(ConfigError, match=r"no space 'ensembl' .did you mean 'ensemble'"):
        space_of(TABLE, plain, name="ensembl")
    with pytest.raises(ConfigError, match="nothing can be searched for the task table"):
        space_of(replace(TABLE, search=None), plain)


@pytest.mark.parametrize("target", ["kind", "a"])
def test_the_first_trial_of_the_ensemble_trains_as_train_does(table: Table, target: str) -> None:
    prepared = prepare_table(Table(table.frame, target, "made.csv"), TableSettings())
    first = SEARCH.settings(ENSEMBLE_SPACE.first(), TableSettings())
    assert set(ENSEMBLE_SPACE.first()) == set(ENSEMBLE_SPACE.parameters)
    assert prepared.recipe(first) == prepared.recipe(TableSettings())


def test_every_draw_of_the_ensemble_makes_a_recipe(table: Table) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    prepared = prepare_table(table, TableSettings())
    for _ in range(60):
        recipe = prepared.recipe(SEARCH.settings(ENSEMBLE_SPACE.draw(study.ask()), TableSettings()))
        assert isinstance(recipe.loss, MeanOfMembers)


def test_the_default_ensemble_is_tuned(table: Table, tmp_path: Path) -> None:
    settings = TableSettings(epochs=2)
    found = tune_task(TABLE, table, settings, trials=2, folder=tmp_path / "it", pruning=None)
    usual = TRAINER.train(table, settings, progress=False)
    first = found.result.trials[0]
    assert first.score == min(record["validation_loss"] for record in usual.run.history)
    assert found.best is not None
    assert isinstance(found.best.run.recipe.loss, MeanOfMembers)
    assert load_table_run(tmp_path / "it" / "best").settings == found.best.settings


def test_a_study_leaves_its_best_run_as_train_would_have_made_it(table: Table, tmp_path: Path) -> None:
    said: list[str] = []
    found = tune(table, tmp_path / "made-tune-001", 4, say=said.append)
    folder = found.folder
    assert {path.name for path in folder.iterdir()} == {
        "folder.json", "study.toml", "study.db", "best", "report.html",
    }  # fmt: skip
    assert "classification of 'kind'" in said[0]
    assert "120 rows: 72 to train on, 18 to compare trials by, 30 held out" in said[-2]
    assert found.best is not None
    assert found.result.best is not None
    assert found.best.settings == SEARCH.settings(found.result.best.values, SETTINGS)
    assert min(record["validation_loss"] for record in found.best.run.history) == found.result.best.score

    again = TRAINER.train(table, found.best.settings, progress=False)
    assert again.evaluation["metrics"] == found.best.evaluation["metrics"]
    stored = load_table_run(folder / "best")
    for name, array in again.run.parameters.items():
        assert array.tobytes() == stored.run.parameters[name].tobytes()
    _, test = split_table(table, 0.25, 0, "classification")
    right = predict_table(stored, test.frame, "made")["prediction"] == test.target_values().to_numpy()
    assert found.best.evaluation["metrics"]["accuracy"] == pytest.approx(right.mean())
    page = (folder / "report.html").read_text()
    for words in ("Parallel coordinates", "too few trials", "learning rate", 'href="best/report.html"'):
        assert words in page


def test_the_held_out_rows_are_looked_at_once(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[TableSettings] = []
    usual = PreparedTrials.evaluated

    def counted(self, run, settings):
        looks.append(settings)
        return usual(self, run, settings)

    monkeypatch.setattr(PreparedTrials, "evaluated", counted)
    found = tune(table, tmp_path / "it", 3)
    assert found.best is not None
    assert looks == [found.best.settings]
    tune(table, tmp_path / "it", 3)  # nothing new, so nothing to look at
    assert len(looks) == 1


def test_more_trials_replace_the_best_when_one_is_better(table: Table, tmp_path: Path) -> None:
    """A later call has not the best run in memory, and trains it again, to the same bits."""
    first = tune(table, tmp_path / "it", 1)
    more = tune(table, tmp_path / "it", 5)
    assert first.result.best is not None
    assert more.result.best is not None
    assert more.best is not None
    assert len(more.result.trials) == 5
    assert more.result.best.score is not None
    assert first.result.best.score is not None
    assert more.result.best.score < first.result.best.score  # so the test would notice a best that stays
    assert load_table_run(tmp_path / "it" / "best").settings == more.best.settings

    (tmp_path / "it" / "best").rename(tmp_path / "gone")
    third = tune(table, tmp_path / "it", 5)
    assert third.result.run is None
    assert third.best is not None
    old, new = load_table_run(tmp_path / "gone"), load_table_run(tmp_path / "it" / "best")
    assert all((old.run.parameters[name] == array).all() for name, array in new.run.parameters.items())


def test_a_best_that_can_not_be_written_leaves_the_old_one(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tune(table, tmp_path / "it", 1)

    def full(self, folder):
        raise OSError(28, "No space left on device", str(folder))

    monkeypatch.setattr("chainrule.tasks.table.run.TableRun.save", full)
    with pytest.raises(OSError, match="No space"):
        tune(table, tmp_path / "it", 5)
    monkeypatch.undo()
    assert first.best is not None
    assert load_table_run(tmp_path / "it" / "best").settings == first.best.settings


def test_the_folder_of_something_else_is_refused(table: Table, tmp_path: Path) -> None:
    folder = tmp_path / "it"
    tune(table, folder, 1)
    before = sorted(folder.rglob("*"))
    other = Table(table.frame.assign(a=table.frame["a"] + 1), "kind", "made.csv")
    with pytest.raises(ConfigError, match=r"the study in .*it has other arguments: its table is '120 rows"):
        tune(other, folder, 2)
    with pytest.raises(ConfigError, match="its target is 'kind', here 'b'"):
        tune(Table(table.frame, "b", "made.csv"), folder, 2)
    with pytest.raises(ConfigError, match=r"settings \(epochs is 6, here 'auto'\)"):
        tune_task(
            TABLE, table, replace(SETTINGS, epochs="auto"), trials=2, folder=folder, space=SMALL, pruning=None
        )
    with pytest.raises(ConfigError, match="kept in the folder itself"):
        tune(table, folder, 2, study=f"sqlite:///{tmp_path / 'shared.db'}")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "something").touch()
    with pytest.raises(ConfigError, match="exists already"):
        tune(table, tmp_path / "taken", 2)
    assert sorted(folder.rglob("*")) == before


def test_nothing_is_left_where_something_is_wrong(table: Table, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not respond"):
        tune(table, tmp_path / "it", 1, study="sqlite:////nowhere/at/all.db")
    with pytest.raises(ConfigError, match="huber is for regression"):
        tune_task(TABLE, table, TableSettings(loss="huber"), trials=1, folder=tmp_path / "it")
    with pytest.raises(DataError, match="one class only"):
        tune(Table(table.frame.assign(kind="up"), "kind", "made.csv"), tmp_path / "it", 1)
    with pytest.raises(ConfigError, match="trials is 0"):
        tune(table, tmp_path / "it", 0)
    assert list(tmp_path.iterdir()) == []


def test_training_that_always_breaks_down(table: Table, tmp_path: Path) -> None:
    space = Space({"learning_rate": Float(1e30, 1e31)})
    with pytest.raises(TrainingError, match="broke down in every one of the 2 trials"):
        tune(table, tmp_path / "it", 2, space=space)


def test_a_shared_study_goes_by_the_folders_name_and_both_get_the_best(table: Table, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    here = tune(table, tmp_path / "here" / "made-tune-001", 3, study=url)
    there = tune(table, tmp_path / "there" / "made-tune-007", 3, study=url)
    assert there.result.run is None  # every trial was run by the other
    assert [each.values for each in there.result.trials] == [each.values for each in here.result.trials]
    assert here.best is not None
    assert there.best is not None
    assert here.best.evaluation["metrics"] == there.best.evaluation["metrics"]
    assert not (here.folder / "study.db").exists()
    assert study_name(here.folder) == study_name(there.folder) == "made-tune"
    assert study_name(Path("runs/mine")) == "mine"


def test_the_same_arguments_find_the_same_folder(table: Table, tmp_path: Path) -> None:
    def find(space: Space = SMALL, settings: TableSettings = SETTINGS, *, shared: bool = False) -> str:
        return find_study(tmp_path, "made-tune", TABLE, table, settings, space, Asha(), shared=shared).name

    assert find() == "made-tune-001"
    tune(table, tmp_path / "made-tune-001", 1, pruning=Asha())
    assert find() == "made-tune-001"
    assert find(LAYERS_SPACE) == "made-tune-002"
    assert find(settings=TableSettings()) == "made-tune-002"
    assert find(shared=True) == "made-tune-002"
    content = tomllib.loads((tmp_path / "made-tune-001" / "study.toml").read_text())
    assert (content["file"], content["target"], content["settings"]["epochs"]) == ("made.csv", "kind", 6)


def test_a_study_begun_before_other_tasks_were_tuned_is_gone_on_with(table: Table, tmp_path: Path) -> None:
    """In format 1 `problem` was called task, parameters had other kinds, and no task was named."""
    folder = tmp_path / "made-tune-001"
    first = tune(table, folder, 2, pruning=Asha())
    assert first.best is not None
    _into_format_1(folder)
    assert find_study(tmp_path, "made-tune", TABLE, table, SETTINGS, SMALL, Asha(), shared=False) == folder
    again = tune(table, folder, 3, pruning=Asha())
    assert [each.values for each in again.result.trials[:2]] == [each.values for each in first.result.trials]
    assert len(again.result.trials) == 3
    other = replace(SETTINGS, problem="classification")
    with pytest.raises(ConfigError, match=r"settings \(problem is 'auto', here 'classification'\)"):
        tune_task(TABLE, table, other, trials=4, folder=folder, space=SMALL, pruning=Asha())


def _into_format_1(folder: Path) -> None:
    kinds = {"Float": "Real", "Categorical": "Choice"}

    def old(subject: dict) -> dict:
        settings = {("task" if n == "problem" else n): each for n, each in subject["settings"].items()}
        space = {n: {**each, "kind": kinds[each["kind"]]} for n, each in subject["space"].items()}
        rest = {name: each for name, each in subject.items() if name != "task"}
        return rest | {"settings": settings, "space": space}

    (folder / "folder.json").unlink()
    content = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    (folder / "study.toml").write_text(tomli_w.dumps(old(content)), encoding="utf-8")
    with open_storage(folder / "study.db") as storage:
        study = optuna.load_study(storage=storage.backend, study_name=study_name(folder))
        study.set_user_attr(SUBJECT, old(study.user_attrs[SUBJECT]))
    best = folder / "best"
    (best / "folder.json").unlink()
    config = tomllib.loads((best / "config.toml").read_text(encoding="utf-8"))
    config["task"] = config.pop("problem")
    (best / "config.toml").write_text(tomli_w.dumps(config), encoding="utf-8")


def test_a_study_of_one_task_is_not_gone_on_with_as_another(table: Table, tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=len(table), freq="D")
    dated = Table(table.frame.assign(day=days), "a", "made.csv")
    settings = TableSettings(epochs=1, problem="regression", layers=(4,))
    tune_task(TABLE, dated, settings, trials=1, folder=tmp_path / "it", space=SMALL, pruning=None)
    before = sorted((tmp_path / "it").rglob("*"))
    forecast = ForecastTaskSettings(time="day", horizon=7, epochs=1)
    with pytest.raises(ConfigError, match="its task is 'table', here 'forecast'"):
        tune_task(FORECAST, dated, forecast, trials=2, folder=tmp_path / "it", pruning=None)
    assert sorted((tmp_path / "it").rglob("*")) == before
