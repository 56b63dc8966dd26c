"""Runs that end before their time: Ctrl-C, a crash, and going on from there."""

import json
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from chainrule.tasks import TASKS
from chainrule.training import Started

# Saves after every epoch and dies in the third, as a crash or a power cut would have it.
DYING = """
import os, signal, sys
from chainrule.cli import main
from chainrule.training import Checkpoint, EpochDone, fitting

class Dying(Checkpoint):
    def __init__(self, path, recipe):
        super().__init__(path, recipe, every_seconds=0)

    def __call__(self, event):
        super().__call__(event)
        if isinstance(event, EpochDone) and event.record["epoch"] == 3:
            os.kill(os.getpid(), signal.SIGKILL)

fitting.Checkpoint = Dying
sys.exit(main())
"""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def killed(table, started) -> str:
    """A table, of which a run 'it' was killed in its third epoch."""
    process = started("train", table, *KILLED, "--out", "it", program=DYING)
    assert process.wait(60) == -signal.SIGKILL
    return table


KILLED = ("-t", "kind", "-s", "epochs=6", "-s", "dropout=0.3", "-s", "layers=8")


def test_a_killed_run_goes_on_to_the_same_weights(here, killed, chainrule, assert_same_weights):
    settings, table = KILLED, killed
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


@pytest.mark.parametrize("begun_with", ["advise", None], ids=["now", "before there was a doctor"])
def test_a_resumed_run_keeps_the_doctor_that_it_began_with(here, killed, chainrule, begun_with):
    config = here / "it.checkpoint" / "config.toml"
    text = config.read_text()
    assert 'doctor = "advise"' in text  # the default of the command line
    if begun_with is None:
        config.write_text(text.replace('doctor = "advise"\n', ""))
    assert chainrule("train", "--out", "it", "--resume").code == 0
    assert f'doctor = "{begun_with or "none"}"' in (here / "it" / "config.toml").read_text()


def refused(finished, *words: str) -> None:
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.count("\n") == 1, finished.err
    for word in words:
        assert word in finished.err, finished.err


def test_a_run_does_not_go_on_with_another_table(here, killed, people, chainrule, assert_same_weights):
    right = (here / killed).read_bytes()
    others = {
        "values": people.assign(height=people["height"] + 0.1),
        "order": people.iloc[::-1],
        "rows": people.iloc[:-1],
        "a class more": people.assign(kind=people["kind"].where(people.index > 9, "other")),
        "a column more": people.assign(more=1.5),
    }
    kept = (here / "it.checkpoint/state.safetensors").read_bytes()
    for other in others.values():
        other.to_csv(here / killed, index=False)
        finished = chainrule("train", "--out", "it", "--resume")
        shape = f"{len(other)} rows, {other.shape[1]} columns"
        refused(finished, "people.csv is not what it was started on", "120 rows, 5 columns", shape)
        refused(finished, "; resume with what it was started on, or remove it.checkpoint to start afresh\n")
        assert names(here) == {killed, "it.checkpoint"}
    (here / killed).write_bytes(right)
    refused(chainrule("train", "--out", "it", "--resume", "-t", "value"), "it predicts 'kind', not 'value'; ")
    assert (here / "it.checkpoint/state.safetensors").read_bytes() == kept

    (here / "moved.csv").write_bytes(right)  # the same by another name
    assert chainrule("train", "moved.csv", "--out", "it", "--resume").code == 0
    assert chainrule("train", killed, *KILLED, "--out", "unbroken").code == 0
    assert_same_weights(here / "it", here / "unbroken")


def test_a_run_that_did_not_note_its_table_goes_on(here, killed, people, chainrule):
    """As those of the format before this one; what it was prepared to is looked at still."""
    (here / "it.checkpoint/table.json").unlink()
    people.assign(height=people["height"].iloc[::-1].to_numpy()).to_csv(here / "other.csv", index=False)
    other = chainrule("train", "other.csv", "--out", "it", "--resume")
    assert other.code == 2
    assert "belongs to a run on other data: with other training examples and validation examples" in other.err
    assert chainrule("train", "--out", "it", "--resume").code == 0


def test_resuming_a_finished_run_says_so_and_is_no_error(here, table, chainrule):
    """A script may call it until it returns 0; settings and data are not looked at."""
    assert chainrule("train", table, "-t", "kind", "-s", "epochs=1", "--out", "it").code == 0
    before = {path.name: path.read_bytes() for path in (here / "it").iterdir()}
    (here / table).unlink()
    (here / "it.checkpoint").mkdir()  # as a process leaves it that is killed in its last moment
    (here / "it.checkpoint/state.safetensors").touch()
    finished = chainrule("train", "--out", "it", "--resume")
    assert (finished.code, finished.out) == (0, "")
    assert finished.err == "it is finished: there is nothing to continue\n"
    assert names(here) == {"it"}
    printed = json.loads(chainrule("train", "--out", "it", "--resume", "--json").out)
    assert (printed["run"], printed["epochs"]) == ("it", 1)
    assert {path.name: path.read_bytes() for path in (here / "it").iterdir()} == before
    refused(chainrule("train", table, "-t", "kind", "--out", "it"), "it exists already")
    assert chainrule("train", "--out", "other", "--resume").code == 2


# Says when it trains, and continues when it is told to.
WAITING = """
import sys
from chainrule.cli import main, train

def waiting(place, order):
    def listen(event):
        if type(event).__name__ == "EpochDone" and event.record["epoch"] == 1:
            print("training", file=sys.stderr, flush=True)
            sys.stdin.readline()
    return listen

train._keep_order = waiting
sys.exit(main())
"""


def test_a_run_that_is_alive_is_refused_to_others_and_ends_well(here, table, chainrule, started):
    process = started("train", table, *KILLED, "--out", "it", program=WAITING)
    assert process.stderr is not None
    for line in process.stderr:
        if line == "training\n":
            break
    (here / table).rename(here / "away.csv")  # refused before anything is read
    for more in ((), ("--resume",), ("--resume", "-s", "batch_size=5")):
        finished = chainrule("train", table, "-t", "kind", "--out", "it", *more)
        refused(
            finished,
            f"it is being trained by process {process.pid} on ",
            "since 20",
            "; wait until it is done",
        )
    _, err = process.communicate("\n", timeout=60)
    assert process.returncode == 0, err
    assert names(here) == {"away.csv", "it"}
    assert chainrule("predict", "it", "away.csv").code == 0


# Dies when the run is trained and its folder half written.
DYING_LATE = """
import os, signal, sys
from chainrule.cli import main
from chainrule.tasks import storing

storing.run_page = lambda *given, **others: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main())
"""


def test_a_run_killed_while_its_folder_is_written_leaves_nothing_once_it_went_on(
    here, table, chainrule, started
):
    process = started("train", table, *KILLED, "--out", "it", program=DYING_LATE)
    assert process.wait(60) == -signal.SIGKILL
    hidden = names(here) - {table, "it.checkpoint"}
    assert len(hidden) == 2
    assert all(name.startswith(".it.") for name in hidden)
    assert chainrule("train", "--out", "it", "--resume").code == 0
    assert names(here) == {table, "it"}


def test_resuming_what_never_began_starts_afresh(here, table, chainrule):
    finished = chainrule("train", table, "-t", "kind", "-s", "epochs=1", "--out", "it", "--resume")
    assert finished.code == 0
    assert "starts afresh" in finished.err
    assert names(here) == {table, "it"}


def test_ctrl_c_writes_a_whole_run_and_exits_with_130(here, table, chainrule, started):
    endless = ("-s", "epochs=1000000", "-s", "patience=1000000", "--doctor", "none")
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

    monkeypatch.setitem(TASKS, "table", replace(TASKS["table"], train=interrupt))
    finished = chainrule("train", table, "-t", "kind", "--out", "it")
    assert finished.code == 130
    assert finished.out == ""
    if saved:
        assert finished.err == "interrupted; continue with it: chainrule train --out it --resume\n"
        assert names(here) == {table, "it.checkpoint"}
    else:
        assert finished.err == "interrupted; nothing was kept\n"
        assert names(here) == {table}
