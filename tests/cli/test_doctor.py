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


@pytest.fixture
def run(chainrule, settings, tmp_path):
    """A run with a rate far too low, which was repaired."""
    folder, random = tmp_path / "run", np.random.default_rng(0)
    x = random.normal(size=(1500, 4))
    frame = pd.DataFrame(x, columns=list("abcd"))
    frame["kind"] = np.array(["one", "two", "three"])[x[:, :3].argmax(1)]
    frame.to_csv(tmp_path / "table.csv", index=False)
    given = ("-s", "learning_rate=1e-7", "-s", "epochs=40", "-s", "batch_size=16", "-s", "optimizer=adam")
    done = chainrule("train", "--config", settings, *given, "--doctor", "repair", "--out", folder)
    assert done.code == 0, done.err
    assert "doctor: " in done.err
    return folder


def test_a_run_that_was_repaired_shows_what_was_found_tried_and_done(chainrule, run):
    done = chainrule("doctor", run)
    assert done.code == 0
    assert done.out.startswith("problem (")
    assert "helps" in done.out
    assert "Applied: " in done.out
    findings = json.loads(chainrule("doctor", run, "--json").out)["findings"]
    assert any("learning_rate_too_low" in each["causes"][:2] for each in findings)
    assert "Diagnosis" in (run / "report.html").read_text()
    assert 'doctor = "repair"' in (run / "config.toml").read_text()
    assert chainrule("report", run).code == 0


def test_a_run_without_findings_says_so(chainrule, settings, tmp_path):
    assert chainrule("train", "--config", settings, "-s", "epochs=3", "--out", tmp_path / "run").code == 0
    assert chainrule("doctor", tmp_path / "run").out == "Nothing was found wrong with this training.\n"


def test_a_damaged_file_of_findings_is_told(chainrule, run):
    (run / "doctor.json").write_text("{")
    done = chainrule("doctor", run)
    assert done.code == 2
    assert "doctor.json is damaged" in done.err
    assert "the run itself is whole" in done.err


@pytest.mark.parametrize("given", [(), ("run", "--check", "x.toml"), ("nowhere",)])
def test_what_is_named_wrongly_is_told(chainrule, given):
    done = chainrule("doctor", *given)
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_an_unknown_mode_is_told(chainrule, settings):
    done = chainrule("train", "--config", settings, "--doctor", "repare")
    assert done.code == 2
    assert "repair" in done.err
