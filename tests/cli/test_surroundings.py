"""What a process may lack or be given: streams, names that are no UTF-8, Ctrl-C in its first moments."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from chainrule.tasks import TASKS

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="it is otherwise there")
SCRIPT = [str(Path(sys.executable).with_name("chainrule"))]
MODULE = [sys.executable, "-m", "chainrule"]
QUICK = ("-t", "kind", "-s", "epochs=2", "-s", "layers=4")
NAME = os.fsdecode(b"caf\xe9")


@posix_only
@pytest.mark.parametrize("closing", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_without_streams_the_run_is_written_and_holds_nothing_else(here, table, chainrule, closing):
    command = " ".join([*MODULE, "train", table, *QUICK, "--out", "it", closing])
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert chainrule("train", table, *QUICK, "--out", "other").code == 0
    names = sorted(path.name for path in Path("other").iterdir())
    assert sorted(path.name for path in Path("it").iterdir()) == names
    assert Path("it/config.toml").read_bytes() == Path("other/config.toml").read_bytes()


@posix_only
def test_without_standard_error_wrong_input_is_told_by_the_exit_code(here):
    command = " ".join([*MODULE, "train", "nothing.csv", *QUICK, "2>&-"])
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 2


@pytest.fixture
def strange(here, table) -> str:
    """A table whose name is no UTF-8."""
    try:
        Path(table).rename(f"{NAME}.csv")
    except OSError:
        pytest.skip("this system has UTF-8 names only")
    return f"{NAME}.csv"


@posix_only
def test_a_file_whose_name_is_no_utf_8_is_trained_on_and_found_again(here, strange, chainrule):
    finished = chainrule("train", strange, *QUICK, "--out", f"{NAME}-run", "--json")
    assert finished.code == 0, finished.err
    assert json.loads(finished.out)["run"] == f"{NAME}-run"
    run = Path(f"{NAME}-run")
    assert 'file = "caf\\\\udce9.csv"' in (run / "config.toml").read_text(encoding="utf-8")
    assert r"caf\udce9" in (run / "report.html").read_text(encoding="utf-8")

    again = chainrule("train", "--config", run / "config.toml", "--out", "again")
    assert again.code == 0, again.err
    assert (run / "config.toml").read_bytes() == Path("again/config.toml").read_bytes()
    for command in (
        ("predict", run, strange, "--out", f"{NAME}-predicted.csv"),
        ("report", run),
        ("explain", run, "--html", f"{NAME}.html"),
    ):
        finished = chainrule(*command)
        assert finished.code == 0, finished.err
    assert Path(f"{NAME}-predicted.csv").is_file()


@posix_only
def test_such_a_run_goes_on_and_such_messages_are_printed(here, strange, chainrule, monkeypatch):
    def end(table, settings, *, checkpoint, listeners, **others):
        from chainrule.training import RunState, Started

        checkpoint.touch()
        listeners[0](Started(1, 1, 1, 1, 1, RunState({}), print, None, print))  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setitem(TASKS, "table", replace(TASKS["table"], train=end))
        assert chainrule("train", strange, *QUICK, "--out", NAME).code == 130
    Path(f"{NAME}.checkpoint/state.safetensors").unlink()
    assert chainrule("train", "--out", NAME, "--resume").code == 0

    done = subprocess.run([*MODULE, "train", f"{NAME}.txt", *QUICK], capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(rb"chainrule: caf\udce9.txt")


@posix_only
@pytest.mark.parametrize("command", [SCRIPT, MODULE], ids=["script", "module"])
@pytest.mark.parametrize(
    "module", ["chainrule.data", "chainrule.cli.help", "pandas", "chainrule.training.loop"]
)
def test_ctrl_c_in_the_first_moments_ends_quietly(here, table, command, module):
    """Sent when a module is imported: early, in the middle, when the table is read."""
    if not Path(command[0]).is_file():
        pytest.skip("the command is not installed beside this Python")
    sends = f"""
import os, signal, sys
class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Sender())
"""
    folder = here / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(sends)
    environment = os.environ | {"PYTHONPATH": str(folder)}
    whole = [*command, "train", table, *QUICK, "--out", "it"]
    done = subprocess.run(whole, capture_output=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (130, b"")
    assert b"Traceback" not in done.stderr
    shutil.rmtree(folder)
    assert [path.name for path in here.iterdir()] == [table]


@posix_only
@pytest.mark.parametrize("function", ["settings_help", "standard_streams"])
def test_ctrl_c_between_the_imports_and_the_command_ends_quietly(here, table, function):
    """Sent when a function is called: while the command line is built, and before it is read."""
    sends = f"""
import os, signal, sys
def send(frame, event, argument):
    if event == "call" and frame.f_code.co_name == {function!r}:
        os.kill(os.getpid(), signal.SIGINT)
sys.setprofile(send)
"""
    (here / "sitecustomize.py").write_text(sends)
    environment = os.environ | {"PYTHONPATH": str(here)}
    whole = [*MODULE, "train", table, *QUICK, "--out", "it"]
    done = subprocess.run(whole, capture_output=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@posix_only
def test_ctrl_c_amid_the_code_of_a_text_ends_by_the_exit_code(here):
    """As within `dataclass`, which runs such code: Python remembers that, and would end by the signal."""
    program = """import sys
import chainrule.cli
def interrupted(arguments):
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return 130
chainrule.cli._run = interrupted
sys.exit(chainrule.cli.command())"""
    (here / "interrupted.py").write_text(program)
    finished = subprocess.run([sys.executable, "-m", "interrupted"], check=False, timeout=60)
    assert finished.returncode == 130


@posix_only
@pytest.mark.parametrize("seconds", [0.6, 1.2])
def test_ctrl_c_a_little_later(here, table, seconds):
    endless = ("-s", "epochs=1000000", "-s", "patience=1000000", "--out", "it")
    process = subprocess.Popen([*MODULE, "train", table, *QUICK, *endless], stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 130, error
    assert "Traceback" not in error
