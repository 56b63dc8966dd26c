import json

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def settings(tmp_path):
    """A table with a column that is the same in all rows, and settings that train it by too high a rate."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=300), "b": random.normal(size=300)})
    frame["kind"] = np.where(frame["a"] * frame["b"] > 0, "up", "down")
    frame.to_csv(tmp_path / "table.csv", index=False)
    file = tmp_path / "settings.toml"
    subject = f'file = "{tmp_path / "table.csv"}"\ntarget = "kind"\n'
    file.write_text(f'{subject}layers = [16]\noptimizer = "adam"\nepochs = 50\n')
    return file


def test_a_sound_training_is_said_to_be_so(chainrule, settings):
    done = chainrule("doctor", "--check", settings)
    assert done.code == 0
    assert done.out == "nothing was found\n"
    assert "two classes" in done.err or "classification" in done.err


def test_problems_are_printed_and_the_exit_code_is_0(chainrule, settings):
    done = chainrule("doctor", "--check", settings, "-s", "learning_rate=1000")
    assert done.code == 0
    assert done.out.startswith("problem: ")
    assert "learning rate 1e+03 is too high" in done.out
    found = chainrule("doctor", "--check", settings, "-s", "learning_rate=1000", "--json")
    (first, *_) = json.loads(found.out)["findings"]
    assert first["severity"] == "problem"
    assert first["causes"][0] == "learning_rate_too_high"


def test_nothing_is_written(chainrule, settings):
    before = sorted(settings.parent.iterdir())
    chainrule("doctor", "--check", settings)
    assert sorted(settings.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such file; check the path given with --check"),
        ("layers", "is not TOML"),
        ('file = "digits"\nlayrs = 3\n', "there is no setting 'layrs' (did you mean 'layers'?)"),
        ("epochs = 3\n", "nothing to train on was named"),
        ('file = "digits"\nlearning_rate = -1\n', "learning_rate is -1"),
    ],
)
def test_bad_input_is_told_in_one_line(chainrule, tmp_path, text, said):
    file = tmp_path / "settings.toml"
    if text is not None:
        file.write_text(text)
    done = chainrule("doctor", "--check", file)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert done.out == ""


def test_without_settings_there_is_nothing_to_check(chainrule):
    done = chainrule("doctor")
    assert done.code == 2
    assert done.err == "chainrule: nothing to check was named; name settings with --check FILE.toml\n"
