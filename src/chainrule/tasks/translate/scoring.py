"""How good translations are: BLEU and chrF by sacrebleu, and the symbols that are wrong by rapidfuzz."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import cast

from chainrule.errors import ConfigError

_LIBRARIES = ("sacrebleu", "rapidfuzz")


def check_libraries() -> None:
    """Raises ConfigError if a library is missing that measures translations."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"translations are measured by {missing[0]}, which is not installed",
            remedy="pip install 'chainrule[text]'",
        )


def translation_metrics(found: Sequence[str], wanted: Sequence[Sequence[str]]) -> dict[str, float]:
    """BLEU (Papineni et al. 2002) and chrF (Popović 2015) of all texts together, each from 0 to 100.

    wanted: the right translations of each text, one or more.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    references = _streams(wanted)
    return {
        "bleu": float(BLEU().corpus_score(list(found), references).score),
        "chrf": float(CHRF().corpus_score(list(found), references).score),
    }


def signature(found: Sequence[str], wanted: Sequence[Sequence[str]]) -> str:
    """How sacrebleu computed BLEU, to be quoted with it."""
    from sacrebleu.metrics.bleu import BLEU

    measure = BLEU()
    measure.corpus_score(list(found), _streams(wanted))
    return str(measure.get_signature())


def symbol_metrics(
    found: Sequence[Sequence[str]], wanted: Sequence[Sequence[Sequence[str]]]
) -> dict[str, float]:
    """The share of texts that are not wholly right, and of wrong symbols.

    found: the symbols of each text. wanted: of each right translation of each text; the nearest one counts.
    Wrong symbols: the fewest changes, insertions and deletions (Levenshtein), by the symbols of the right
    ones. The first is the word error rate of pronunciation, the second the phoneme error rate.
    """
    from rapidfuzz.distance import Levenshtein

    changes = symbols = wrong = 0
    for own, several in zip(found, wanted, strict=True):
        each = [(Levenshtein.distance(own, right), len(right)) for right in several]
        fewest, length = min(each)
        changes, symbols, wrong = changes + fewest, symbols + length, wrong + (fewest > 0)
    return {"wrong_texts": wrong / len(found), "symbol_error_rate": changes / max(symbols, 1)}


def distances(found: Sequence[str], wanted: Sequence[Sequence[str]]) -> list[float]:
    """How far each translation is from the nearest right one, by chrF: 0 to 100."""
    from sacrebleu.metrics.chrf import CHRF

    measure = CHRF()
    return [
        100.0 - float(measure.sentence_score(own, list(several)).score)
        for own, several in zip(found, wanted, strict=True)
    ]


def _streams(wanted: Sequence[Sequence[str]]) -> list[list[str]]:
    """As sacrebleu takes them: the first of each text, the second, …; None where there are no more."""
    most = max(len(several) for several in wanted)
    streams = [[several[n] if n < len(several) else None for several in wanted] for n in range(most)]
    return cast("list[list[str]]", streams)  # sacrebleu's annotation leaves None out
