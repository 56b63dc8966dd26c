"""Characters and byte pairs: every text comes back, and what is unknown is told."""

import json

import numpy as np
import pytest

from chainrule.data.text.pieces import (
    Characters,
    learn_byte_pairs,
    learn_characters,
    learn_symbols,
    pieces_of,
)

TEXT = "To be, or not to be: that is the question. äöü 😀\n" * 20


def test_characters_are_numbered_in_their_order():
    pieces = learn_characters(["ba", "c😀a"])
    assert pieces.known == "abc😀"
    assert pieces.tokens("a😀bz").tolist() == [1, 4, 2, 0]
    assert pieces.text([1, 4, 0]) == "a😀\ufffd"
    assert pieces.unknown("azäa") == "zä"
    assert len(pieces) == 5


def test_symbols_stand_between_spaces():
    pieces = learn_symbols(["HH AH", "L  OW HH"])
    assert pieces.known == ("AH", "HH", "L", "OW")
    assert pieces.tokens("HH L XX OW").tolist() == [2, 3, 0, 4]
    assert pieces.text([2, 0, 4]) == "HH \ufffd OW"
    assert pieces.unknown("XX HH AA") == "AA XX"
    assert len(pieces) == 5
    assert pieces_of(pieces.stored) == pieces


@pytest.mark.parametrize("learn", [learn_characters, lambda parts: learn_byte_pairs(parts, 300)])
def test_every_text_comes_back_also_by_the_stored_tokenizer(learn):
    pieces = learn([TEXT])
    again = pieces_of(pieces.stored)
    assert len(again) == len(pieces)
    for text in (TEXT, "not the\n", "be"):
        tokens = pieces.tokens(text)
        assert tokens.dtype == np.int32
        assert pieces.text(tokens.tolist()) == text
        assert again.tokens(text).tolist() == tokens.tolist()
        assert tokens.max() < len(pieces)


def test_byte_pairs_know_all_texts_and_shorten_the_usual_ones():
    pieces = learn_byte_pairs([TEXT], 320)
    assert len(pieces.tokens(TEXT)) < len(TEXT) / 2
    assert pieces.text(pieces.tokens("Χαῖρε, 世界").tolist()) == "Χαῖρε, 世界"
    assert pieces.unknown("世") == ""


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("[]", "expected"),
        ("{}", "Model missing"),
        (json.dumps({"version": 1}), "invalid type"),
        ("", "char 0"),
    ],
)
def test_other_text_is_no_tokenizer(stored: str, said: str):
    with pytest.raises(ValueError, match=said):
        pieces_of(stored)


def test_characters_of_nothing_know_nothing():
    assert Characters("").unknown("ab") == "ab"
