"""The live table, and the lines where there is no terminal."""

import io

import pytest
from rich.console import Console

from chainrule.tune import (
    StudyEnded,
    StudyOpened,
    StudyProgress,
    Trial,
    TrialEnded,
    TrialEpoch,
    TrialStarted,
    Waiting,
)

VALUES = {"rate": 0.0123456, "kind": "adam", **{f"parameter_{i}": "long" for i in range(9)}}


def trial(number: int, state: str, score: float | None = None, **facts: object) -> Trial:
    return Trial(number, state, score, VALUES, facts, None if state == "running" else 1.0)


def play(progress: StudyProgress) -> None:
    first, second = trial(0, "complete", 0.5, epochs=9), trial(1, "pruned", 0.75, epochs=5)
    progress(StudyOpened((), 4))
    progress(TrialStarted(0, VALUES))
    progress(TrialEpoch(0, 1, 0.9))
    progress(TrialEnded(first, (first,), 4))
    progress(TrialStarted(1, VALUES))
    progress(TrialEnded(second, (first, second), 4))
    broken = trial(2, "pruned", None, epochs=2, ended="the loss became NaN")
    progress(TrialEnded(broken, (first, second, broken), 4))
    elsewhere = (first, second, broken, trial(3, "running"))
    progress(Waiting(elsewhere, 4))
    progress(Waiting(elsewhere, 4))


def test_without_a_terminal_it_prints_a_line_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    progress = StudyProgress()
    play(progress)
    progress(StudyEnded((), 4, interrupted=False))
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert lines[0].startswith(
        "trial 0: 0.5 after 9 epochs, the best so far; 1 of 4 trials done, 0 of them pruned"
    )
    assert lines[1].startswith("trial 1: pruned after 5 epochs at 0.75; 2 of 4 trials done, 1 of them pruned")
    assert lines[2].startswith("trial 2: broke down")
    assert lines[3:] == ["waiting for trial 3, which other processes run"]


def test_on_a_terminal_it_draws_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        "rich.console.Console", lambda **_: Console(file=screen, force_terminal=True, width=80)
    )
    progress = StudyProgress()
    play(progress)
    shown = screen.getvalue()
    for words in (
        "best",
        "pruned",
        "elsewhere",
        "rate=0.0123 kind=adam",
        "epochs",
        "0.75",
        "3 of 4 trials done",
    ):
        assert words in shown, words
    assert " left" in shown
    progress(TrialStarted(4, VALUES))
    progress(TrialEpoch(4, 7, 0.25))
    progress(Waiting((), 4))
    assert "running " in screen.getvalue()
    progress(StudyEnded((), 4, interrupted=True))
    progress.close()
