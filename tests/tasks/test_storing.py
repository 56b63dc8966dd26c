"""Run folders of tasks: what is missing or damaged in one is said."""

import pytest

from chainrule.errors import DataError
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.storing import config_of, read_config, read_evaluation, read_made


def test_the_settings_in_a_config_are_plain_and_those_of_none_left_out():
    config = config_of("image", "pictures", "class", ImageSettings(seed=3))
    assert list(config)[:3] == ["task", "file", "target"]
    assert (config["task"], config["file"], config["target"], config["seed"]) == (
        "image",
        "pictures",
        "class",
        3,
    )
    assert "minutes" not in config


def test_a_config_gives_back_settings_source_and_target(tmp_path):
    text = 'task = "image"\nfile = "pictures"\ntarget = "class"\nseed = 3\n'
    (tmp_path / "config.toml").write_text(text)
    assert read_config(tmp_path, ImageSettings) == (ImageSettings(seed=3), "pictures", "class")
    old = {"task": "image", "file": "a", "target": "b", "size": 20}
    assert read_config(tmp_path, ImageSettings, lambda config: dict(old))[0] == ImageSettings(size=20)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "is damaged: config.toml is missing; train again"),
        ("seed = ", r"config\.toml is damaged \(TOMLDecodeError"),
        ('task = "image"\nfile = "a"\n', r"config\.toml is damaged \(KeyError\('target'\)\)"),
        (
            'task = "image"\nfile = "a"\ntarget = "b"\nsede = 1\n',
            r"config\.toml is damaged \(there is no setting",
        ),
        (
            'task = "image"\nfile = "a"\ntarget = "b"\nsize = 1\n',
            r"config\.toml is damaged \(image: size is 1",
        ),
    ],
)
def test_a_damaged_config_is_named(tmp_path, text, told):
    if text is not None:
        (tmp_path / "config.toml").write_text(text)
    with pytest.raises(DataError, match=told):
        read_config(tmp_path, ImageSettings)


def test_a_missing_or_damaged_evaluation_is_named(tmp_path):
    with pytest.raises(DataError, match=r"is damaged: evaluation\.json is missing"):
        read_evaluation(tmp_path)
    (tmp_path / "evaluation.json").write_text("{")
    with pytest.raises(DataError, match=r"evaluation\.json is damaged \(JSONDecodeError"):
        read_evaluation(tmp_path)


def test_bytes_that_are_no_text_are_damage(tmp_path):
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"/a is damaged \(UnicodeDecodeError"):
        read_made(tmp_path / "a", str)
