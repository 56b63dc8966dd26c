"""Texts as tokens and back: characters, symbols between spaces, or frequent pieces of words (byte pairs)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from chainrule.data.text.words import library

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN_CHARACTER = "\ufffd"
"""Token 0 of characters, for all that training did not have."""


class Pieces(Protocol):
    """A tokenizer whose tokens give the text back. stored: it as JSON, for `pieces_of`."""

    @property
    def stored(self) -> str: ...

    def __len__(self) -> int:
        """How many different tokens there are."""
        ...

    def tokens(self, text: str) -> np.ndarray:
        """(tokens,) int32."""
        ...

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens; bytes that are no whole character are shown as the replacement character."""
        ...

    def unknown(self, text: str) -> str:
        """The different characters of a text for which there is no token."""
        ...


@dataclass(frozen=True)
class Characters:
    """A token for each character. known: the characters with the tokens 1, 2, …, ascending."""

    known: str

    @property
    def stored(self) -> str:
        """As JSON."""
        return json.dumps({"characters": self.known})

    @cached_property
    def _codes(self) -> np.ndarray:
        return _code_points(self.known)

    def __len__(self) -> int:
        return len(self.known) + 1

    def tokens(self, text: str) -> np.ndarray:
        """(characters,) int32; 0 for unknown ones."""
        codes = _code_points(text)
        places = np.searchsorted(self._codes, codes)
        found = self._codes[np.minimum(places, len(self._codes) - 1)] == codes
        return np.where(found, places + 1, 0).astype(np.int32)

    def text(self, tokens: Sequence[int]) -> str:
        """The characters."""
        every = UNKNOWN_CHARACTER + self.known
        return "".join(every[token] for token in tokens)

    def unknown(self, text: str) -> str:
        """The characters without a token."""
        return "".join(sorted(set(text) - set(self.known)))


@dataclass(frozen=True)
class Symbols:
    """A token for each symbol of texts in which spaces stand between symbols, such as phonemes.

    known: the symbols with the tokens 1, 2, …, ascending.
    """

    known: tuple[str, ...]

    @property
    def stored(self) -> str:
        """As JSON."""
        return json.dumps({"symbols": list(self.known)})

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {symbol: number for number, symbol in enumerate(self.known, 1)}

    def __len__(self) -> int:
        return len(self.known) + 1

    def tokens(self, text: str) -> np.ndarray:
        """(symbols,) int32; 0 for unknown ones."""
        return np.array([self._numbers.get(each, 0) for each in text.split()], np.int32)

    def text(self, tokens: Sequence[int]) -> str:
        """The symbols, with a space between each two."""
        every = (UNKNOWN_CHARACTER, *self.known)
        return " ".join(every[token] for token in tokens)

    def unknown(self, text: str) -> str:
        """The symbols without a token."""
        return " ".join(sorted(set(text.split()) - set(self.known)))


@dataclass(frozen=True, eq=False)
class BytePairs:
    """Pieces of words by byte-level byte-pair encoding (Sennrich et al. 2016); every text has tokens."""

    stored: str

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        return library().Tokenizer.from_str(self.stored)

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def tokens(self, text: str) -> np.ndarray:
        """(tokens,) int32."""
        return np.array(self._tokenizer.encode(text).ids, np.int32)

    def text(self, tokens: Sequence[int]) -> str:
        """The text of the bytes."""
        return str(self._tokenizer.decode([int(token) for token in tokens], skip_special_tokens=False))

    def unknown(self, text: str) -> str:
        """None: every byte has a token."""
        return ""


def learn_characters(parts: Iterable[str]) -> Characters:
    """The characters of a text that comes in parts."""
    found: set[str] = set()
    for part in parts:
        found.update(part)
    return Characters("".join(sorted(found)))


def learn_symbols(parts: Iterable[str]) -> Symbols:
    """The symbols of texts."""
    return Symbols(tuple(sorted({symbol for part in parts for symbol in part.split()})))


def learn_byte_pairs(parts: Iterable[str], size: int) -> BytePairs:
    """The pieces of a text that comes in parts. size: how many, at least the 256 bytes.

    Raises ConfigError if the library `tokenizers` is not installed.
    """
    tools = library()
    made = tools.Tokenizer(tools.models.BPE())
    made.pre_tokenizer = tools.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tools.decoders.ByteLevel()
    alphabet = tools.pre_tokenizers.ByteLevel.alphabet()
    trainer = tools.trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(parts, trainer)
    return BytePairs(made.to_str())


def pieces_of(stored: str) -> Pieces:
    """The tokenizer that was stored. Raises ValueError for other text."""
    plain = json.loads(stored)
    if isinstance(plain, dict) and "characters" in plain:
        return Characters(str(plain["characters"]))
    if isinstance(plain, dict) and "symbols" in plain:
        return Symbols(tuple(map(str, plain["symbols"])))
    pieces = BytePairs(stored)
    try:
        len(pieces)
    except Exception as error:  # the library raises nothing more special
        raise ValueError(str(error)) from error
    return pieces


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
