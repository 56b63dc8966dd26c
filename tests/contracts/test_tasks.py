"""What every task of TASKS promises, and that a task of one's own needs no change of the command line."""

from dataclasses import asdict, replace

import pytest

from chainrule.errors import ConfigError
from chainrule.tasks import TASKS, plain_settings, settings_of


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
class TestEveryTask:
    def test_its_name_is_its_key_and_it_says_what_it_is_for(self, task):
        assert TASKS[task.name] is task
        assert task.meaning[0].islower()
        assert len(task.meaning) <= 60

    def test_every_setting_has_a_default_and_a_meaning(self, task):
        assert list(asdict(task.settings())) == list(task.help) or set(asdict(task.settings())) == set(
            task.help
        )
        assert set(task.options) <= set(task.help)

    def test_settings_come_back_from_plain_data(self, task):
        settings = task.settings()
        assert settings_of(task.settings, plain_settings(settings)) == settings

    def test_an_unknown_setting_is_named_with_the_nearest(self, task):
        name = next(name for name in task.help if len(name) > 4)
        with pytest.raises(ConfigError, match=f"did you mean '{name}'"):
            settings_of(task.settings, {name[:-1] + "x" + name[-1]: 1})


def test_a_task_of_ones_own_is_found_by_its_name(tmp_path, monkeypatch, capsys):
    """Another entry of the table is all that the command line needs."""
    from chainrule.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b,kind\n" + "".join(f"{i},{i % 3},{'xy'[i % 2]}\n" for i in range(60)))
    table = TASKS["table"]
    monkeypatch.setitem(TASKS, "mine", replace(table, name="mine", options={"epochs": "N"}))
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
