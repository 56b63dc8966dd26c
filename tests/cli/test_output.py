import io
import json

import numpy as np

from chainrule.cli.output import narrate, print_json


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_sentences_broken_between_words(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        monkeypatch.setattr("sys.stderr", stream)
        narrate("Columns 'one-two', 'three' and 'four' are left out.")
    assert terminal.getvalue().splitlines() == [
        "Columns 'one-two',",
        "  'three' and 'four'",
        "  are left out.",
    ]
    assert file.getvalue() == "Columns 'one-two', 'three' and 'four' are left out.\n"


def test_json_has_no_infinities_and_none_of_numpy(capsys):
    content = {
        "a": np.float32(0.5),
        "b": [float("nan"), -np.inf],
        "c": np.arange(2),
        "d": np.True_,
        "é": None,
    }
    print_json(content)
    assert json.loads(capsys.readouterr().out) == {
        "a": 0.5, "b": [None, None], "c": [0, 1], "d": True, "é": None
    }  # fmt: skip
