"""Every mistake gets one line that names the place and the remedy, exit code 2, and leaves nothing behind."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TRAIN_FILE = ("train", "people.csv", "--target", "kind")


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def refused(here, chainrule):
    """Runs a command line that is to be refused in one line, which it returns."""

    def run(*arguments):
        before = listing(here)
        finished = chainrule(*arguments)
        assert finished.code == 2, finished
        assert finished.out == ""
        assert finished.err.startswith("chainrule: ")
        assert finished.err.endswith("\n")
        assert finished.err.count("\n") == 1, finished.err
        assert listing(here) == before
        return finished.err

    return run


def assert_names(message, *words):
    for word in words:
        assert word in message, message


def test_missing_file(refused, table):
    assert_names(
        refused("train", "peple.csv", "-t", "kind"), "peple.csv", "no such file", "did you mean people.csv?"
    )


def test_empty_file(refused, here):
    (here / "empty.csv").touch()
    assert_names(refused("train", "empty.csv", "-t", "kind"), "empty.csv is empty", "; give a file")


def test_missing_target(refused, table):
    message = refused("train", table, "--target", "knd")
    assert_names(message, "people.csv", "no column 'knd'", "did you mean 'kind'", "; name one")


def test_no_target_named(refused, table):
    assert_names(refused("train", table), "people.csv", "--target", "'height'", "'kind'")


def test_nothing_named(refused):
    assert_names(refused("train"), "nothing to train on", "FILE", "digits")


def test_target_with_one_class(refused, here, people):
    people.assign(kind="tall").to_csv(here / "people.csv", index=False)
    assert_names(refused(*TRAIN_FILE), "people.csv", "'kind'", "one class only", "; add rows")


def test_all_missing_column(refused, here, people):
    people.assign(height=np.nan).to_csv(here / "people.csv", index=False)
    assert_names(refused(*TRAIN_FILE), "people.csv", "'height'", "no values", "; remove it or fill it in")


def test_infinite_values(refused, here, people):
    heights = people["height"].to_numpy().copy()
    heights[[15, 20]] = np.inf
    people.assign(height=heights).to_csv(here / "people.csv", index=False)
    message = refused(*TRAIN_FILE)
    assert_names(message, "people.csv", "'height'", "2 values are infinite", "line 17", "; replace them")


def test_not_utf8(refused, here):
    (here / "people.csv").write_bytes("kind,größe\na,1\n".encode("latin1"))
    assert_names(refused(*TRAIN_FILE), "people.csv is not UTF-8", "; save it as UTF-8")


def test_text_where_numbers_were_expected_at_predict(refused, here, people, run_of_classes):
    heights = people["height"].astype(object)
    heights[3] = "big"
    people.assign(height=heights).to_csv(here / "new.csv", index=False)
    message = refused("predict", run_of_classes, "new.csv")
    assert_names(message, "new.csv", "'height'", "line 5", "'big'", "; write a number")


def test_columns_missing_at_predict(refused, here, people, run_of_classes):
    people[["weight"]].to_csv(here / "new.csv", index=False)
    assert_names(refused("predict", run_of_classes, "new.csv"), "new.csv", "'height'", "'colour'", "; add")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("learning_rat=0.1", ["'learning_rat'", "did you mean 'learning_rate'?"]),
        ("learning_rate=0", ["learning_rate is 0;", "above 0"]),
        ("learning_rate=-0.1", ["learning_rate is -0.1;", "above 0"]),
        ("learning_rate=nan", ["learning_rate is nan;"]),
        ("learning_rate=fast", ["learning_rate is 'fast';"]),
        ("batch_size=0", ["batch_size is 0;", "at least 1"]),
        ("batch_size=2.5", ["batch_size is 2.5;", "whole number"]),
        ("layers=a,b", ["layers", "whole numbers"]),
        ("optimizer=adaam", ["optimizer is 'adaam'", "did you mean 'adam'?"]),
        ("initializer=he", ["initializer is 'he'", "he_normal"]),
        ("test=0.9", ["test", "validation"]),
        ("loss=huber", ["huber", "regression"]),
        ("problem=regression", ["'kind'", "not a number", "classification"]),
        ("target=value", ["--target"]),
        ("epochs", ["--set epochs", "key=value"]),
    ],
)
def test_a_setting_that_does_not_exist_or_fit(refused, table, setting, words):
    assert_names(refused(*TRAIN_FILE, "--set", setting), *words)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--epochs", ["it is a setting: --set epochs=…"]),
        ("--epoch", ["did you mean the setting --set epochs=…?"]),
        ("--targt", ["did you mean '--target'?"]),
        ("--zzz", ["there is no option --zzz; see chainrule train --help"]),
    ],
)
def test_an_option_that_does_not_exist(refused, table, option, words):
    assert_names(refused(*TRAIN_FILE, option, "3"), *words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"learning_rat = 0.1\n", ["run.toml", "'learning_rat'", "did you mean 'learning_rate'?"]),
        (b"batch_size = 0\n", ["run.toml", "batch_size is 0;"]),
        (b"batch_size 1\n", ["run.toml is not TOML", "line 1"]),
        (b"target = 3\n", ["run.toml", "target is 3"]),
        (b"# gr\xf6\xdfe\n", ["run.toml is not UTF-8"]),
    ],
)
def test_a_config_file_that_does_not_fit(refused, table, here, content, words):
    (here / "run.toml").write_bytes(content)
    assert_names(refused(*TRAIN_FILE, "--config", "run.toml"), *words)


def test_the_wrong_place_is_named_when_file_and_option_disagree(refused, table, here):
    (here / "run.toml").write_text("epochs = 1\n")
    assert_names(refused(*TRAIN_FILE, "-c", "run.toml", "-s", "epochs=0"), "--set: epochs is 0;")


def test_a_config_file_that_is_not_there(refused, table, run_of_classes):
    assert_names(refused(*TRAIN_FILE, "-c", "run.toml"), "run.toml: no such file", "--config")
    assert_names(refused("train", "-c", run_of_classes), "is a directory", "config.toml")


def test_an_out_that_is_taken(refused, table, here):
    (here / "it").mkdir()
    (here / "it" / "something").touch()
    assert_names(refused(*TRAIN_FILE, "--out", "it"), "it exists already", "; choose another")
    (here / "other.checkpoint").mkdir()
    assert_names(refused(*TRAIN_FILE, "--out", "other"), "other.checkpoint", "unfinished", "--resume")
    assert_names(refused(*TRAIN_FILE, "--out", "people.csv/run"), "people.csv", "check the path")


def test_a_loss_that_becomes_nan(here, table, chainrule):
    finished = chainrule(*TRAIN_FILE, "--set", "learning_rate=1e30")
    assert finished.code == 2
    assert finished.out == ""
    message = finished.err.splitlines()[-1]
    assert message.startswith("chainrule: ")
    assert_names(message, "step 2", "in layer '", "learning rate", "--set clip=1")
    assert finished.err.count("chainrule:") == 1
    assert listing(here) == {table}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], ["'trian'", "did you mean 'train'?"]),
        (["train", "people.csv", "--targt", "kind"], ["--targt", "did you mean '--target'?"]),
        (["train", "people.csv", "--learning-rate", "1"], ["--set learning_rate=…"]),
        (["train", "people.csv", "--resume"], ["--resume", "--out"]),
        (["predict"], ["RUN", "chainrule predict --help"]),
        (["train", "people.csv", "-t", "kind", "--horizon", "3"], ["--horizon", "--task forecast"]),
        (
            ["train", "people.csv", "-t", "kind", "--task", "forcast"],
            ["--task forcast", "did you mean 'forecast'?"],
        ),
        (["train", "people.csv", "-t", "kind", "-s", "task=forecast"], ["task is not a setting", "--task"]),
        (["predict", "nowhere", "people.csv"], ["nowhere", "the folder of a run"]),
        (["predict", "nowhere", "people.csv", "--out", "a.xlsx"], ["a.xlsx", "a.csv"]),
        (["explain", "xor", "--row", "4"], ["--row is 4", "0 to 3"]),
        (["explain", "xor", "--row", "a"], ["--row", "integer"]),
        (["explain", "xor", "--data", "people.csv"], ["--data"]),
        (["explain", "nowhere"], ["nowhere", "the folder of a run"]),
        (["explain", "nowhere", "--seed", "1"], ["--seed", "xor"]),
        (["show", "people.csv"], ["people.csv", "the folder of a run"]),
        (["report", "nowhere"], ["nowhere", "the folder of a run"]),
        (["--quiet"], ["--quiet", "chainrule --help"]),
    ],
)
def test_a_wrong_command_line(refused, table, arguments, words):
    assert_names(refused(*arguments), *words)


def test_too_little_memory(refused, table):
    message = refused(*TRAIN_FILE, "--set", "layers=1000000,100000000")
    assert_names(message, "not enough memory", "smaller layers")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "No space left on device; make room on that disk"),
        (errno.EDQUOT, "uota exceeded; make room within your quota"),
        (errno.EROFS, "Read-only file system; nothing can be written there"),
        (errno.EACCES, "Permission denied; check the path, its permissions"),
    ],
)
def test_a_file_that_can_not_be_written_is_told_by_the_name_that_was_asked_for(
    refused, table, run_of_classes, monkeypatch, code, words
):
    def fail(handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.fsync", fail)
    message = refused("predict", run_of_classes, table, "--out", "it.csv")
    assert message.startswith("chainrule: it.csv: ")
    assert words in message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the full device is Linux's")
def test_a_full_standard_output_is_told(table, run_of_classes):
    program = "import sys; from chainrule.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "predict", str(run_of_classes), table]
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert finished.returncode == 2
    expected = (
        "chainrule: standard output: No space left on device; make room on that disk, or choose another place"
    )
    assert finished.stderr == f"{expected}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_disk_that_fills_up_while_training_is_told_and_leaves_what_was_saved(here, table):
    """The system lets this process write no file beyond 50,000 bytes: the state fits, the report does not."""
    program = (
        "import resource, sys; from chainrule.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "sys.exit(main())\n"
    )
    settings = ("-s", "epochs=2", "-s", "layers=4", "--out", "it")
    command = [sys.executable, "-c", program, *TRAIN_FILE, *settings]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    assert finished.returncode == 2
    kept, told = finished.stderr.splitlines()[-2:]
    assert kept == "what was learned is kept; continue with it: chainrule train --out it --resume"
    assert told.startswith("chainrule: it: File too large; ")
    assert {path.name for path in here.iterdir()} == {table, "it.checkpoint"}
