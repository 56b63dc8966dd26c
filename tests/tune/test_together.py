"""Several processes on one study: they share the trials, and what a killed one leaves is done again."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest

from chainrule.tune import Attempt, Float, Space, StudyEvent, Waiting, search, storage

# Works on a study; kills itself in the middle of the trial that the last argument counts to.
WORKER = """
import os, signal, sys, time
from chainrule.tune import Float, Space, search, storage

storage.HEARTBEAT_SECONDS, storage.GRACE_SECONDS = 1, 2
where, name, log, wanted, dies_in = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
begun = 0

def objective(attempt):
    global begun
    begun += 1
    with open(log, "a") as file:
        file.write(f"{attempt.number} {os.getpid()}\\n")
    if begun == dies_in:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return attempt["x"] ** 2

found = search(objective, Space({"x": Float(-1, 1)}), wanted, study=where, name=name)
print(sum(each.state == "complete" for each in found.trials))
"""
SPACE = Space({"x": Float(-1, 1)})
POSTGRESQL = "CHAINRULE_TEST_POSTGRESQL"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """(URL, name) of a study that is not there yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'study.db'}", "study"
        return
    url = os.environ.get(POSTGRESQL)
    if url is None:
        pytest.skip(f"{POSTGRESQL} names no database, such as postgresql://user@127.0.0.1/studies")
    name = f"test-{tmp_path.name}-{os.getpid()}-{time.time_ns()}"
    yield url, name
    with storage.open_storage(url) as opened:
        optuna.delete_study(study_name=name, storage=opened.backend)


def work(place: tuple[str, str], log: Path, wanted: int, dies_in: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", WORKER, *place, str(log), str(wanted), str(dies_in)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def states(place: tuple[str, str]) -> Counter[str]:
    with storage.open_storage(place[0]) as opened:
        study = optuna.load_study(study_name=place[1], storage=opened.backend)
        return Counter(trial.state.name for trial in study.get_trials(deepcopy=False))


def test_two_divide_the_trials_and_one_that_is_killed_loses_only_its_running_one(
    place: tuple[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    processes = [work(place, log, 12), work(place, log, 12, dies_in=2), work(place, log, 12)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, -signal.SIGKILL, 0], answers
    assert [out.strip() for out, _ in answers] == ["12", "", "12"]

    lines = [line.split() for line in log.read_text().splitlines()]
    begun = Counter(int(number) for number, _ in lines)
    assert set(begun.values()) == {1}  # no trial was done twice
    assert len(begun) == 13  # 12 that count, and the one that was killed
    by_process = Counter(int(process) for _, process in lines)
    assert by_process[processes[1].pid] == 2
    assert all(by_process[process.pid] > 0 for process in processes)
    found = states(place)
    assert found["COMPLETE"] == 12
    assert found["RUNNING"] == 0


def test_one_killed_before_its_first_heartbeat_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "GRACE_SECONDS", 1)
    url = f"sqlite:///{tmp_path / 'study.db'}"

    def square(attempt: Attempt) -> float:
        return attempt["x"] ** 2

    search(square, SPACE, 1, study=url)
    with storage.open_storage(url) as opened:
        study = optuna.load_study(study_name="study", storage=opened.backend)
        started = datetime.now() - timedelta(seconds=5)
        lost = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING)
        lost.datetime_start = started
        study.add_trial(lost)
    found = search(square, SPACE, 3, study=url)
    assert [each.number for each in found.trials] == [0, 2, 3]


def test_a_process_that_was_not_heard_of_for_too_long_leaves_its_trial_to_others(tmp_path: Path) -> None:
    """Such as a suspended machine: its trial was failed meanwhile, and what it says of it comes too late."""
    url = f"sqlite:///{tmp_path / 'study.db'}"

    def suspended(attempt: Attempt) -> float:
        if attempt.number == 1:
            with storage.open_storage(url) as opened:
                other = optuna.load_study(study_name="study", storage=opened.backend)
                other.tell(attempt.number, state=optuna.trial.TrialState.FAIL)
        return attempt["x"] ** 2

    found = search(suspended, SPACE, 3, study=url)
    assert [each.number for each in found.trials] == [0, 2, 3]
    assert all(each.state == "complete" for each in found.trials)


def test_who_comes_too_late_for_the_last_trial_withdraws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes the last trial between the look at the study and the claim."""
    usual, others = optuna.Study.ask, []

    def ask(study: optuna.Study) -> optuna.Trial:
        if not others:
            others.append((study, usual(study)))
        return usual(study)

    def finish(event: StudyEvent) -> None:
        if isinstance(event, Waiting):
            study, trial = others[0]
            assert [each.number for each in event.trials] == [trial.number]
            study.tell(trial, 0.25)

    monkeypatch.setattr(optuna.Study, "ask", ask)
    tried: list[int] = []
    found = search(lambda attempt: tried.append(attempt.number) or 0.5, SPACE, 1, listeners=[finish])
    assert tried == []
    assert [(each.number, each.score) for each in found.trials] == [(0, 0.25)]
