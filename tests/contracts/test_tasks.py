"""What every task of TASKS promises, and that a task of the user needs no change of the command line."""

import json
import pkgutil
from dataclasses import asdict, replace

import grimp
import pytest

import chainrule.tasks
from chainrule.errors import ConfigError
from chainrule.tasks import TASKS, Predictions, Verb, plain_settings, settings_of
from chainrule.tasks.task import Option
from chainrule.tune import Float, Space

FOLDERS = {each.name for each in pkgutil.iter_modules(chainrule.tasks.__path__) if each.ispkg}
KNOW_NO_TASK = ("cli", "report", "tune", "tasks.tuning")


def test_every_folder_is_a_task():
    assert set(TASKS) == FOLDERS


@pytest.fixture(scope="module")
def imports():
    return grimp.build_graph("chainrule", cache_dir=None)


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_no_task_imports_another(name, imports):
    """Neither directly nor by way of a third module."""
    for other in FOLDERS - {name}:
        way = imports.find_shortest_chains(
            f"chainrule.tasks.{name}", f"chainrule.tasks.{other}", as_packages=True
        )
        assert not way, way


@pytest.mark.parametrize("package", KNOW_NO_TASK)
def test_who_asks_a_task_knows_the_table_alone(package, imports):
    importers = {f"chainrule.{package}", *imports.find_descendants(f"chainrule.{package}")}
    imported = {each for module in importers for each in imports.find_modules_directly_imported_by(module)}
    known = {".".join(each.split(".")[:3]) for each in imported}
    assert not known & {f"chainrule.tasks.{name}" for name in FOLDERS}


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
class TestEveryTask:
    def test_its_name_is_its_key_and_it_says_what_it_is_for(self, task):
        assert TASKS[task.name] is task
        assert task.meaning[0].islower()
        assert len(task.meaning) <= 60

    def test_every_setting_has_a_default_and_a_meaning(self, task):
        assert set(asdict(task.settings())) == set(task.help)
        assert set(task.options) <= set(task.help)

    def test_settings_come_back_from_plain_data(self, task):
        settings = task.settings()
        assert settings_of(task.settings, plain_settings(settings)) == settings

    def test_an_unknown_setting_is_named_with_the_nearest(self, task):
        name = next(name for name in task.help if len(name) > 4)
        with pytest.raises(ConfigError, match=f"did you mean '{name}'"):
            settings_of(task.settings, {name[:-1] + "x" + name[-1]: 1})


@pytest.mark.parametrize("task", [each for each in TASKS.values() if each.search], ids=lambda each: each.name)
class TestEverySearch:
    def test_the_first_trial_takes_a_value_for_every_parameter(self, task):
        for space in task.search.spaces.values():
            assert set(space.first()) == set(space.parameters)

    def test_what_is_searched_are_settings_or_what_they_are_made_of(self, task):
        parts = {part for each in task.search.made_of.values() for part in each}
        for space in task.search.spaces.values():
            assert set(space.parameters) <= {*task.help, *parts}
        assert set(task.search.made_of) <= set(task.help)

    def test_trials_are_settings_of_the_task_and_the_rest_stays(self, task):
        given = task.settings(seed=7)
        for name, space in task.search.spaces.items():
            settings = task.search.trial(space, given)
            assert isinstance(settings, task.settings)
            assert settings.seed == 7
            assert task.search.usual(settings) == name
            assert task.search.most_epochs(settings) >= 1


def test_a_task_of_ones_own_is_found_by_its_name(tmp_path, monkeypatch, capsys):
    """Another entry of the table is all that the command line needs."""
    from chainrule.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b,kind\n" + "".join(f"{i},{i % 3},{'xy'[i % 2]}\n" for i in range(60)))
    table = TASKS["table"]
    monkeypatch.setitem(TASKS, "mine", replace(table, name="mine", options={"epochs": "--epochs N"}))
    # Its run says the kind 'table'; a task with folders of its own writes its name there.
    given = [
        "train",
        "t.csv",
        "-t",
        "kind",
        "--task",
        "mine",
        "-s",
        "layers=[4]",
        "-s",
        "epochs=2",
        "--out",
        "it",
    ]
    assert main(given) == 0
    assert "held out" in capsys.readouterr().out
    assert main(["train", "t.csv", "--task", "main"]) == 2
    assert "did you mean 'mine'?" in capsys.readouterr().err


@pytest.fixture
def trained_table(tmp_path, monkeypatch):
    from chainrule.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b,kind\n" + "".join(f"{i},{i % 3},{'xy'[i % 2]}\n" for i in range(60)))
    assert main(["train", "t.csv", "-t", "kind", "-s", "layers=[4]", "-s", "epochs=1", "--out", "it"]) == 0
    return tmp_path / "it"


def test_verbs_of_a_task_of_ones_own_are_commands(trained_table, capsys):
    """An entry of the table with verbs is all that the command line needs."""
    import pandas as pd
    import typer

    from chainrule.cli import verbs

    asked = []

    def answer(folder, source, options, say):
        asked.append((folder.name, source, options))
        say("said")
        return Predictions(pd.DataFrame({"n": [1, 2]}))

    verb = Verb("Weigh it.", "What is weighed.", answer, {"at_most": Option("--at-most N", "how much", 5)})
    app = typer.Typer()
    app.command("other")(lambda: None)
    verbs.add_verbs(app, {"table": replace(TASKS["table"], verbs={"weigh": verb})})
    command = typer.main.get_command(app)
    capsys.readouterr()
    command.main(["table", "weigh", str(trained_table), "thing", "--at-most", "7"], standalone_mode=False)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("n\n1\n2\n", "said\n")
    command.main(["table", "weigh", str(trained_table), "thing", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out) == {"rows": 2, "answers": [{"n": 1}, {"n": 2}]}
    assert asked == [("it", "thing", {"at_most": 7}), ("it", "thing", {"at_most": 5})]
    other = typer.Typer()
    other.command("other")(lambda: None)
    verbs.add_verbs(other, {"mine": replace(TASKS["table"], name="mine", verbs={"weigh": verb})})
    with pytest.raises(ConfigError, match="is a folder of the kind 'table', not 'mine'"):
        typer.main.get_command(other).main(["mine", "weigh", str(trained_table), "x"], standalone_mode=False)
    assert len(asked) == 2


def test_verbs_refuse_the_run_of_another_task(trained_table, capsys):
    from chainrule.cli import main

    for task in TASKS.values():
        for name in task.verbs:
            assert main([task.name, name, str(trained_table), "x"]) == 2
            assert f"is a folder of the kind 'table', not {task.name!r}" in capsys.readouterr().err


def test_a_task_of_ones_own_is_searched_by_its_own_space(tmp_path, monkeypatch, capsys):
    """Its space is another entry of the table: nothing else changes."""
    from chainrule.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b,kind\n" + "".join(f"{i},{i % 3},{'xy'[i % 2]}\n" for i in range(60)))
    table = TASKS["table"]
    assert table.search is not None
    space = Space({"l1": Float(1e-6, 1e-2, log=True, first=1e-4)})
    own = replace(table.search, spaces={"penalty": space}, usual=lambda settings: "penalty")
    monkeypatch.setitem(TASKS, "mine", replace(table, name="mine", search=own))
    given = ["tune", "t.csv", "-t", "kind", "--task", "mine", "-s", "layers=[4]", "-s", "epochs=2"]
    assert main([*given, "-n", "2", "--out", "it"]) == 0
    printed = capsys.readouterr()
    assert "searched are l1" in printed.err
    assert "of 2 trials" in printed.out
    assert "l1" in (tmp_path / "it" / "report.html").read_text()
    assert main([*given, "--space", "penalti"]) == 2
    assert "did you mean 'penalty'?" in capsys.readouterr().err
    monkeypatch.setitem(TASKS, "mine", replace(table, name="mine", search=None))
    assert main(given) == 2
    assert "nothing can be searched for the task mine" in capsys.readouterr().err
