"""Preparing pairs: left out what is empty or too long, split by their texts, as tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data import Arrays, Ragged, split_indices
from chainrule.data.ragged import few_lengths
from chainrule.data.text.pieces import Pieces, Symbols, learn_byte_pairs, learn_characters, learn_symbols
from chainrule.data.wording import counted, places
from chainrule.errors import DataError
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Planned
from chainrule.tasks.translate.network import BEGIN, END, FIRST
from chainrule.tasks.translate.opening import Pairs
from chainrule.tasks.translate.recipe import recipe_for
from chainrule.tasks.translate.scoring import check_libraries
from chainrule.tasks.translate.settings import CHARACTERS, PIECES, SYMBOLS, TranslateSettings
from chainrule.training import Recipe

if TYPE_CHECKING:
    import pandas as pd

MOST_SYMBOLS = 256
_WORDS = 1.1  # words of a text, at most, if texts are single words


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokenizers of both sides, and their numbers in the network.

    shared: one tokenizer for both; else tokens of targets come after those of sources.
    """

    source: Pieces
    target: Pieces
    shared: bool

    @property
    def vocabulary(self) -> int:
        """How many tokens the network has."""
        return self._target_from + len(self.target)

    @property
    def _target_from(self) -> int:
        return FIRST if self.shared else FIRST + len(self.source)

    def of_source(self, text: str) -> np.ndarray:
        """The tokens of a text to translate, with an end."""
        return np.concatenate([self.source.tokens(text) + FIRST, [END]]).astype(np.int32)

    def of_target(self, text: str) -> np.ndarray:
        """The tokens of a translation, with a beginning and an end."""
        own = self.target.tokens(text) + self._target_from
        return np.concatenate([[BEGIN], own, [END]]).astype(np.int32)

    @property
    def by_symbols(self) -> bool:
        """Whether translations are symbols between spaces, such as phonemes."""
        return isinstance(self.target, Symbols)

    def source_text(self, tokens: Sequence[int]) -> str:
        """The text of tokens of a source; its end is '(end)'."""
        own = [token - FIRST for token in tokens if token >= FIRST]
        return self.source.text(own) if own else "(end)"

    def text(self, tokens: Sequence[int]) -> str:
        """The translation of tokens between beginning and end; those of sources are left out."""
        first = self._target_from
        return self.target.text([token - first for token in tokens if token >= first])


@dataclass(frozen=True, eq=False)
class PreparedPairs:
    """Pairs in three parts, no text in two of them.

    texts, translations: of all pairs. sources, targets: their tokens. rows: part -> pairs. found: sentences.
    """

    pairs: Pairs
    tokens: Tokens
    texts: list[str]
    translations: list[str]
    sources: Ragged
    targets: Ragged
    rows: Mapping[str, np.ndarray]
    found: tuple[str, ...]

    @cached_property
    def training(self) -> Arrays:
        """The pairs to train on."""
        return self.arrays("train")

    @cached_property
    def validation(self) -> Arrays | None:
        """Those to validate; None if there are none."""
        return self.arrays("validation") if len(self.rows["validation"]) else None

    def arrays(self, part: str) -> Arrays:
        """The pairs of a part as the network takes them."""
        rows = self.rows[part]
        return Arrays.of({"source": self.sources[rows], "target": self.targets[rows]})

    def held_out(self) -> tuple[list[str], list[list[str]]]:
        """The held-out texts, each once, and all translations of each."""
        wanted: dict[str, list[str]] = {}
        for row in self.rows["test"].tolist():
            wanted.setdefault(self.texts[row], []).append(self.translations[row])
        return list(wanted), list(wanted.values())

    def plan(self, settings: TranslateSettings) -> Planned:
        """What training begins with."""
        return Planned(self.recipe(settings), self.training, self.validation, self.found)

    def recipe(self, settings: TranslateSettings) -> Recipe:
        """The recipe of the settings."""
        return recipe_for(settings, self.tokens.vocabulary, len(self.rows["train"]))


def prepare_pairs(pairs: Pairs, settings: TranslateSettings) -> PreparedPairs:
    """Leave out pairs that can't be learned from, split the others, and learn their tokens.

    Tokens are learned from the training pairs only. Raises DataError and ConfigError.
    """
    check_libraries()
    frame = pairs.table.frame[[pairs.column, pairs.target]]
    texts, translations = (frame[name].fillna("").astype(str).str.strip() for name in frame.columns)
    blank = ((texts == "") | (translations == "")).to_numpy()
    again = (texts + "\0" + translations).duplicated().to_numpy() & ~blank
    kept = np.flatnonzero(~(blank | again))
    said = [
        *_left_out(frame, blank, "with an empty side"),
        *_left_out(frame, again, "repeating an earlier one"),
    ]
    if len(kept) < 10:
        raise DataError(f"{pairs.source} has {counted(len(kept), 'pair')}", remedy="give at least 10")
    sources, targets = texts.iloc[kept].tolist(), translations.iloc[kept].tolist()
    rows = _split(sources, settings)
    tokens = _learned(
        [sources[row] for row in rows["train"]], [targets[row] for row in rows["train"]], settings
    )
    of_sources, of_targets = (
        [tokens.of_source(text) for text in sources],
        [tokens.of_target(text) for text in targets],
    )
    longest = np.array([max(len(s) - 1, len(t) - 2) for s, t in zip(of_sources, of_targets, strict=True)])
    long = longest > settings.longest
    # Long ones stay held out, so that they count in the evaluation.
    long[rows["test"]] = False
    said += _left_out(frame.iloc[kept], long, f"with more than {settings.longest:,} tokens")
    rows = {part: each[~long[each]] for part, each in rows.items()}
    train, validation, test = (len(rows[part]) for part in ("train", "validation", "test"))
    said.append(
        f"{pairs.column!r} to {pairs.target!r}: {train:,} pairs to train on, {validation:,} to validate, "
        f"{test:,} held out; {tokens.vocabulary:,} tokens"
    )
    return PreparedPairs(
        pairs, tokens, sources, targets, _ragged(of_sources), _ragged(of_targets), rows, tuple(said)
    )


def _ragged(sequences: list[np.ndarray]) -> Ragged:
    lengths = np.array([len(each) for each in sequences], np.int64)
    return Ragged(np.concatenate(sequences), lengths, few_lengths(lengths))


def _split(texts: list[str], settings: TranslateSettings) -> dict[str, np.ndarray]:
    """The pairs of each part; all pairs of a text are in the same."""
    numbers: dict[str, int] = {}
    group = np.array([numbers.setdefault(text, len(numbers)) for text in texts])
    rest, test = split_indices(len(numbers), settings.test, settings.seed)
    validation = np.zeros(0, np.int64)
    if settings.validation:
        share = settings.validation / (1 - settings.test)
        kept, taken = split_indices(len(rest), share, settings.seed)
        rest, validation = rest[kept], rest[taken]
    parts = {"train": rest, "validation": validation, "test": test}
    return {part: np.flatnonzero(np.isin(group, chosen)) for part, chosen in parts.items()}


def _learned(texts: list[str], translations: list[str], settings: TranslateSettings) -> Tokens:
    kind, target_kind = settings.tokens, settings.target_tokens
    if kind == AUTO:
        words = np.mean([len(text.split()) for text in texts])
        kind = CHARACTERS if words <= _WORDS else PIECES
    if target_kind == AUTO:
        symbols = {symbol for text in translations for symbol in text.split()}
        target_kind = SYMBOLS if len(symbols) <= MOST_SYMBOLS else kind
    if kind == target_kind == PIECES:
        pieces = learn_byte_pairs([*texts, *translations], settings.vocabulary)
        return Tokens(pieces, pieces, shared=True)
    learn = {
        PIECES: lambda parts: learn_byte_pairs(parts, settings.vocabulary),
        CHARACTERS: learn_characters,
        SYMBOLS: learn_symbols,
    }
    return Tokens(learn[kind](texts), learn[target_kind](translations), shared=False)


def _left_out(frame: "pd.DataFrame", which: np.ndarray, what: str) -> list[str]:
    count = int(which.sum())
    if not count:
        return []
    where = places(frame, np.flatnonzero(which).tolist(), 3)
    return [f"Left out: {counted(count, 'pair')} {what} ({where})."]
