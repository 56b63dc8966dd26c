"""Words of texts as numbers, by a tokenizer of Hugging Face that is trained on texts and stored as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "[UNK]"
"""The word with the number 0, for all that training did not have."""
MOST_WORDS = 1 << 18
_TEXTS_AT_ONCE = 2048


@dataclass(frozen=True, eq=False)
class Words:
    """A tokenizer that splits texts into words and numbers them.

    Letters become small, tags of HTML are removed, and a word is a run of letters and digits, or of other
    characters.
    stored: the tokenizer as JSON of the library `tokenizers`.
    """

    stored: str

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        return library().Tokenizer.from_str(self.stored)

    def __len__(self) -> int:
        """How many words it knows, with the unknown one."""
        return int(self._tokenizer.get_vocab_size())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The words, by number."""
        known = self._tokenizer.get_vocab()
        return tuple(sorted(known, key=known.__getitem__))

    def numbers(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The words of all texts one after the other, (words,) int32, and how many each has, (texts,) int64.

        Words that training did not have are 0.
        """
        parts, lengths = [np.zeros(0, np.int32)], []
        for first in range(0, len(texts), _TEXTS_AT_ONCE):
            found = self._tokenizer.encode_batch_fast(list(texts[first : first + _TEXTS_AT_ONCE]))
            parts += [np.array(each.ids, np.int32) for each in found]
            lengths += [len(each.ids) for each in found]
        return np.concatenate(parts), np.array(lengths, np.int64)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where each word of a text begins and ends in it."""
        return [(int(first), int(end)) for first, end in self._tokenizer.encode(text).offsets]


def learn_words(texts: Iterable[str], most: int = MOST_WORDS) -> Words:
    """The tokenizer for the words of some texts. most: how many are known, the most frequent first.

    Raises ConfigError if the library `tokenizers` is not installed.
    """
    tools = library()
    made = tools.Tokenizer(tools.models.WordLevel(unk_token=UNKNOWN))
    made.normalizer = tools.normalizers.Sequence(
        [
            tools.normalizers.NFC(),
            tools.normalizers.Lowercase(),
        ]
    )
    made.pre_tokenizer = tools.pre_tokenizers.Sequence(
        [
            tools.pre_tokenizers.Split(tools.Regex(r"<[^<>]{1,200}>"), "removed"),
            tools.pre_tokenizers.Split(tools.Regex(r"\w+|[^\w\s]"), "removed", invert=True),
        ]
    )
    trainer = tools.trainers.WordLevelTrainer(vocab_size=most, special_tokens=[UNKNOWN], show_progress=False)
    made.train_from_iterator(texts, trainer)
    return Words(made.to_str())


def can_split() -> bool:
    """Whether the library `tokenizers` is installed."""
    return find_spec("tokenizers") is not None


def library() -> Any:
    """The library `tokenizers`; raises ConfigError if it is not installed."""
    if not can_split():
        raise ConfigError(
            "texts need the library tokenizers, which is not installed",
            remedy="pip install 'chainrule[text]'",
        )
    import tokenizers

    return tokenizers
