"""Preparing a text: its tokens in a stream, cut in three parts, as windows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.data.text.pieces import Pieces, learn_byte_pairs, learn_characters
from chainrule.data.text.streams import TokenStream, TokenWindows, stream_of
from chainrule.errors import DataError
from chainrule.tasks.generate.opening import Text
from chainrule.tasks.generate.recipe import MOST_WINDOWS_OF_AN_EPOCH, recipe_for
from chainrule.tasks.generate.settings import CHARACTERS, GenerateSettings
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Planned
from chainrule.training import Recipe

FEW_BYTES = 20_000_000
"""Texts of up to so many bytes are read by characters."""
_LEARNED_FROM = 50_000_000  # characters, from which pieces are learned


@dataclass(frozen=True, eq=False)
class PreparedText:
    """A text as tokens.

    pieces: the tokenizer. stream: all tokens. ends: of the parts for training, validation and test.
    characters: of the whole text. found: sentences on it.
    """

    text: Text
    pieces: Pieces
    stream: TokenStream
    ends: tuple[int, int, int]
    characters: int
    settings: GenerateSettings
    found: tuple[str, ...]

    @property
    def rows(self) -> Mapping[str, np.ndarray]:
        """The windows of each part."""
        return {
            part: np.arange(0 if windows is None else windows.examples)
            for part, windows in (
                ("train", self.training),
                ("validation", self.validation),
                ("test", self.test_of(1 << 62)),
            )
        }

    @cached_property
    def training(self) -> TokenWindows:
        """The windows to train on."""
        return self._windows(0, self.ends[0], MOST_WINDOWS_OF_AN_EPOCH)

    @cached_property
    def validation(self) -> TokenWindows | None:
        """Those to validate; None if there are none."""
        first, last, _ = self.ends
        return self._windows(first, last, MOST_WINDOWS_OF_AN_EPOCH) if last > first else None

    def test_of(self, most: int) -> TokenWindows:
        """Those held out, of at most so many tokens."""
        first, last = self.ends[1:]
        return self._windows(first, min(last, first + most), most)

    def _windows(self, start: int, stop: int, most: int) -> TokenWindows:
        return TokenWindows(self.stream, start, stop, self.settings.context, most)

    def plan(self, settings: GenerateSettings) -> Planned:
        """What training begins with."""
        return Planned(self.recipe(settings), self.training, self.validation, self.found)

    def recipe(self, settings: GenerateSettings) -> Recipe:
        """The recipe of the settings."""
        return recipe_for(settings, len(self.pieces), self.training.examples)


def prepare_text(text: Text, settings: GenerateSettings) -> PreparedText:
    """Learn the tokens of a text, and cut it. Raises DataError for a text that is too short, or not UTF-8."""
    kind = settings.tokens
    if kind == AUTO:
        kind = CHARACTERS if text.size <= FEW_BYTES else "pieces"
    if kind == CHARACTERS:
        pieces: Pieces = learn_characters(text.parts())
    else:
        pieces = learn_byte_pairs(_first(text.parts(), _LEARNED_FROM), settings.vocabulary)
    characters = 0

    def encoded() -> Iterator[np.ndarray]:
        nonlocal characters
        for part in text.parts():
            characters += len(part)
            yield pieces.tokens(part)

    stream = stream_of(encoded(), len(pieces))
    length = len(stream)
    held_out = int(length * (1 - settings.test))
    validated = int(length * (1 - settings.test - settings.validation))
    for part, size in (("test", length - held_out), ("train", validated)):
        if size < 2 * settings.context + 2:
            raise DataError(
                f"{text.source} has {length:,} tokens, {size:,} of them in the part {part!r}, too few for "
                f"windows of {settings.context:,}",
                remedy="give a longer text, or a shorter {context}",
                settings={"context": max(1, size // 8)},
            )
    what = "characters" if kind == CHARACTERS else "pieces of words"
    said = (
        f"{characters:,} characters as {length:,} tokens of {len(pieces):,} {what}: {validated:,} to train "
        f"on, {held_out - validated:,} to validate, {length - held_out:,} held out, from the end"
    )
    ends = (validated, held_out, length)
    return PreparedText(text, pieces, stream, ends, characters, settings, (said,))


def _first(parts: Iterable[str], most: int) -> Iterator[str]:
    """The parts up to so many characters."""
    read = 0
    for part in parts:
        yield part
        read += len(part)
        if read >= most:
            return
