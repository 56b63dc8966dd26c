"""`chainrule tune`, as a person would run it: results, going on, Ctrl-C, and every mistake in one line."""

import json
import re
import signal
import sys
from pathlib import Path

import pytest

QUICK = ("-t", "kind", "-s", "epochs=4", "-s", "layers=8")


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_table_is_tuned_and_the_same_command_goes_on(here, table, chainrule):
    finished = chainrule("tune", table, *QUICK, "--trials", "3")
    assert finished.code == 0, finished.err
    folder = here / "runs" / "people-tune-001"
    assert "the best of 3 trials" in finished.out
    assert "runs/people-tune-001/report.html" in finished.out
    assert re.search(r"trial 0: \S+ after \d epochs, the best so far; 1 of 3 trials done", finished.err)
    assert "searched are learning_rate, batch_size, activation" in " ".join(finished.err.split())
    assert "depth" not in finished.err  # layers are set
    assert chainrule("predict", folder / "best", table).out.count("\n") == 121
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")

    again = chainrule("tune", table, *QUICK, "--trials", "5", "--json")
    printed = json.loads(again.out)
    assert again.err.count("trials done") == 2
    assert printed["study"] == "runs/people-tune-001"
    assert printed["run"] == "runs/people-tune-001/best"
    assert sum(printed["trials"].values()) == 5
    assert printed["values"].keys() >= {"learning_rate", "optimizer"}
    assert printed["metrics"] == json.loads((folder / "best/evaluation.json").read_text())["metrics"]

    other = chainrule("tune", table, *QUICK, "-s", "dropout=0.1", "--trials", "1", "--json")
    assert json.loads(other.out)["study"] == "runs/people-tune-002"


def test_the_spaces_of_a_table(here, table, chainrule):
    """By default the ensemble that `train` trains; plain networks where they are asked for."""
    few = ("-t", "kind", "-s", "epochs=2", "-n", "1", "--json")
    ensemble = json.loads(chainrule("tune", table, *few, "--out", "ensemble").out)
    assert "layers" not in ensemble["values"]
    assert "depth" not in ensemble["values"]
    trained = json.loads(chainrule("train", table, "-t", "kind", "-s", "epochs=2", "--json").out)
    assert ensemble["metrics"] == trained["metrics"]  # of the first trial
    plain = json.loads(chainrule("tune", table, *few, "--space", "layers", "--out", "layers").out)
    assert plain["values"].keys() >= {"depth", "width", "taper"}


def test_ctrl_c_writes_the_best_so_far_and_exits_with_130(here, table, chainrule, started):
    process = started("tune", table, *QUICK, "--trials", "100000", "--out", "it")
    assert process.stderr is not None
    for line in process.stderr:
        if "2 of 100000 trials done" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted; the same command continues" in err
    assert re.search(r"the best of \d+ trials", out)
    assert chainrule("predict", "it/best", table).code == 0
    done = int(re.findall(r"(\d+) of 100000 trials done", err + line)[-1])
    going_on = chainrule("tune", table, *QUICK, "--trials", str(done + 1), "--out", "it", "--json")
    assert sum(json.loads(going_on.out)["trials"].values()) == done + 1


def test_a_second_ctrl_c_ends_at_once(here, table, chainrule, monkeypatch):
    def interrupt(*arguments, **others):
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.cli.tune.tune_task", interrupt)
    finished = chainrule("tune", table, *QUICK)
    assert (finished.code, finished.out) == (130, "")
    assert finished.err == "interrupted; the same command continues\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--trials", "0"], ["--trials is 0; ", "at least 1"]),
        (["--trials", "many"], ["--trials", "integer"]),
        (["--target", "knd"], ["no column 'knd'", "did you mean 'kind'"]),
        (["--study", "shared.db"], ["--study shared.db is not a URL", "postgresql://"]),
        (["--study", "sqlite:////nowhere/at/all.db"], ["does not respond"]),
        (["--study", "http://127.0.0.1/studies"], ["http://", "not a known database"]),
        (["--pruning", "asa"], ["--pruning is 'asa'", "did you mean 'asha'?"]),
        (["--set", "epochs=0"], ["epochs is 0"]),
        (["--set", "optimiser=adam"], ["'optimiser'", "did you mean 'optimizer'?"]),
        (["--epochs", "3"], ["--set epochs=…"]),
        (["--task", "tabel"], ["no such task", "did you mean 'table'?"]),
        (["--space", "layer"], ["no space 'layer'", "did you mean 'layers'?"]),
        (["--horizon", "7"], ["--horizon is not for the task table", "--task forecast"]),
        (["--out", "taken"], ["taken exists already"]),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_leaves_nothing(here, table, chainrule, arguments, words):
    (here / "taken").mkdir()
    (here / "taken" / "something").touch()
    before = listing(here)
    finished = chainrule("tune", table, "-t", "kind", *arguments)
    assert finished.code == 2, finished
    assert finished.out == ""
    assert finished.err.startswith("chainrule: ")
    assert finished.err.count("\n") == 1, finished.err
    for word in words:
        assert word in finished.err, finished.err
    assert listing(here) == before


def test_nothing_named_and_optuna_missing(here, table, chainrule, monkeypatch):
    assert "chainrule tune FILE --target" in chainrule("tune").err
    monkeypatch.setitem(sys.modules, "optuna", None)
    finished = chainrule("tune", table, *QUICK)
    assert finished.code == 2
    assert "pip install 'chainrule[tune]'" in finished.err
    assert listing(here) == {table}


def test_the_study_of_another_table_is_refused(here, table, people, chainrule):
    assert chainrule("tune", table, *QUICK, "-n", "1", "--out", "it").code == 0
    people.assign(height=0.5 * people["height"]).to_csv(here / table, index=False)
    finished = chainrule("tune", table, *QUICK, "-n", "2", "--out", "it")
    assert finished.code == 2
    assert "the study in it has other arguments: its table is" in finished.err
    assert finished.err.count("\n") == 1
