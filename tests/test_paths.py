"""Names of files as text, and back."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.paths import path_of_text, printable, text_of_path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("data/sales.csv", "data/sales.csv"),
        ("café.csv", "café.csv"),
        (os.fsdecode(b"caf\xe9.csv"), r"caf\udce9.csv"),
        (r"C:\data\new.csv", r"C:\data\new.csv"),
        (r"caf\udce9.csv", r"caf\u005cudce9.csv"),  # the backslash is of the name itself
        (r"\u005c", r"\u005cu005c"),
    ],
)
def test_what_is_no_utf_8_is_escaped(path: str, text: str):
    assert text_of_path(path) == text
    assert path_of_text(text) == path


@given(st.lists(st.sampled_from([*"\\u0dceé59/", "\udce9", "\udc80", "\\udce9", "\\u005c"])).map("".join))
def test_every_path_comes_back(path: str):
    text = text_of_path(path)
    text.encode()
    assert path_of_text(text) == path


def test_only_what_utf_8_can_not_hold_is_escaped():
    assert printable("σ and \udce9") == r"σ and \udce9"
