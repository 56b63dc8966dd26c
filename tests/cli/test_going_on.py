"""Runs that end before their time: Ctrl-C, a crash, and going on from there."""

import json
import signal
import time
from pathlib import Path

import pytest

from chainrule.train import Started

# Saves after every epoch and dies in the third, as a crash or a power cut would have it.
DYING = """
import os, signal, sys
from chainrule.cli import main
from chainrule.train import Checkpoint, EpochDone, training

class Dying(Checkpoint):
    def __init__(self, path, recipe):
        super().__init__(path, recipe, every_seconds=0)

    def __call__(self, event):
        super().__call__(event)
        if isinstance(event, EpochDone) and event.record["epoch"] == 3:
            os.kill(os.getpid(), signal.SIGKILL)

training.Checkpoint = Dying
sys.exit(main())
"""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_killed_run_goes_on_to_the_same_weights(here, table, chainrule, started, assert_same_weights):
    settings = ("-t", "kind", "-s", "epochs=6", "-s", "dropout=0.3", "-s", "layers=8")
    process = started("train", table, *settings, "--out", "it", program=DYING)
    assert process.wait(60) == -signal.SIGKILL
    assert names(here) == {table, "it.checkpoint"}

    refused = chainrule("train", table, *settings, "--out", "it")
    assert refused.code == 2
    assert "--resume" in refused.err

    other = chainrule("train", "--out", "it", "--resume", "-s", "batch_size=5")
    assert other.code == 2
    assert "batch_size" in other.err
    assert names(here) == {table, "it.checkpoint"}

    resumed = chainrule("train", "--out", "it", "--resume", "--json")  # it knows file, target and settings
    assert resumed.code == 0
    assert names(here) == {table, "it"}
    epochs = [json.loads(line)["epoch"] for line in (here / "it/metrics.jsonl").read_text().splitlines()]
    assert epochs == [1, 2, 3, 4, 5, 6]

    assert chainrule("train", table, *settings, "--out", "unbroken").code == 0
    assert_same_weights(here / "it", here / "unbroken")


def test_resuming_what_never_began_starts_afresh(here, table, chainrule):
    finished = chainrule("train", table, "-t", "kind", "-s", "epochs=1", "--out", "it", "--resume")
    assert finished.code == 0
    assert "starts afresh" in finished.err
    assert names(here) == {table, "it"}


def test_ctrl_c_writes_a_whole_run_and_exits_with_130(here, table, chainrule, started):
    endless = ("-s", "epochs=1000000", "-s", "patience=1000000")
    process = started("train", table, "-t", "kind", *endless, "--out", "it", "--json")
    assert process.stderr is not None
    for line in process.stderr:
        if "to train on" in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    printed = json.loads(out)
    assert printed["stopped"] == "interrupted"
    assert printed["epochs"] > 1
    losses = [
        json.loads(line)["validation_loss"] for line in (here / "it/metrics.jsonl").read_text().splitlines()
    ]
    assert printed["best_epoch"] == 1 + losses.index(min(losses))
    assert names(here) == {table, "it"}
    predicted = chainrule("predict", "it", table)
    assert predicted.code == 0
    assert predicted.out.count("\n") == 121


def test_ctrl_c_in_the_first_epoch_keeps_the_weights_as_they_are(here, table, chainrule, monkeypatch):
    def interrupt(place, order):
        return lambda event: signal.raise_signal(signal.SIGINT) if isinstance(event, Started) else None

    monkeypatch.setattr("chainrule.cli.train._keep_order", interrupt)
    finished = chainrule("train", table, "-t", "kind", "--out", "it")
    assert finished.code == 130
    assert names(here) == {table, "it"}
    assert "interrupted" in finished.out
    assert chainrule("predict", "it", table).code == 0
    assert chainrule("report", "it").code == 0


@pytest.mark.parametrize("saved", [False, True])
def test_a_second_ctrl_c_ends_at_once(here, table, chainrule, monkeypatch, saved):
    def interrupt(table, settings, *, checkpoint, **others):
        if saved:
            checkpoint.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.cli.train.train_table", interrupt)
    finished = chainrule("train", table, "-t", "kind", "--out", "it")
    assert finished.code == 130
    assert finished.out == ""
    if saved:
        assert finished.err == "interrupted; go on with it: chainrule train --out it --resume\n"
        assert names(here) == {table, "it.checkpoint"}
    else:
        assert finished.err == "interrupted; nothing was kept\n"
        assert names(here) == {table}
