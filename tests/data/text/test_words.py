"""Words as numbers: splitting, unknown words, and the stored tokenizer."""

import numpy as np
import pytest

import chainrule.data.text.words as words_module
from chainrule.data.text import Words, learn_words
from chainrule.errors import ConfigError


def spelled(words: Words, text: str) -> list[str]:
    numbers, _ = words.numbers([text])
    return [words.names[number] for number in numbers]


def test_words_are_small_letters_without_tags_and_punctuation_stands_alone():
    words = learn_words(["A good film,<br />GOOD story!", "Äpfel"])
    assert spelled(words, "a Good<br/>story, A\u0308PFEL!") == ["a", "good", "story", ",", "äpfel", "!"]
    assert spelled(words, "a < b") == ["a", "[UNK]", "[UNK]"]


def test_numbers_stand_one_after_the_other_and_unknown_words_are_0():
    words = learn_words(["one two", "two three"])
    numbers, lengths = words.numbers(["two four", "", "three"])
    assert lengths.tolist() == [2, 0, 1]
    assert numbers.dtype == np.int32
    assert numbers.tolist() == [words.names.index("two"), 0, words.names.index("three")]
    assert words.numbers([])[0].tolist() == []


def test_the_most_frequent_words_are_known():
    words = learn_words(["a a a b b c"], most=3)
    assert words.names == ("[UNK]", "a", "b")
    assert len(words) == 3


def test_a_stored_tokenizer_gives_the_same_numbers():
    texts = [f"word{number % 7} and word{number % 11}" for number in range(5000)]
    words = learn_words(texts)
    again = Words(words.stored)
    for one, other in zip(words.numbers(texts), again.numbers(texts), strict=True):
        assert np.array_equal(one, other)


def test_places_are_those_of_the_text_as_written():
    words = learn_words(["a good story"])
    text = "A Good\n story<br>!"
    assert [text[first:end] for first, end in words.places(text)] == ["A", "Good", "story", "!"]


def test_without_the_library_its_name_is_told(monkeypatch):
    monkeypatch.setattr(words_module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"tokenizers, which is not installed.*chainrule\[text\]"):
        learn_words(["a"])
