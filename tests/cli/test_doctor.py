import json
import signal
import warnings

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import ChainruleWarning


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
def slow(settings, tmp_path):
    """Arguments for a training by a rate far too low, on examples that are enough to prove it."""
    x = np.random.default_rng(0).normal(size=(1500, 4))
    frame = pd.DataFrame(x, columns=list("abcd"))
    frame["kind"] = np.array(["one", "two", "three"])[x[:, :3].argmax(1)]
    frame.to_csv(tmp_path / "table.csv", index=False)
    given = ("-s", "learning_rate=1e-7", "-s", "epochs=40", "-s", "batch_size=16", "-s", "optimizer=adam")
    return ("train", "--config", settings, *given)


@pytest.fixture
def run(chainrule, slow, tmp_path):
    """A run that was repaired."""
    folder = tmp_path / "run"
    done = chainrule(*slow, "--doctor", "repair", "--out", folder)
    assert done.code == 0, done.err
    assert "doctor: learning rate too low; applied: " in done.err
    assert f"doctor: shown in {folder / 'report.html'} and by: chainrule doctor {folder}\n" in done.err
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


def test_a_run_without_findings_says_so_and_so_does_one_without_a_doctor(chainrule, settings, tmp_path):
    well = ("-s", "epochs=60", "-s", "learning_rate=0.01", "-s", "batch_size=8")
    healthy = ("train", "--config", settings, *well, "--out")
    done = chainrule(*healthy, tmp_path / "run")
    assert done.code == 0
    assert "doctor" not in done.err
    assert chainrule("doctor", tmp_path / "run").out == "Nothing was found wrong with this training.\n"
    assert chainrule(*healthy, tmp_path / "alone", "--doctor", "none").code == 0
    told = chainrule("doctor", tmp_path / "alone").out
    assert told.startswith("No doctor attended this training.")
    assert f"chainrule doctor --check {tmp_path / 'alone' / 'config.toml'}" in told


def test_advice_is_the_default_and_changes_no_bit(chainrule, slow, tmp_path, assert_same_weights):
    advised, alone = tmp_path / "advised", tmp_path / "alone"
    done = chainrule(*slow, "--out", advised)
    assert done.code == 0, done.err
    assert "doctor: learning rate too low; on a copy, " in done.err
    assert 'doctor = "advise"' in (advised / "config.toml").read_text()
    assert chainrule(*slow, "--out", alone, "--doctor", "none").code == 0
    assert 'doctor = "none"' in (alone / "config.toml").read_text()
    assert_same_weights(advised, alone)
    one, other = (
        [{**json.loads(line), "seconds": 0} for line in (each / "metrics.jsonl").read_text().splitlines()]
        for each in (advised, alone)
    )
    assert one == other


def test_advice_is_given_where_training_breaks_down(chainrule, slow, tmp_path):
    high = ("-s", "optimizer=sgd", "-s", "learning_rate=1e30", "--out", tmp_path / "run")
    done = chainrule(*slow, *high)
    assert done.code == 2
    assert "doctor: learning rate too high; on a copy, " in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("given", [("--doctor", "repair"), ("-s", "doctor=repair")])
def test_a_search_has_no_doctor(chainrule, settings, tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    done = chainrule("tune", "table.csv", "-t", "kind", "--trials", 1, *given)
    assert done.code == 2
    assert "doctor" in done.err
    assert len(done.err.splitlines()) == 1 or "No such option" in done.err
    assert not (tmp_path / "runs").exists()


# Saves after every epoch and dies amid the second trial of the doctor, as a crash would have it.
DYING = """
import os, signal, sys
from chainrule.cli import main
from chainrule.doctor import trials
from chainrule.training import Checkpoint, fitting

class Saving(Checkpoint):
    def __init__(self, path, recipe):
        super().__init__(path, recipe, every_seconds=0)

train, forks = trials.Fork.train, []

def dying(fork, examples):
    train(fork, examples)
    forks.append(fork)
    if len(forks) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

fitting.Checkpoint, trials.Fork.train = Saving, dying
sys.exit(main())
"""


def test_a_run_killed_amid_a_trial_goes_on_to_the_result_of_the_unbroken_one(
    chainrule, started, slow, tmp_path, assert_same_weights
):
    given = (*slow, "--doctor", "repair")
    process = started(*given, "--out", tmp_path / "it", program=DYING)
    assert process.wait(120) == -signal.SIGKILL
    assert not (tmp_path / "it").exists()
    done = chainrule("train", "--out", tmp_path / "it", "--resume")
    assert done.code == 0, done.err
    assert chainrule(*given, "--out", tmp_path / "whole").code == 0
    assert_same_weights(tmp_path / "it", tmp_path / "whole")
    for file in ("config.toml", "doctor.json"):
        assert (tmp_path / "it" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    assert "applied: " in (tmp_path / "it" / "doctor.json").read_text()


@pytest.mark.parametrize(
    "damaged", ["{", "[]", "{}", '{"findings": 3}', '{"findings": [{}]}', '{"findings": ["problem"]}', "\xff"]
)
def test_a_damaged_file_of_findings_is_told_and_costs_nothing_else(chainrule, run, settings, damaged):
    (run / "doctor.json").write_text(damaged, encoding="latin-1")
    done = chainrule("doctor", run)
    assert done.code == 2
    assert "doctor.json is damaged" in done.err
    assert "the run itself is whole" in done.err
    assert len(done.err.splitlines()) == 1
    for command in (("report", run), ("show", run), ("predict", run, settings.parent / "table.csv")):
        with warnings.catch_warnings():  # a warning, which the command line prints as a line
            warnings.simplefilter("always", ChainruleWarning)
            done = chainrule(*command)
        assert done.code == 0, done.err
        assert done.err.count("doctor.json is damaged") == 1
    (run / "doctor.json").unlink()
    assert chainrule("doctor", run).out == "Nothing was found wrong with this training.\n"


def test_a_run_of_before_there_was_a_doctor_is_as_good_as_ever(chainrule, run, settings):
    """Its folder has neither findings nor the setting."""
    (run / "doctor.json").unlink()
    config = (run / "config.toml").read_text()
    (run / "config.toml").write_text(config.replace('doctor = "repair"\n', ""))
    done = chainrule("doctor", run)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("No doctor attended this training.")
    assert json.loads(chainrule("doctor", run, "--json").out) == {"findings": []}
    for command in (("report", run), ("predict", run, settings.parent / "table.csv")):
        done = chainrule(*command)
        assert (done.code, "doctor" in done.err) == (0, False)


@pytest.mark.parametrize("given", [(), ("run", "--check", "x.toml"), ("nowhere",)])
def test_what_is_named_wrongly_is_told(chainrule, given):
    done = chainrule("doctor", *given)
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_an_unknown_mode_is_told(chainrule, settings):
    done = chainrule("train", "--config", settings, "--doctor", "repare")
    assert done.code == 2
    assert "repair" in done.err
