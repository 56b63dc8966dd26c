import pytest

from chainrule.cli.settings import read_assignment, read_order, read_value
from chainrule.cli.train import settings_help, usual_settings
from chainrule.errors import ConfigError
from chainrule.tasks import TASKS
from chainrule.tasks.table.settings import TableSettings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("1e-3", 0.001), (".5", 0.5), ("1.", 1.0), ("[64, 64]", [64, 64]), ("64,32", [64, 32]),
        ("[]", []), ("adam", "adam"), ('"adam"', "adam"), ("true", True), ("", ""),
        ("1\nother = 2", "1\nother = 2"),
    ],
)  # fmt: skip
def test_values_are_toml_or_text(text, value):
    read = read_value(text)
    assert (read, type(read)) == (value, type(value))


def test_an_assignment_may_be_written_with_spaces_and_dashes():
    assert read_assignment(" batch-size = 8") == ("batch_size", 8)
    assert read_assignment("loss=a=b") == ("loss", "a=b")
    with pytest.raises(ConfigError, match="key=value"):
        read_assignment("=3")


def test_what_stands_on_the_command_line_wins(tmp_path):
    (tmp_path / "a.toml").write_text('file = "a.csv"\ntarget = "a"\nepochs = 1\nseed = 1\n')
    (tmp_path / "b.toml").write_text("epochs = 2\n")
    files = [tmp_path / "a.toml", tmp_path / "b.toml"]
    order = read_order(None, None, files, ["dropout=0.5", "layers=8"])
    assert (order.file, order.target) == ("a.csv", "a")
    assert order.settings == TableSettings(epochs=2, seed=1, dropout=0.5, layers=(8,))
    order = read_order("c.csv", "c", files, [])
    assert (order.file, order.target) == ("c.csv", "c")


def test_an_option_mends_what_is_wrong_in_the_file(tmp_path):
    (tmp_path / "a.toml").write_text("epochs = 0\n")
    assert read_order(None, None, [tmp_path / "a.toml"], ["epochs=3"]).settings.epochs == 3
    with pytest.raises(ConfigError, match=r"a\.toml: epochs is 0"):
        read_order(None, None, [tmp_path / "a.toml"], ["seed=3"])


def test_the_help_lists_every_setting_with_its_default():
    text = settings_help()
    for task in TASKS.values():
        assert set(task.help) == set(vars(task.settings()))
        for name in task.help:
            assert f"\n  {name} " in text
    assert "(0.15)" in text
    assert " ".join(text.split()).count("repair also applies that (advise)") == len(TASKS)
    assert "auto: 0.001 if layers are named" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_the_doctor_only_watches_where_training_has_a_limit():
    assert usual_settings({}) == {"doctor": "advise"}
    assert usual_settings({"minutes": 3, "seed": 1}) == {"doctor": "watch"}
