"""The progress bar: on standard error, a bar on a terminal, some lines elsewhere, and always closed."""

import io
import itertools
import subprocess
import sys

import numpy as np
import pytest
from tests.training.helpers import classifier, points, stop_after

from chainrule import nn, train
from chainrule.errors import TrainingError
from chainrule.training import EpochDone

SHOW_CURSOR = "\x1b[?25h"


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def no_terminal(monkeypatch):
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def fit(progress: bool | None, epochs: int = 3, **settings):
    usual = {"loss": nn.SoftmaxCrossEntropy(), "batch_size": 16, "validation": 0.2, "progress": progress}
    return train(classifier(), points(), epochs=epochs, **(usual | settings))


@pytest.mark.parametrize("epochs", [1, 3, 10, 15, 19, 100])
def test_elsewhere_than_on_a_terminal_it_prints_about_ten_lines(epochs, capsys, no_terminal):
    run = fit(True, epochs)
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == ""
    assert min(epochs, 7) <= len(lines) <= 10
    loss, validation = run.history[-1]["loss"], run.history[-1]["validation_loss"]
    accuracy = run.history[-1]["validation_accuracy"]
    assert lines[-1] == (
        f"epoch {epochs}/{epochs}  loss {loss:.4g}  validation loss {validation:.4g}  "
        f"validation accuracy {accuracy:.4g}"
    )


def test_without_a_terminal_there_is_none_unless_asked_for(capsys, no_terminal):
    fit(None)
    fit(False)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_bar_shows_epochs_loss_and_validation_metric(capsys, terminal):
    run = fit(True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "3/3" in captured.err
    assert f"validation accuracy {run.history[-1]['validation_accuracy']:.4g}" in captured.err
    assert captured.err.rstrip().endswith(SHOW_CURSOR)


def test_the_bar_starts_where_a_resumed_run_does(capsys, terminal, tmp_path):
    fit(False, 9, checkpoint=tmp_path / "state", listeners=[stop_after(8)])
    fit(True, 9, checkpoint=tmp_path / "state")
    shown = capsys.readouterr().err
    assert "8/9" in shown
    assert "0/9" not in shown


def test_the_terminal_is_given_back_when_training_breaks_down(capsys, terminal):
    x, y = points()
    model = nn.Sequential([nn.Dense(3, weight=nn.constant(1e38))])
    with pytest.raises(TrainingError):
        train(model, (np.abs(x) * 1e3, y), loss=nn.SoftmaxCrossEntropy(), epochs=3, progress=True)
    assert capsys.readouterr().err.rstrip().endswith(SHOW_CURSOR)


class OutStream(io.StringIO):
    """What a notebook's kernel puts instead of standard error."""


OutStream.__module__ = "ipykernel.iostream"


@pytest.mark.parametrize("progress", [None, True])
def test_in_a_notebook_one_line_is_written_over(progress, monkeypatch):
    shown = OutStream()
    monkeypatch.setattr(sys, "stderr", shown)
    run = fit(progress, 300)
    written = shown.getvalue()
    assert "\x1b" not in written
    assert written.count("\n") == 1
    assert written.count("\r") < 30  # of 300 epochs
    last = written.rstrip("\n").rpartition("\r")[2]
    assert last.startswith(f"epoch 300/300  loss {run.history[-1]['loss']:.4g}  validation loss ")
    lines = written.rstrip("\n").split("\r")[1:]
    pairs = itertools.pairwise(lines)
    assert all(len(after) >= len(before.rstrip()) for before, after in pairs)


def test_in_a_notebook_there_is_none_where_it_is_not_wanted(monkeypatch):
    shown = OutStream()
    monkeypatch.setattr(sys, "stderr", shown)
    fit(False)
    assert shown.getvalue() == ""


def test_nothing_of_a_notebook_is_imported():
    code = "import sys, chainrule.training; print([n for n in ('IPython', 'ipykernel') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


class Seeing:
    """An attendant that finds a problem after the second epoch."""

    def watch(self, epoch):
        return ()

    def attend(self, patient):
        def hear(event):
            if isinstance(event, EpochDone) and event.state.epoch == 2:
                event.state.journal.append(problem("slow", "applied: [bold]a higher rate"))

        return hear


def problem(symptom, action):
    return {"kind": "finding", "symptom": symptom, "severity": "problem", "said": "It is.", "action": action}


@pytest.mark.parametrize("epochs", [2, 4])
def test_what_the_doctor_finds_is_a_line_of_its_own_once(epochs, capsys, no_terminal):
    fit(True, epochs, doctor=Seeing())
    lines = capsys.readouterr().err.splitlines()
    assert lines.count("doctor: slow; applied: [bold]a higher rate") == 1
    assert len(lines) == epochs + 1


def test_a_resumed_run_does_not_say_it_again(tmp_path, capsys, no_terminal):
    for epochs in (3, 5):
        fit(True, epochs, doctor=Seeing(), checkpoint=tmp_path / "state")
    assert capsys.readouterr().err.count("doctor: ") == 1
