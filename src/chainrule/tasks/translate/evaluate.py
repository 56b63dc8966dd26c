"""The evaluation of a translator on the held-out texts, beside the translations of similar texts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.tasks.trainer import training_facts
from chainrule.tasks.translate.attending import attended
from chainrule.tasks.translate.prepare import PreparedPairs
from chainrule.tasks.translate.scoring import distances, signature, symbol_metrics, translation_metrics
from chainrule.tasks.translate.settings import TranslateSettings
from chainrule.tasks.translate.writing import Writer
from chainrule.training import Run

SAMPLES, WORST, PICTURES = 12, 12, 3
_LONGEST_PICTURE = 30  # tokens of either side
_AT_ONCE = 1000  # texts whose nearest are looked up together


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline."""
    return "the translation of the most similar text"


def evaluate(run: Run, prepared: PreparedPairs, settings: TranslateSettings) -> dict[str, Any]:
    """The evaluation on the held-out texts, with some of their translations."""
    texts, right = prepared.held_out()
    tokens = prepared.tokens
    writer = Writer(run)
    written = writer.translated(
        [tokens.of_source(text) for text in texts], settings.beams, settings.length_penalty
    )
    found = [tokens.text(each) for each in written]
    by_symbols = tokens.by_symbols
    evaluation: dict[str, Any] = {
        "problem": "pronunciation" if by_symbols else "translation",
        "metrics": metrics_of(found, right, by_symbols=by_symbols),
        "baseline": metrics_of(nearest_translations(prepared, texts), right, by_symbols=by_symbols),
        "target": prepared.pairs.target,
        "samples": [
            [*each] for each in zip(texts[:SAMPLES], found, (each[0] for each in right), strict=False)
        ],
        "worst": _worst(texts, found, right),
        "attention": [],
        "rows": {part: len(each) for part, each in prepared.rows.items()},
        **training_facts(run),
    }
    if not by_symbols:
        evaluation["signature"] = signature(found, right)
    for text, own in zip(texts, written, strict=True):
        source = tokens.of_source(text)
        if 3 < len(source) <= _LONGEST_PICTURE and 3 < len(own) <= _LONGEST_PICTURE:
            evaluation["attention"].append(_picture(run, prepared, source, own))
        if len(evaluation["attention"]) == PICTURES:
            break
    return evaluation


def metrics_of(found: Sequence[str], right: Sequence[Sequence[str]], *, by_symbols: bool) -> dict[str, float]:
    """Of translations, by the right ones of each text: error rates of symbols, or BLEU and chrF."""
    if not by_symbols:
        return translation_metrics(found, right)
    return symbol_metrics([each.split() for each in found], [[one.split() for one in each] for each in right])


def nearest_translations(prepared: PreparedPairs, texts: Sequence[str]) -> list[str]:
    """For each text, the translation of the training text that has most in common with it.

    By the cosine of their counts of up to three characters in a row, rare ones weighted more (TF-IDF).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    train = prepared.rows["train"]
    counting = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))
    known = counting.fit_transform([prepared.texts[row] for row in train])
    found: list[str] = []
    for first in range(0, len(texts), _AT_ONCE):
        alike = counting.transform(texts[first : first + _AT_ONCE]) @ known.T
        nearest = np.asarray(alike.argmax(axis=1)).ravel()
        found += [prepared.translations[train[place]] for place in nearest]
    return found


def _worst(texts: Sequence[str], found: Sequence[str], right: Sequence[Sequence[str]]) -> list[list[str]]:
    """The translations that are farthest from the right ones."""
    order = np.argsort([-each for each in distances(found, right)], kind="stable")[:WORST]
    return _shown(texts, found, right, order.tolist())


def _shown(
    texts: Sequence[str], found: Sequence[str], right: Sequence[Sequence[str]], places: Iterable[int]
) -> list[list[str]]:
    return [[texts[place], found[place], right[place][0]] for place in places]


def _picture(run: Run, prepared: PreparedPairs, source: np.ndarray, written: Sequence[int]) -> dict[str, Any]:
    tokens = prepared.tokens
    shares = attended(run, source, written)
    return {
        "source": [tokens.source_text([token]) for token in source.tolist()],
        "target": [*(tokens.text([token]) for token in written), "(end)"],
        "shares": np.round(shares, 3).tolist(),
    }
