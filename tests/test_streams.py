"""Streams that are missing, closed, or of someone's own making."""

import io
import sys

import pytest

from chainrule.streams import can_write, error_console, is_terminal, standard_streams


class Bare:
    """As some editors have it: it takes text, and knows nothing else."""

    def write(self, text: str) -> int:
        return len(text)


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [None, closed(), Bare()], ids=["missing", "closed", "bare"])
def test_what_is_no_whole_stream_is_no_terminal_and_gets_nothing(stream, monkeypatch: pytest.MonkeyPatch):
    assert not is_terminal(stream)
    assert not can_write(stream)
    monkeypatch.setattr(sys, "stderr", stream)
    error_console().print("nobody hears it")


def test_a_stream_gets_what_is_printed(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    error_console().print("heard")
    assert can_write(stream)
    assert stream.getvalue() == "heard\n"


@pytest.mark.parametrize("stream", [None, closed()], ids=["missing", "closed"])
def test_within_the_context_all_three_are_there(stream, monkeypatch: pytest.MonkeyPatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, stream)
    with standard_streams():
        print("nowhere")
        print("nowhere", file=sys.stderr)
        assert sys.stdin.read() == ""
    assert sys.stdin is sys.stdout is sys.stderr is stream


def test_streams_that_are_there_stay(capsys: pytest.CaptureFixture[str]):
    before = sys.stdout, sys.stderr
    with standard_streams():
        assert (sys.stdout, sys.stderr) == before
        print("here")
    assert capsys.readouterr().out == "here\n"
